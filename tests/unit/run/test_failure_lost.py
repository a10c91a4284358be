"""Attempts that go with their agent, through a real driver: by order, for an item, for poison, for good."""

import asyncio

from actors.events import (
    AgentFailed,
    ItemAssigned,
    ItemClosed,
    ItemQuarantined,
    ItemStarted,
    RunFinished,
    RunWaiting,
)
from actors.models.port import Request
from actors.roles.agent import Before
from actors.work import Failure, FailureKind, Lost, RunStatus
from tests.support.failing import Journal, drive, item
from tests.support.fakes import DistantAgent, FakeModel, LocalAgent


async def test_an_attempt_whose_agent_was_ended_by_order_is_lost_and_costs_nothing() -> None:
    journal, agent = Journal(), None

    async def answer(_: Request) -> str:
        assert agent
        if len(model.requests) == 1:
            agent.kill()
            await asyncio.Event().wait()
        return "fine"

    model = FakeModel(answer)
    agent = LocalAgent("e0", journal.store, model)
    assert await drive(journal, [item("a", timeout=60)], agent) is RunStatus.COMPLETED
    lost, done = journal.closings()
    assert isinstance(lost.outcome, Lost)
    assert not lost.outcome.suspect
    assert (done.attempt, [e.alone for e in journal.assigned()]) == (1, [False, False])


async def test_an_item_that_its_agent_was_ended_for_has_used_up_an_attempt() -> None:
    journal, agent = Journal(), None

    async def answer(_: Request) -> str:
        assert agent
        if len(model.requests) == 1:
            agent.kill(Before(explained=True, guilty=(("r", "a", 1, "went on after its timeout"),)))
            await asyncio.Event().wait()
        return "fine"

    model = FakeModel(answer)
    agent = LocalAgent("e0", journal.store, model)
    assert await drive(journal, [item("a", timeout=60)], agent) is RunStatus.COMPLETED
    late, done = journal.closings()
    assert isinstance(late.outcome, Failure)
    assert (late.outcome.reason, late.outcome.message) == (FailureKind.TIMEOUT, "went on after its timeout")
    assert done.attempt == 2


def poisonous(journal: Journal, poison: set[str], times: int = 10**9) -> tuple[LocalAgent, FakeModel]:
    """An agent whose process ends, nobody knows why, when it works on one of these items."""
    left = times

    async def answer(request: Request) -> str:
        nonlocal left
        if request.tag.split("/")[1] in poison and left > 0:
            left -= 1
            agent.kill(Before(explained=False))
            await asyncio.Event().wait()
        await asyncio.sleep(0.001)
        return "fine"

    model = FakeModel(answer)
    agent = LocalAgent("e0", journal.store, model, 4)
    return agent, model


async def test_an_item_that_kills_again_while_it_is_alone_is_quarantined_and_the_others_complete() -> None:
    journal = Journal()
    agent, _ = poisonous(journal, {"bad"})
    items = [item("bad", timeout=60), item("after", "bad"), *(item(f"i{n}", timeout=60) for n in range(12))]
    assert await drive(journal, items, agent) is RunStatus.COMPLETED_WITH_FAILURES
    outcomes = [closing.outcome for closing in journal.closings("bad")]
    assert [o.suspect for o in outcomes if isinstance(o, Lost)][-2:] == [True, True]
    assert [e.alone for e in journal.assigned("bad")][-1]
    (end,) = [e for e in journal.store.journal if isinstance(e, ItemQuarantined)]
    assert end.item == "bad"
    (finish,) = [e for e in journal.store.journal if isinstance(e, RunFinished)]
    assert {state: n for state, n in finish.counts.items() if n} == {"complete": 12, "skipped": 1, "quarantined": 1}
    _check_alone(journal)


async def test_a_suspect_that_does_not_kill_again_is_not_suspected_any_more() -> None:
    journal = Journal()
    agent, _ = poisonous(journal, {"bad"}, times=1)
    assert await drive(journal, [item("bad", timeout=60), item("i", timeout=60)], agent) is RunStatus.COMPLETED
    assert [e.alone for e in journal.assigned("bad")] == [False, True]
    assert all(e.attempt == 1 for e in journal.assigned("bad"))
    _check_alone(journal)


def _check_alone(journal: Journal) -> None:
    """An attempt that is to be alone has its start on disk, and nothing else has one until it is closed."""
    alone: str | None = None
    for event in journal.store.journal:
        match event:
            case ItemAssigned(alone=True):
                assert alone is None, "one at a time"
                alone = event.item
            case ItemStarted() if alone is not None and _began(journal, alone, event.seq):
                assert event.item == alone
            case ItemClosed(item=closed) if closed == alone:
                alone = None


def _began(journal: Journal, item_: str, seq: int) -> bool:
    ours = [e for e in journal.store.journal[:seq] if isinstance(e, ItemStarted | ItemAssigned) and e.item == item_]
    return isinstance(ours[-1], ItemStarted)


async def test_without_an_agent_the_run_waits_and_says_what_to_do() -> None:
    journal = Journal()
    held = asyncio.Event()

    async def answer(_: Request) -> str:
        await held.wait()
        return "fine"

    agent = DistantAgent("e0", journal.store, FakeModel(answer))

    async def given_up() -> None:
        await journal.until(lambda event: isinstance(event, ItemAssigned))
        agent.reachable.clear()
        agent.kill()
        agent.cut()
        await journal.say(AgentFailed(agent="e0", reason="4 restarts in 60 s"))
        await journal.until(lambda event: isinstance(event, RunWaiting))
        held.set()
        agent.reachable.set()

    assert await drive(journal, [item("a", timeout=60)], agent, meanwhile=given_up()) is RunStatus.COMPLETED
    (wait,) = [e for e in journal.store.journal if isinstance(e, RunWaiting)]
    told = "no agent of role executor is left: e0: 4 restarts in 60 s; `mnemosyne agents reset e0`"
    assert wait.reason == told
    lost = journal.closings()[0].outcome
    assert isinstance(lost, Lost)
    assert not lost.suspect
    order = [kind for kind in journal.types() if kind in ("run_waiting", "run_resumed", "item_closed")]
    assert order == ["item_closed", "run_waiting", "run_resumed", "item_closed"]
