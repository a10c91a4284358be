"""What the store forgets after a day, while it is at work: idempotency records and signs of life, nothing else."""

from pathlib import Path

from actors.journal.fleet import AgentHeartbeat
from actors.journal.rows import to_row
from actors.stores import aging, queries
from actors.stores.group import GroupStore
from actors.stores.sqlite import SqliteStore
from actors.stores.writer import Append
from actors.work import Role
from tests.support import stores

DAY = 86_400.0


class Clock:
    """Moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def beats(store: SqliteStore, *numbers: int) -> None:
    rows = [to_row(AgentHeartbeat(agent="executor-0", generation=number)) for number in numbers]
    store.commit([Append(f"beats-{numbers[0]}", rows, {})])


def forget_all(store: SqliteStore) -> int:
    steps = 0
    while store.has_old:
        store.forget()
        steps += 1
    return steps


def types(store: SqliteStore) -> list[str]:
    return [type_ for (type_,) in store.db.execute("select type from events order by seq")]


def test_receipts_older_than_a_day_are_forgotten_in_steps(tmp_path: Path) -> None:
    clock = Clock()
    store = SqliteStore(tmp_path / "store.db", clock)
    store.accept(stores.plan("r"))
    store.commit([Append(f"old-{i}", [], {}) for i in range(12_000)])
    clock.now = DAY / 2
    store.commit([Append("new", [to_row(stores.wish("r", "x"))], {})])
    assert forget_all(store) == 1
    assert queries.one(store.db, "select count(*) from appends") == 12_001
    clock.now = DAY + 1
    assert forget_all(store) == 3
    assert queries.rows(store.db, "select id from appends") == [("new",)]
    assert store.commit([Append("new", [to_row(stores.wish("r", "x"))], {})]) == [(2,)]
    store.close()


def test_of_the_fleet_only_old_signs_of_life_go(tmp_path: Path) -> None:
    clock = Clock()
    store = SqliteStore(tmp_path / "store.db", clock)
    store.register("executor-0", Role.EXECUTOR, 1, "n")
    beats(store, 1, 2, 3)
    clock.now = DAY + 1
    beats(store, 4)
    forget_all(store)
    assert types(store) == ["agent_started", "agent_heartbeat"]
    store.close()


def test_no_number_is_given_out_twice(tmp_path: Path) -> None:
    clock = Clock()
    store = SqliteStore(tmp_path / "store.db", clock)
    beats(store, 1, 2, 3)
    clock.now = DAY + 1
    forget_all(store)
    assert types(store) == []
    store.close()
    with stores.writer(tmp_path / "store.db", at=clock.now) as again:
        beats(again, 5)
        assert queries.one(again.db, "select seq from events") == 4


async def test_it_happens_between_commits(tmp_path: Path) -> None:
    with stores.writer(tmp_path / "store.db", at=1.0) as old:
        old.commit([Append(f"{i}", [], {}) for i in range(aging.STEP + 3)])  # more than the one step when it is opened
        beats(old, 1, 2, 3)
    store = GroupStore(tmp_path / "store.db")
    await store.append("now", [AgentHeartbeat(agent="executor-0", generation=9)])
    await store.close()
    with stores.writer(tmp_path / "store.db") as after:
        assert types(after) == ["agent_heartbeat"]
        assert queries.rows(after.db, "select id from appends") == [("now",)]


def test_what_cannot_be_deleted_now_is_tried_again_later(tmp_path: Path) -> None:
    clock = Clock()
    store = SqliteStore(tmp_path / "store.db", clock)
    beats(store, 1, 2)
    clock.now = 2 * DAY
    store.db.execute("pragma query_only = on").fetchall()
    assert forget_all(store) == 1
    store.db.execute("pragma query_only = off").fetchall()
    assert types(store) == ["agent_heartbeat"] * 2
    clock.now += aging.EVERY_S
    forget_all(store)
    assert types(store) == []
    store.close()
