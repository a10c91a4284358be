"""The turns of one attempt: what is asked next, what is on disk before it, and where it ends."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from actors.errors import AnswerCutOff, AnswerInvalid, AttemptClosed, ContextTooLong
from actors.events import MemoryRecalled, ToolDone, TurnDone
from actors.journal.turns import Hit
from actors.models.blocks import Text, ToolResult
from actors.models.port import Message, Request, StopReason
from actors.roles.conversation import PAUSES, TURNS, Conversation
from actors.stores.group import GroupStore
from actors.tools.tool import ToolResult as ToolSaid
from actors.tools.toolbox import Toolbox
from tests.support.conversations import THOUGHT, InOrder, Notebook, Playing, calls, says
from tests.support.fakes import accepted, course_of, open_store
from tests.support.talks import ITEM, LONG, hold, rows, task_of


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[GroupStore]:
    made = open_store(tmp_path)
    await accepted(made, ITEM)
    await made.claim("r", "d")
    yield made
    await made.close()


async def test_one_turn_without_tools_costs_no_row(store: GroupStore) -> None:
    model = Playing(says("done"))

    assert await hold(store, model) == says("done")
    assert await rows(store) == []
    assert model.requests[0].tools == ()


async def test_tools_are_run_and_their_results_go_back_with_all_that_was_said(store: GroupStore) -> None:
    model, tools = Playing(calls("one", "bad"), calls(LONG), says("done")), Notebook()

    assert (await hold(store, model, tools)).text == "done"
    assert tools.notes == [("r/a/1/1", "one"), ("r/a/1/2", "bad"), ("r/a/2/1", LONG)]
    assert [tool.name for tool in model.requests[0].tools] == ["note"]
    first, said, results, *_ = model.requests[-1].messages
    assert first.text == "Do a."
    assert said.blocks == calls("one", "bad").blocks
    assert said.blocks[0] == THOUGHT
    assert results.blocks == (
        ToolResult(id="t0", text="noted one"),
        ToolResult(id="t1", text="noted bad", is_error=True),
    )
    told = [(event.type, event.turn) for event in await rows(store) if isinstance(event, TurnDone | ToolDone)]
    assert told == [("turn_done", 1), ("tool_done", 1), ("tool_done", 1), ("turn_done", 2), ("tool_done", 2)]


async def test_what_a_tool_recalled_is_on_disk_with_its_result_by_id_and_score(store: GroupStore) -> None:
    hits = (Hit(memory="0" * 16, score=0.9),)

    class Remembering(Notebook):
        async def call(self, name: str, arguments: Any, key: str) -> ToolSaid:
            return (await super().call(name, arguments, key))._replace(recalled=hits if arguments["text"] else None)

    await hold(store, Playing(calls("tea", ""), says("done")), Remembering())
    told = [event for event in await store.read("r", 0, 0) if isinstance(event, ToolDone | MemoryRecalled)]
    assert [event.type for event in told] == ["memory_recalled", "tool_done", "tool_done"]
    assert isinstance(told[0], MemoryRecalled)
    assert (told[0].into, told[0].found) == ("tool", hits)
    assert "noted" not in told[0].model_dump_json()


async def test_a_turn_tells_what_it_used(store: GroupStore) -> None:
    await hold(store, Playing(calls("one"), calls("two"), says("done")), Notebook())

    turns = [event for event in await rows(store) if isinstance(event, TurnDone)]
    assert [(turn.usage.input_tokens, turn.effort.calls) for turn in turns] == [(100, 1), (100, 1)]
    assert turns[0].cost_usd == pytest.approx(100 * 0.1e-6 + 10 * 0.5e-6)


class Died(BaseException):
    """The process ended here."""


def dying_at(key: str) -> Notebook:
    def before(found: str) -> None:
        if found == key:
            raise Died

    return Notebook(before)


async def test_another_attempt_goes_on_where_the_one_before_ended(store: GroupStore) -> None:
    answers = (calls("one", "two", LONG), calls("three"), says("done"))
    model = Playing(*answers)
    first = dying_at("r/a/1/2")
    with pytest.raises(Died):
        await hold(store, model, first)
    second = Notebook()

    assert (await hold(store, model, second, await task_of(store, 2))).text == "done"
    assert first.notes == [("r/a/1/1", "one")]
    assert second.notes == [("r/a/1/2", "two"), ("r/a/1/3", LONG), ("r/a/2/1", "three")]
    assert len(model.requests) == 3, "no answer was paid for twice"
    whole = Playing(*answers)
    other = await task_of(store, 3)
    await hold(store, whole, Notebook(), other.model_copy(update={"turns": ()}))
    assert whole.requests[-1] == model.requests[-1], "as if nothing had happened"


async def test_the_turns_of_a_closed_attempt_are_refused(store: GroupStore) -> None:
    old, tools = await task_of(store), Notebook()
    await task_of(store, 2)

    with pytest.raises(AttemptClosed):
        await hold(store, Playing(calls("one")), tools, old)
    assert (tools.notes, await rows(store)) == ([], [])


async def test_a_pause_is_sent_back_unchanged_until_it_ends(store: GroupStore) -> None:
    model = Playing(says("It begins", StopReason.PAUSE), says(" and goes on", StopReason.PAUSE), says(" to its end."))

    assert (await hold(store, model)).text == "It begins and goes on to its end."
    assert [message.role for message in model.requests[-1].messages] == ["user", "assistant", "assistant"]
    assert model.requests[-1].messages[1].blocks == (Text(text="It begins"),)


async def test_pauses_end(store: GroupStore) -> None:
    model = Playing(says("and", StopReason.PAUSE))

    with pytest.raises(AnswerCutOff, match="paused 9 times"):
        await hold(store, model)
    assert len(model.requests) == PAUSES + 1


async def test_turns_end(store: GroupStore) -> None:
    model = Playing(calls("more"))

    with pytest.raises(AnswerCutOff, match="did not come to its end within 50 turns"):
        await hold(store, model, Notebook())
    assert len(model.requests) == TURNS


async def test_an_answer_that_was_cut_off_gets_a_higher_limit_once(store: GroupStore) -> None:
    cut = AnswerCutOff("reached max_tokens")
    model = InOrder(cut, says("done"))

    assert (await hold(store, model)).text == "done"
    assert [request.max_tokens for request in model.requests] == [1000, 4000]
    assert model.requests[0].messages == model.requests[1].messages

    again, task = InOrder(cut), await task_of(store, 2)
    with pytest.raises(AnswerCutOff):
        await hold(store, again, task=task)
    assert [request.max_tokens for request in again.requests] == [4000], "also by another attempt"


async def test_a_limit_of_the_model_itself_is_the_end(store: GroupStore) -> None:
    cut = AnswerCutOff("the model writes no more")
    cut.raisable = False
    model = InOrder(cut)

    with pytest.raises(AnswerCutOff):
        await hold(store, model)
    assert len(model.requests) == 1


async def test_a_limit_that_cannot_be_raised_is_the_end(store: GroupStore) -> None:
    model = InOrder(AnswerCutOff("reached max_tokens"))
    course = course_of(await task_of(store), store)
    request = Request(model="m", messages=(Message(role="user", text="x"),), max_tokens=64_000)

    async with course.deadline:
        with pytest.raises(AnswerCutOff):
            await Conversation(model, course, Toolbox(), {}).hold(request)


async def test_an_invalid_answer_is_asked_again_by_the_next_attempt_with_the_mistakes(store: GroupStore) -> None:
    wrong = AnswerInvalid("$.text: 5 is no string")
    wrong.blocks = (Text(text='{"text": 5}'),)
    with pytest.raises(AnswerInvalid):
        await hold(store, InOrder(wrong))
    model, task = InOrder(wrong), await task_of(store, 2, attempt=2)
    with pytest.raises(AnswerInvalid):
        await hold(store, model, task=task)

    _, said, told = model.requests[0].messages
    assert said == Message(role="assistant", blocks=wrong.blocks)
    assert "$.text: 5 is no string" in told.said
    assert len(await rows(store)) == 2
    last = InOrder(wrong)
    with pytest.raises(AnswerInvalid):
        await hold(store, last, task=await task_of(store, 3, attempt=3))
    assert len(last.requests[0].messages) == 5
    assert len(await rows(store)) == 2, "nobody asks after the last"


async def test_an_answer_of_nothing_is_complained_of_alone(store: GroupStore) -> None:
    with pytest.raises(AnswerInvalid):
        await hold(store, InOrder(AnswerInvalid("it is empty")))
    model = InOrder(says("done"))

    await hold(store, model, task=await task_of(store, 2, attempt=2))

    assert [message.role for message in model.requests[0].messages] == ["user", "user"]


async def test_a_context_that_is_too_long_is_shortened_once(store: GroupStore) -> None:
    too_long = ContextTooLong("208310 tokens")
    model = InOrder(calls("a" + LONG), too_long, says("done"))

    assert (await hold(store, model, Notebook())).text == "done"
    before, after = (request.messages[-1].blocks[0] for request in model.requests[1:])
    assert isinstance(after, ToolResult)
    assert isinstance(before, ToolResult)
    assert (after.id, len(after.text) < 2200 < len(before.text)) == (before.id, True)
    assert "8007 characters are left out" in after.text

    again = InOrder(calls(LONG), too_long, too_long)
    task = (await task_of(store, 2)).model_copy(update={"turns": ()})
    with pytest.raises(ContextTooLong, match=r"208310 tokens \(.* characters, about .* tokens, after 1 turns"):
        await hold(store, again, Notebook(), task)


async def test_a_prompt_alone_that_is_too_long_is_not_asked_again(store: GroupStore) -> None:
    model = InOrder(ContextTooLong("208310 tokens"))

    with pytest.raises(ContextTooLong, match="14 characters, about 4 tokens, after 0 turns"):
        await hold(store, model)
    assert len(model.requests) == 1


async def test_half_a_character_from_a_tool_does_not_end_the_item(store: GroupStore) -> None:
    model = Playing(calls("\ud83d"), says("done"))

    assert (await hold(store, model, Notebook())).text == "done"
