"""A conversation that fills its context: the checkpoint that it goes on from, and prompts that are too long."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.errors import AnswerCutOff, AnswerInvalid, ContextTooLong
from actors.events import TurnDone
from actors.models.port import Message, Request, StopReason
from actors.roles.condensing import condensing
from actors.stores.group import GroupStore
from tests.support.conversations import Answer, InOrder, Notebook, calls, says
from tests.support.fakes import accepted, open_store
from tests.support.talks import ITEM, LONG, hold, rows, task_of


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[GroupStore]:
    made = open_store(tmp_path)
    await accepted(made, ITEM)
    await made.claim("r", "d")
    yield made
    await made.close()


async def test_a_conversation_that_fills_its_context_goes_on_from_a_checkpoint(store: GroupStore) -> None:
    model = InOrder(calls(LONG), says("notes: x was noted"), says("done"))

    assert (await hold(store, model, Notebook(), window=6_000)).text == "done"
    asked = [request.messages for request in model.requests]
    assert "calls note" in asked[1][0].text
    assert LONG in asked[1][0].text
    assert model.requests[1].tools == ()
    (goes_on,) = asked[2]
    assert goes_on.text.startswith("Do a.")
    assert "notes: x was noted" in goes_on.text
    assert LONG not in goes_on.text
    turns = [event for event in await rows(store) if isinstance(event, TurnDone)]
    assert [event.usage_percent is not None for event in turns] == [False, True]
    assert turns[1].usage_percent is not None
    assert turns[1].usage_percent >= 75


async def test_an_attempt_that_goes_on_after_a_checkpoint_does_not_pay_for_it_again(store: GroupStore) -> None:
    died = InOrder(calls(LONG), says("notes: x was noted"), ContextTooLong("died here"), ContextTooLong("died here"))
    with pytest.raises(ContextTooLong):
        await hold(store, died, Notebook(), window=6_000)
    model = InOrder(says("done"))

    await hold(store, model, Notebook(), task=await task_of(store, 2), window=6_000)

    assert model.requests[0].messages == died.requests[2].messages


@pytest.mark.parametrize(
    "answer",
    [
        ContextTooLong("too long to condense"),
        AnswerCutOff("all of its tokens went into thinking"),
        AnswerInvalid("the answer is empty"),
        says(" "),
        says("Written so far: a.py, b.py and", StopReason.MAX_TOKENS),
    ],
    ids=["too long", "cut off before it began", "empty", "blank", "cut off"],
)
async def test_without_a_whole_checkpoint_it_goes_on_as_it_is(store: GroupStore, answer: Answer) -> None:
    model = InOrder(calls(LONG), answer, calls("short"), says("done"))

    assert (await hold(store, model, Notebook(), window=6_000)).text == "done"
    assert model.requests[2].messages[:1] == model.requests[0].messages
    assert [len(request.messages) for request in model.requests[2:]] == [3, 5], "and it is asked for only once"
    turns = [event for event in await rows(store) if isinstance(event, TurnDone)]
    assert [event.usage_percent for event in turns] == [None, None]
    assert turns[1].effort.calls == 2, "what was asked in vain is counted"


@pytest.mark.parametrize(
    ("of_the_item", "window", "asked"),
    [(500, 1_000_000, 8_000), (20_000, 1_000_000, 20_000), (64_000, 200_000, 25_000), (500, 6_000, 750)],
)
def test_a_checkpoint_has_a_length_of_its_own(of_the_item: int, window: int, asked: int) -> None:
    messages = (Message(role="user", text="Do a."), Message(role="assistant", text=LONG))

    request = condensing(Request(model="m", messages=messages, max_tokens=of_the_item), window)

    assert request.max_tokens == asked


async def test_a_prompt_that_is_too_long_is_asked_again_with_the_task_alone(store: GroupStore) -> None:
    model = InOrder(ContextTooLong("208310 tokens"), says("done"))

    assert (await hold(store, model, bare="Do.")).text == "done"
    assert [request.messages[0].text for request in model.requests] == ["Do a.", "Do."]
