"""Every class of failure through a real driver: how the item ends, what is charged to it, what the journal says."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest

from actors.errors import (
    AnswerCutOff,
    AnswerInvalid,
    AnswerRefused,
    ContextTooLong,
    CredentialsRefused,
    ModelFaulty,
    ModelMissing,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
)
from actors.events import (
    AgentFailed,
    ContinueRequested,
    Event,
    ItemAssigned,
    ItemClosed,
    ItemFailed,
    ItemQuarantined,
    ItemSkipped,
    ItemStarted,
    ModelAvailable,
    ModelUnavailable,
    RunFinished,
    RunPaused,
    RunResumed,
    RunWaiting,
)
from actors.failures import ATTEMPTS, CLASSES, REQUEUES
from actors.models.port import Request
from actors.roles.agent import Before
from actors.stores.memory import MemoryStore
from actors.work import Failure, FailureKind, Item, Lost, RunStatus
from cluster.driver import Driver
from tests.fakes import DistantAgent, FakeModel, LocalAgent, accepted

K = FailureKind
LIMIT_S = 20.0


class Row(NamedTuple):
    """What a model does and what becomes of the item, if it always does that."""

    error: BaseException | None
    """None: it never answers."""
    attempts: int
    """Charged."""
    closings: int


ALWAYS = {
    K.RATE_LIMITED: Row(RateLimited("slower"), 0, REQUEUES + 1),
    K.OVERLOADED: Row(Overloaded("overloaded"), 0, REQUEUES + 1),
    K.TRANSIENT: Row(ModelFaulty("reset"), 0, REQUEUES + 1),
    K.CONTEXT_TOO_LONG: Row(ContextTooLong("too long"), 1, 1),
    K.BAD_REQUEST: Row(RequestRefused("malformed"), 1, 1),
    K.REFUSAL: Row(AnswerRefused("cyber"), 1, 1),
    K.CUT_OFF: Row(AnswerCutOff("max_tokens"), 1, 1),
    K.INVALID_ANSWER: Row(AnswerInvalid("no JSON"), ATTEMPTS, ATTEMPTS),
    K.TIMEOUT: Row(None, ATTEMPTS, ATTEMPTS),
    K.AGENT_FAULT: Row(KeyError("x"), ATTEMPTS, ATTEMPTS),
}
HELD = {K.QUOTA: QuotaExhausted("spent"), K.CREDENTIALS: CredentialsRefused("401"), K.NO_MODEL: ModelMissing("none")}
"""These never end an item."""

ANSWERS = {kind: row.error for kind, row in ALWAYS.items()} | HELD


def test_the_matrix_has_every_kind() -> None:
    assert set(ALWAYS) | set(HELD) == set(FailureKind) == set(CLASSES)


def failing(error: BaseException | None, times: int = 10**9) -> FakeModel:
    """A model that fails so many calls, then answers."""
    left = times

    async def answer(_: Request) -> str:
        nonlocal left
        left -= 1
        if left < 0:
            return "fine"
        if error is not None:
            raise error
        await asyncio.Event().wait()
        raise AssertionError

    return FakeModel(answer)


class Journal:
    """A store, and what it says of the run."""

    def __init__(self) -> None:
        self.store = MemoryStore(on_commit=self._hear)
        self._waits: list[tuple[Callable[[Event], bool], asyncio.Event]] = []

    def _hear(self, events: object) -> None:
        for wanted, news in self._waits:
            if any(map(wanted, self.store.journal)):
                news.set()

    async def until(self, wanted: Callable[[Event], bool]) -> None:
        """Return once there is such an event."""
        news = asyncio.Event()
        self._waits.append((wanted, news))
        self._hear(())
        async with asyncio.timeout(LIMIT_S):
            await news.wait()

    async def say(self, event: Event) -> None:
        await self.store.append(f"said {len(self.store.journal)}", [event])

    def closings(self, item: str = "a") -> list[ItemClosed]:
        return [e for e in self.store.journal if isinstance(e, ItemClosed) and e.item == item]

    def assigned(self, item: str = "a") -> list[ItemAssigned]:
        return [e for e in self.store.journal if isinstance(e, ItemAssigned) and e.item == item]

    def types(self) -> list[str]:
        return [event.type for event in self.store.journal]


def item(id_: str, *dependencies: str, timeout: float = 0.02) -> Item:
    return Item(id=id_, description=id_, dependencies=dependencies, timeout=timeout)


async def drive(
    journal: Journal, items: list[Item], *agents: LocalAgent, meanwhile: Awaitable[None] | None = None
) -> RunStatus:
    record = await accepted(journal.store, *items)
    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as tasks:
        driving = tasks.create_task(Driver(record, journal.store, {a.name: a for a in agents}, "d").drive())
        if meanwhile:
            await meanwhile
    for agent in agents:
        await agent.stop()
    return driving.result()


@pytest.mark.parametrize("kind", ALWAYS)
async def test_an_item_that_always_fails_so_ends_as_the_table_says(kind: FailureKind) -> None:
    journal, row = Journal(), ALWAYS[kind]
    agent = LocalAgent("e0", journal.store, failing(row.error))
    assert await drive(journal, [item("a"), item("b", "a")], agent) is RunStatus.COMPLETED_WITH_FAILURES
    outcomes = [closing.outcome for closing in journal.closings()]
    assert [o.reason for o in outcomes if isinstance(o, Failure)] == [kind] * row.closings
    (end,) = [e for e in journal.store.journal if isinstance(e, ItemFailed)]
    assert (end.item, end.reason, end.attempts) == ("a", kind, row.attempts)
    assert end.message == outcomes[-1].message  # type: ignore[union-attr]  # every one is a failure
    assert [e.cause for e in journal.store.journal if isinstance(e, ItemSkipped)] == ["a"]
    again = [None, *[kind] * (row.closings - 1)]
    assert [e.after for e in journal.assigned()] == again
    numbers = range(1, row.closings + 1) if row.attempts else [1] * row.closings
    assert [e.attempt for e in journal.assigned()] == list(numbers)


@pytest.mark.parametrize("kind", [kind for kind, row in CLASSES.items() if row.attempts != 1 and not row.pauses])
async def test_an_item_that_fails_so_once_completes_and_is_charged_as_the_table_says(kind: FailureKind) -> None:
    journal = Journal()
    agent = LocalAgent("e0", journal.store, failing(ANSWERS[kind], times=1))
    assert await drive(journal, [item("a"), item("b", "a")], agent) is RunStatus.COMPLETED
    first, second = journal.closings()
    assert (first.outcome.kind, second.outcome.kind) == ("failure", "result")
    assert (first.attempt, second.attempt) == (1, 2 if CLASSES[kind].attempts else 1)


@pytest.mark.parametrize("kind", [K.QUOTA, K.CREDENTIALS])
async def test_what_only_a_person_can_mend_pauses_the_run_until_it_is_continued(kind: FailureKind) -> None:
    journal = Journal()
    agent = LocalAgent("e0", journal.store, failing(HELD[kind], times=1))

    async def mended() -> None:
        await journal.until(lambda event: isinstance(event, RunPaused))
        assert [type(e) for e in journal.store.journal[-2:]] == [ItemClosed, RunPaused], "nothing new was assigned"
        await journal.say(ContinueRequested(run="r"))

    assert await drive(journal, [item("a"), item("b", "a")], agent, meanwhile=mended()) is RunStatus.COMPLETED
    (pause,) = [e for e in journal.store.journal if isinstance(e, RunPaused)]
    assert pause.reason == kind.value
    assert [e.attempt for e in journal.assigned()] == [1, 1]


async def test_a_run_that_was_paused_for_a_quota_stays_so_under_its_next_driver() -> None:
    journal = Journal()
    agent = LocalAgent("e0", journal.store, failing(QuotaExhausted("spent"), times=1))
    record = await accepted(journal.store, item("a"))
    first = asyncio.create_task(Driver(record, journal.store, {"e0": agent}, "first").drive())
    await journal.until(lambda event: isinstance(event, RunPaused))
    first.cancel()
    await asyncio.wait([first])
    second = Driver(await journal.store.run("r"), journal.store, {"e0": agent}, "second")
    driving = asyncio.create_task(second.drive())
    await journal.until(lambda event: event.type == "run_started" and event.term == 2)
    async with asyncio.timeout(LIMIT_S):
        while not second.paused:
            await asyncio.sleep(0.01)
        assert len(journal.assigned()) == 1
        await journal.say(ContinueRequested(run="r"))
        assert await driving is RunStatus.COMPLETED
    await agent.stop()


async def test_without_a_model_an_item_is_never_charged_and_never_given_up() -> None:
    journal = Journal()
    agent = LocalAgent("e0", journal.store, failing(HELD[K.NO_MODEL], times=4 * REQUEUES))
    assert await drive(journal, [item("a")], agent) is RunStatus.COMPLETED
    assert len(journal.closings()) == 4 * REQUEUES + 1
    assert {e.attempt for e in journal.assigned()} == {1}


async def test_a_run_waits_for_a_model_that_is_unavailable_and_goes_on_by_itself() -> None:
    journal = Journal()
    agent = LocalAgent("e0", journal.store, FakeModel())

    async def back() -> None:
        await journal.until(lambda event: isinstance(event, RunWaiting))
        assert not journal.assigned()
        await journal.say(ModelAvailable(model="fake", probe=True))

    await journal.say(ModelUnavailable(model="fake", reason="no such host"))
    items = [item(name) for name in "abcd"]
    assert await drive(journal, items, agent, meanwhile=back()) is RunStatus.COMPLETED
    (wait,) = [e for e in journal.store.journal if isinstance(e, RunWaiting)]
    assert wait.reason == "model fake is unavailable: no such host"
    told = [e.type for e in journal.store.journal if isinstance(e, (RunResumed, ItemAssigned, ItemClosed))]
    assert told[:4] == ["run_resumed", "item_assigned", "item_closed", "item_assigned"], "one goes first, alone"
    assert told[4] == "item_assigned", "then all"


async def test_another_agent_gets_the_next_attempt_after_a_fault() -> None:
    journal = Journal()
    agents = [LocalAgent(f"e{n}", journal.store, failing(KeyError("x"), times=2), 1) for n in range(2)]
    assert await drive(journal, [item("a")], *agents) is RunStatus.COMPLETED_WITH_FAILURES
    first, second, third = [e.agent for e in journal.assigned()]
    assert first == third != second


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
    assert (late.outcome.reason, late.outcome.message) == (K.TIMEOUT, "went on after its timeout")
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
