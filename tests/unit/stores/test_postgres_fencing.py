"""Sessions that end, servers that restart, and two writers of one database: nothing is lost, nothing comes twice."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from actors.errors import StoreLocked, StoreUnreachable
from actors.journal.rows import Row, to_row
from actors.stores.group import GroupStore
from actors.stores.holder import holder, is_held
from actors.stores.inspection import inspect
from actors.stores.postgres.store import PostgresStore
from actors.stores.reader import Reader
from actors.stores.writer import Append
from actors.work import Role
from tests.support import stores
from tests.support.servers import PostgresServer

LONG_S = 20.0


def wish(name: str) -> Append:
    row: Row = to_row(stores.wish("r", name))
    ref, text = stores.long_text(name)
    return Append(name, [row], {ref: text})


def opened(file: Path, clock: Callable[[], float] = time.time, patience_s: float = LONG_S) -> PostgresStore:
    """A writer, once the session before it has ended at the server."""
    deadline = time.monotonic() + LONG_S
    while True:
        try:
            return PostgresStore(file, clock, patience_s)
        except StoreLocked:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def file(postgres: PostgresServer, tmp_path: Path) -> Iterator[Path]:
    """A store with the accepted run r; whole at the end."""
    made = postgres.store(tmp_path)
    with closing(opened(made)) as store:
        store.accept(stores.plan("r"))
    yield made
    assert list(inspect(made)) == []


def wishes(file: Path) -> list[str]:
    with closing(Reader(file)) as reader:
        return [str(event.__dict__["target"]) for event in reader.events("r", 1)]


def at_call(number: int, do: Callable[[], object]) -> Callable[[], float]:
    """A clock that does something when it is looked at for the N-th time from now on, once."""
    left = [number]

    def clock() -> float:
        left[0] -= 1
        if left[0] == 0:
            do()
        return time.time()

    return clock


@pytest.mark.parametrize("look", [1, 2, 3, 4])
def test_a_session_that_is_cut_within_a_commit_is_followed_by_another(
    file: Path, postgres: PostgresServer, look: int
) -> None:
    with closing(opened(file)) as store:
        store.clock = at_call(look, postgres.cut)
        assert store.commit([wish("a"), wish("b")]) == [(2,), (3,)]
        assert store.commit([wish("a"), wish("c")]) == [(2,), (4,)], "sent again it is the same"
    assert wishes(file) == ["a", "b", "c"]


def test_a_commit_whose_answer_was_lost_is_not_made_twice(file: Path, postgres: PostgresServer) -> None:
    with closing(opened(file)) as store, postgres.acknowledging_nothing() as waiting:
        lost = waiting(lambda: store.commit([wish("a")]))
        assert lost == [(2,)]
        assert store.commit([wish("a"), wish("b")]) == [(2,), (3,)]
    assert wishes(file) == ["a", "b"]


def test_claims_and_registrations_are_made_once_too(file: Path, postgres: PostgresServer) -> None:
    with closing(opened(file)) as store:
        for work in (
            lambda: store.claim("id", "r", "driver", None),
            lambda: store.register("e", Role.EXECUTOR, 1, "node"),
        ):
            with postgres.acknowledging_nothing() as waiting:
                assert waiting(work) == 1
        assert store.claim("id", "r", "driver", None) == 1


def test_there_is_one_writer_and_it_can_be_seen(file: Path) -> None:
    assert not is_held(file)
    with closing(opened(file)):
        assert is_held(file)
        assert holder(file) == os.getpid()
        with pytest.raises(StoreLocked, match=r"mnemosyne store .* writes to this store"):
            PostgresStore(file)
    assert holder(file) is None


def test_a_writer_that_lost_its_session_to_another_writes_nothing(file: Path, postgres: PostgresServer) -> None:
    first = opened(file)
    taken: list[PostgresStore] = []

    def take_over() -> None:
        postgres.cut()
        taken.append(opened(file))
        taken[0].commit([wish("new")])

    first.clock = at_call(2, take_over)
    with pytest.raises(StoreLocked):
        first.commit([wish("old")])
    with pytest.raises(StoreLocked):
        first.accept(stores.plan("r2"))
    assert wishes(file) == ["new"]
    taken[0].close()
    assert first.commit([wish("old")]) == [(3,)], "it may write again once nobody else does, and knows what was written"
    first.close()
    assert wishes(file) == ["new", "old"]


def test_a_writer_whose_session_outlived_its_right_writes_nothing(file: Path, postgres: PostgresServer) -> None:
    """A pooler may give a lock to whom it pleases: then the token decides."""
    with closing(opened(file)) as store, postgres.connect() as db:
        for work in (
            lambda: store.commit([wish("a")]),
            lambda: store.accept(stores.plan("r2")),
            lambda: store.claim("id", "r", "driver", None),
        ):
            db.execute("update mnemosyne.marks set value = value + 1 where name = 'writer'")
            with pytest.raises(StoreLocked, match="another process took this store over"):
                work()
            assert wishes(file) == []
            store.db.connect()


def test_a_server_that_stays_away_is_told_and_nothing_is_lost(file: Path, postgres: PostgresServer) -> None:
    with closing(opened(file, patience_s=0.3)) as store:
        store.commit([wish("a")])
        postgres.stop()
        try:
            with pytest.raises(StoreUnreachable, match=r"cannot be reached.*nothing that was acknowledged is lost"):
                store.commit([wish("b")])
            with pytest.raises(StoreUnreachable):
                Reader(file)
        finally:
            postgres.start()
        assert store.commit([wish("b")]) == [(3,)]
    assert wishes(file) == ["a", "b"]


async def test_through_a_restart_of_the_server_callers_wait_and_readers_go_on(
    file: Path, postgres: PostgresServer
) -> None:
    store = GroupStore(file)
    reading = asyncio.create_task(store.read("r", 1, LONG_S))
    await asyncio.sleep(0)
    assert await store.read("r", 1, 0) == [], "looks are made in turn: the one before waits for news by now"
    await asyncio.to_thread(postgres.stop)
    names = [f"{number}" for number in range(20)]
    sent = [asyncio.create_task(store.append(name, [stores.wish("r", name)])) for name in names]
    await asyncio.sleep(0)
    await asyncio.to_thread(postgres.start)
    seqs = [seq for receipt in await asyncio.gather(*sent) for seq in receipt.seqs]
    assert seqs == list(range(2, 22))
    assert len(await reading) >= 1
    assert len(await store.read("r", 1, 0)) == 20
    again = await asyncio.gather(*(store.append(name, [stores.wish("r", name)]) for name in names))
    assert [seq for receipt in again for seq in receipt.seqs] == seqs
    await store.close()
    assert wishes(file) == names
