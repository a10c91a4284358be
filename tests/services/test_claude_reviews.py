"""Reviews and questions through the real SDK: what Claude is sent and what follows from what it says."""

import asyncio
import json
from pathlib import Path

from actors.events import ItemAccepted, ItemClosed, ItemFailed
from actors.journal.people import AnswerGiven
from actors.models.claude import ClaudeModel
from actors.stores.protocol import Store
from actors.vocabulary.review import Questions
from actors.work import Item, Role, RunStatus
from cluster.driving.driver import Driver
from tests.messages_server import MessagesServer, answers, tool_use
from tests.support.fakes import LocalAgent, accepted, open_store
from tests.support.reviews import answer, reviewed
from tests.unit.agents.test_reviewing import driven, judgements

MODEL = "claude-sonnet-5-5"


def prompt(server: MessagesServer, call: int) -> str:
    """What the call's newest message says."""
    return json.dumps(server.calls[call].body["messages"][-1])


async def test_a_result_that_is_sent_back_is_made_again_with_what_the_review_said(
    server: MessagesServer, model: ClaudeModel, tmp_path: Path
) -> None:
    said = ("the sky is grey", answer(passed=False), "the sky is blue", answer(passed=True))
    server.then(*(answers(text) for text in said))

    status, events = await driven(tmp_path, model, reviewed(model=MODEL))

    assert status is RunStatus.COMPLETED
    assert [verdict.judgement.passed for verdict in judgements(events)] == [False, True]
    assert [event.outcome.data.text for event in events if isinstance(event, ItemAccepted)] == ["the sky is blue"]
    assert len(server.calls) == len(said), "each call is paid once"
    schemas = [bool(call.body.get("output_config", {}).get("format")) for call in server.calls]
    assert schemas == [False, True, False, True], "a verdict has a schema of its own"
    assert "the sky is grey" in prompt(server, 1)
    assert "say that it is blue" in prompt(server, 2)


async def test_a_refusal_to_review_is_no_pass(server: MessagesServer, model: ClaudeModel, tmp_path: Path) -> None:
    server.then(answers("the sky is grey"), answers("", stop_reason="refusal", content=[]))

    status, events = await driven(tmp_path, model, reviewed(model=MODEL))

    assert status is RunStatus.COMPLETED_WITH_FAILURES
    assert not [event for event in events if isinstance(event, ItemAccepted)]
    assert [event.item for event in events if isinstance(event, ItemFailed)] == ["a"]


async def told(store: Store, text: str) -> None:
    """Answer the first question."""
    cursor = 0
    while True:
        for event in await store.read("r", cursor, 5.0):
            cursor = event.seq
            if isinstance(event, ItemClosed) and isinstance(event.outcome, Questions):
                await store.append("answer", [AnswerGiven(run="r", target=event.item, epoch=event.epoch, text=text)])
                return


async def test_a_question_is_a_call_whose_result_is_what_a_person_answers(
    server: MessagesServer, model: ClaudeModel, tmp_path: Path
) -> None:
    asked = tool_use("ask_person", {"questions": ["Which colour?"]})
    server.then(answers(content=[asked], stop_reason="tool_use"), answers("It is painted blue."))
    store = open_store(tmp_path)
    agents = {"executor-0": LocalAgent("executor-0", store, model, role=Role.EXECUTOR, home=tmp_path)}
    record = await accepted(store, Item(id="a", description="Paint it.", clarify=True, model=MODEL))

    async with asyncio.TaskGroup() as both:
        driving = both.create_task(Driver(record, store, agents, "d").drive())
        both.create_task(told(store, "blue"))
    await agents["executor-0"].stop()
    await store.close()

    assert driving.result() is RunStatus.COMPLETED
    assert len(server.calls) == 2, "the turn before the question is not paid for again"
    (result,) = server.calls[1].body["messages"][-1]["content"]
    assert (result["type"], result["tool_use_id"]) == ("tool_result", "toolu_1")
    assert "blue" in json.dumps(result["content"])
