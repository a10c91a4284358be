"""What a new monitor reads of a long journal: as little as it can, and as much as it needs."""

from collections.abc import Collection
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from actors.events import AgentRestarted, AgentStarted, Event, ItemClosed, ItemStarted, ModelAvailable, ModelUnavailable
from actors.health.health import Health
from actors.health.observations import Found, ModelFailed
from actors.journal.reading import RESULT, is_read
from actors.journal.recorded import FLEET
from actors.settings import HealthSettings
from actors.stores.memory import MemoryStore
from actors.stores.protocol import Store
from actors.supervision.past import UNREAD, past
from actors.work import Content, Failure, FailureKind, Item, RestartCause, Result, Role
from tests.support.fakes import accepted
from tests.support.supervision import T0, A, Longest, told
from tests.support.wards import fleet, until, watched

WINDOW_S = 60.0
HOUR_S = 3600.0


class Rows:
    """A journal of these rows, some of which may have been deleted, that counts what is read of it."""

    def __init__(self, rows: list[Event]) -> None:
        self.rows, self.read_rows = rows, 0

    async def read(
        self, run: str | None, after: int, max_wait_s: float, *, exclude: Collection[str] = (), limit: int = 20
    ) -> list[Event]:
        wanted = [row for row in self.rows if row.seq > after and (run is None or row.run == run)]
        found = [row for row in wanted if is_read(row, exclude)][:limit]
        self.read_rows += len(found)
        return found


def closed(reason: FailureKind | None, model: str = "m") -> ItemClosed:
    failed = reason and Failure(reason=reason, message="why", model=model)
    outcome = failed or Result(data=Content(text="x"), model=model)
    return ItemClosed(run="r", item="i", epoch=1, attempt=1, agent=A, generation=1, outcome=outcome)


def ended(generation: int) -> AgentRestarted:
    return AgentRestarted(agent=A, generation=generation, cause=RestartCause.CRASH, reason="x")


KINDS: list[Event] = [
    closed(None),
    closed(None, "n"),
    closed(FailureKind.TRANSIENT),
    closed(FailureKind.AGENT_FAULT),
    closed(FailureKind.INVALID_ANSWER),
    ItemStarted(run="r", item="i", epoch=1, agent=A, generation=1),
    ended(1),
    AgentStarted(agent=A, role=Role.EXECUTOR, generation=2, pid=1, node="n"),
    ModelUnavailable(model="m", reason="502"),
    ModelAvailable(model="m", probe=True),
    ModelAvailable(model="m", probe=False),
]

histories = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 3), st.sampled_from([0, 0, 1, 7, 40])))


def journal_of(history: list[tuple[Event, int, int]]) -> list[Event]:
    rows: list[Event] = []
    seq, at = 0, T0
    for event, gap, passed in history:
        seq, at = seq + gap, at + passed
        rows.append(event.model_copy(update={"seq": seq, "at": at}))
    return rows


def known(rows: list[Event], now: float) -> tuple[object, ...]:
    """What a monitor makes of them, from outside."""
    health = Health(HealthSettings(), Longest())
    owed = health.replay(rows, now)
    state = health.is_calm, health.wake_at(), health.agent(A, now), health.has_failed(A)
    found = told(health.handle(Found(A, 2, False), now))
    calls = [told(health.handle(ModelFailed("m", FailureKind.TRANSIENT, "r", f"{n}", A, "x"), now)) for n in range(5)]
    return owed, state, found, calls


@given(histories, st.integers(0, 100))
async def test_nothing_that_counts_is_lost(history: list[tuple[Event, int, int]], later: int) -> None:
    rows = journal_of(history)
    newest = rows[-1].at if rows else T0
    now = newest + later
    taken = await past(cast("Store", Rows(rows)), now, WINDOW_S)
    wanted = [row for row in rows if row.run == FLEET or row.at >= newest - WINDOW_S]
    assert known(taken.rows, now) == known(wanted, now)
    assert [row for row in taken.rows if row.run == FLEET] == [row for row in rows if row.run == FLEET]
    assert all(row.seq <= taken.cursor or not is_read(row, UNREAD | {RESULT}) for row in rows)


@given(histories, st.lists(st.integers(-100, 100)))
async def test_a_clock_that_is_moved_loses_no_row_of_the_fleet_and_none_twice(
    history: list[tuple[Event, int, int]], moves: list[int]
) -> None:
    rows = journal_of(history)
    for place, move in enumerate(moves[: len(rows)]):
        rows[place] = rows[place].model_copy(update={"at": rows[place].at + move * HOUR_S})
    taken = await past(cast("Store", Rows(rows)), T0, WINDOW_S)
    seqs = [row.seq for row in taken.rows]
    assert seqs == sorted(set(seqs))
    assert {row.seq for row in rows if row.run == FLEET} <= set(seqs)


async def test_of_a_long_journal_little_is_read() -> None:
    rows = journal_of([(ended(1), 1, 0), *[(closed(None), 1, 1) for _ in range(20_000)]])
    journal = Rows(rows)
    taken = await past(cast("Store", journal), rows[-1].at, WINDOW_S)
    assert [row.seq for row in taken.rows] == [1]
    assert journal.read_rows < 60
    assert rows[-1].seq - 62 <= taken.cursor


class Counting(MemoryStore):
    """Counts what is read of it; its time is told."""

    def __init__(self) -> None:
        super().__init__(lambda: self.now)
        self.now, self.read_rows = 0.0, 0

    async def read(self, *args: Any, **named: Any) -> list[Event]:
        rows = await super().read(*args, **named)
        self.read_rows += len(rows)
        return rows


async def test_a_monitor_that_begins_anew_reads_the_last_window_alone() -> None:
    store = Counting()
    (ward,) = await fleet(store, A)
    await accepted(store, Item(id="a", description="x"))
    run = store.journal[-1].run
    store.now = 1000.0
    first = len(store.journal) + 1
    store.journal += [closed(None).model_copy(update={"run": run, "seq": first + n, "at": 1000.0}) for n in range(5000)]
    store.now = 1000.0 + HOUR_S
    async with watched(store, ward, clock=lambda: store.now):
        await until(lambda: ward.admitted is not None)
    assert store.read_rows < 100
