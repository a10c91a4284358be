"""An agent's slots and the boundary of an attempt: whatever happens inside, every attempt is closed once."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from actors.errors import AnswerInvalid, ModelFaulty, StoreError
from actors.events import ItemAssigned, ItemClosed
from actors.models.port import Request
from actors.roles.agent import Agent
from actors.secrecy.redaction import remember
from actors.work import Content, Failure, FailureKind, Item, Lost, Outcome, Result, Role, Task
from tests.support.fakes import BlockedModel, FakeModel, FaultyStore, accepted, prompted

LONG = "x" * 5000
REF = hashlib.sha256(LONG.encode()).hexdigest()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FaultyStore]:
    made = FaultyStore(tmp_path / "store.db")
    yield made
    await made.close()


def agent_of(store: FaultyStore, model: FakeModel, concurrency: int = 1) -> Agent:
    return Agent("e", Role.EXECUTOR, 1, prompted(store, model), store, concurrency)


async def opened(store: FaultyStore, *ids: str, payloads: dict[str, str] | None = None, **more: Content) -> list[Task]:
    """Items on disk with an open attempt each."""
    items = [Item(id=id_, description=f"Do {id_}.", inputs=more) for id_ in ids]
    await accepted(store, *items, payloads=payloads)
    await store.claim("r", "d")
    opens = [ItemAssigned(run="r", item=i, epoch=1, attempt=1, agent="e", model="fake", term=1) for i in ids]
    await store.append("open", opens)
    return [Task(run="r", item=item, epoch=1, attempt=1, model="fake") for item in items]


async def outcomes(store: FaultyStore, count: int) -> dict[str, Outcome]:
    """By item, once so many attempts are closed in the journal."""
    found: dict[str, Outcome] = {}
    cursor = 0
    async with asyncio.timeout(5):
        while len(found) < count:
            events = await store.read("r", cursor, 5)
            found |= {event.item: event.outcome for event in events if isinstance(event, ItemClosed)}
            cursor = events[-1].seq
    return found


def holding(folder: Path, text: bytes) -> list[Path]:
    return [file for file in folder.iterdir() if text in file.read_bytes()]


def is_for(item: str, request: Request) -> bool:
    return f"Do {item}." in request.messages[0].text


async def test_a_submit_right_behind_the_last_step_of_a_slot_is_worked_on(store: FaultyStore) -> None:
    loop = asyncio.get_running_loop()
    gate, waits = loop.create_future(), asyncio.Event()

    async def answer(request: Request) -> str:
        if is_for("a", request):
            waits.set()
            await gate
        return "done"

    first, second = await opened(store, "a", "b")
    agent = agent_of(store, FakeModel(answer))
    agent.submit("r", 1, [first])
    await waits.wait()
    gate.set_result(None)  # schedules the slot's last step …
    loop.call_soon(agent.submit, "r", 1, [second])  # … and a call of the driver right behind it
    assert list(await outcomes(store, 2)) == ["a", "b"]
    await agent.stop()


async def test_never_more_slots_work_than_the_agent_has(store: FaultyStore) -> None:
    model = BlockedModel()
    tasks = await opened(store, "a", "b", "c")
    agent = agent_of(store, model, concurrency=2)
    for task in tasks:
        agent.submit("r", 1, [task])
    await model.arrived.get()
    await model.arrived.get()
    assert len(model.requests) == 2
    model.release.set()
    assert sorted(await outcomes(store, 3)) == ["a", "b", "c"]
    await agent.stop()


async def test_a_call_that_is_cancelled_inside_an_item_is_the_items_failure(store: FaultyStore) -> None:
    async def answer(request: Request) -> str:
        inner = asyncio.get_running_loop().create_future()
        if is_for("a", request):
            inner.cancel()  # a closed client, an executor that was shut down
            await inner
        return "done"

    agent = agent_of(store, FakeModel(answer))
    agent.submit("r", 1, await opened(store, "a", "b"))
    found = await outcomes(store, 2)
    assert isinstance(found["a"], Failure)
    assert found["a"].reason is FailureKind.AGENT_FAULT
    assert "CancelledError" in found["a"].message
    assert isinstance(found["b"], Result), "the slot goes on"
    await agent.stop()


async def test_an_unforeseen_error_is_told_without_the_secret_that_it_holds(store: FaultyStore, tmp_path: Path) -> None:
    key = "an/agents+own=key-0123"

    async def answer(request: Request) -> str:
        remember(key)
        raise RuntimeError(f"illegal header {request.max_tokens}: {key} {quote(key, safe='')}")

    agent = agent_of(store, FakeModel(answer))
    agent.submit("r", 1, await opened(store, "a"))
    found = await outcomes(store, 1)
    assert isinstance(found["a"], Failure)
    assert found["a"].message == "RuntimeError: illegal header 1000: [redacted] [redacted]"
    await agent.stop()
    assert not holding(tmp_path, b"key-0123")


async def test_a_model_that_swallows_a_cancel_does_no_harm_to_the_next_item_of_its_slot(store: FaultyStore) -> None:
    waits = asyncio.Event()

    async def answer(request: Request) -> str:
        inner = asyncio.get_running_loop().create_future()
        try:
            waits.set()
            if is_for("b", request):
                inner.cancel()
            await inner
        except asyncio.CancelledError:
            if is_for("b", request):
                raise
            raise ModelFaulty("the connection was closed") from None
        return "done"

    agent = agent_of(store, FakeModel(answer))
    agent.submit("r", 1, await opened(store, "a", "b"))
    await waits.wait()
    agent.cancel("r", 1, [("a", 1)])
    found = await outcomes(store, 2)
    assert [type(found[id_]) for id_ in "ab"] == [Failure, Failure]
    assert agent.attach("r", 1).held == ()
    await agent.stop()


async def test_a_cancelled_item_that_waits_for_a_slot_is_given_up_at_once(store: FaultyStore) -> None:
    model = BlockedModel()
    agent = agent_of(store, model)
    agent.submit("r", 1, await opened(store, "a", "b", "c"))
    await model.arrived.get()
    agent.cancel("r", 1, [("b", 1)])
    lost = (await outcomes(store, 1))["b"]
    assert isinstance(lost, Lost)
    assert lost.reserved
    assert lost.reserved.tokens == 0
    assert sorted(agent.attach("r", 1).held) == [("a", 1), ("c", 1)]
    model.release.set()
    assert sorted(await outcomes(store, 3)) == ["a", "b", "c"]
    assert [is_for("b", request) for request in model.requests] == [False, False]
    await agent.stop()


async def test_a_cancel_behind_the_stop_changes_nothing(store: FaultyStore) -> None:
    model = BlockedModel()
    agent = agent_of(store, model)
    agent.submit("r", 1, await opened(store, "a", "b"))
    await model.arrived.get()
    stopping = asyncio.create_task(agent.stop())
    await asyncio.sleep(0)
    agent.cancel("r", 1, [("b", 1)])
    await stopping


async def test_a_message_that_is_no_text_is_recorded_escaped_and_its_neighbours_are_closed(store: FaultyStore) -> None:
    def answer(request: Request) -> str:
        if is_for("a", request):
            raise AnswerInvalid("half an emoji: \ud83d")
        return "fine"

    agent = agent_of(store, FakeModel(answer), concurrency=4)
    agent.submit("r", 1, await opened(store, "a", "b", "c", "d"))
    found = await outcomes(store, 4)
    assert isinstance(found["a"], Failure)
    assert found["a"].reason is FailureKind.INVALID_ANSWER
    assert "\\ud83d" in found["a"].message
    assert all(isinstance(found[id_], Result) for id_ in "bcd")
    assert agent.attach("r", 1).held == ()
    await agent.stop()


async def test_an_answer_that_is_no_text_is_the_items_failure(store: FaultyStore) -> None:
    agent = agent_of(store, FakeModel(lambda _: "half an emoji: \ud83d"))
    agent.submit("r", 1, await opened(store, "a"))
    (outcome,) = (await outcomes(store, 1)).values()
    assert isinstance(outcome, Failure)
    assert "UnicodeEncodeError" in outcome.message
    await agent.stop()


async def test_a_store_that_cannot_be_read_loses_the_attempt_and_does_not_fail_the_item(store: FaultyStore) -> None:
    store.faults["payloads"] = [StoreError("the store failed: IOError: disk I/O error")]
    agent = agent_of(store, FakeModel())
    agent.submit("r", 1, await opened(store, "a", payloads={REF: LONG}, report=Content(ref=REF)))
    (outcome,) = (await outcomes(store, 1)).values()
    assert isinstance(outcome, Lost)
    assert "disk I/O error" in outcome.message
    await agent.stop()


async def test_a_payload_that_is_missing_fails_the_item_for_no_attempt_would_find_it(store: FaultyStore) -> None:
    agent = agent_of(store, FakeModel())
    agent.submit("r", 1, await opened(store, "a", report=Content(ref=REF)))
    (outcome,) = (await outcomes(store, 1)).values()
    assert isinstance(outcome, Failure)
    assert REF in outcome.message
    await agent.stop()
