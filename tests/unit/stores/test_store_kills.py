"""SIGKILL of a store's writer: at random moments (the short form of tests/faults/test_store.py) and at every point."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.stores.inspection import inspect
from actors.stores.migrations import kept
from actors.stores.reader import Reader
from actors.stores.sqlite import SqliteStore
from tests.support import store_child, stores
from tests.support.store_child import Server
from tests.support.store_kills import kill_at_every_point, kill_often, state


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with store_child.server() as made:
        yield made


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Where the store is made that every child gets a copy of."""
    (tmp_path / "made").mkdir()
    return tmp_path / "made" / "store.db"


def test_no_acknowledged_row_is_lost(server: Server, tmp_path: Path) -> None:
    assert kill_often(server, tmp_path, kills=20, seed=1) > 20


def test_a_migration_killed_at_every_point_goes_on(server: Server, made: Path, tmp_path: Path) -> None:
    stores.make_1(made)
    before = state(made)
    for path in kill_at_every_point(server, "migrate", made, tmp_path):
        if kept(path, 1).exists():
            assert state(kept(path, 1)) == before
        SqliteStore(path).close()  # goes on, or has nothing to do
        assert state(kept(path, 1)) == before
        after = state(path)
        assert {**after, "runs": [run[:-1] for run in after["runs"]]} == before
        assert list(inspect(path)) == []
        assert [file.name for file in path.parent.glob("*.part*")] == []


def test_a_revision_killed_at_every_point_is_whole_or_not_there(server: Server, made: Path, tmp_path: Path) -> None:
    with stores.writer(made) as store:
        stores.begin(store, "half", "monday")
    before, seen = state(made), set[bool]()
    for path in kill_at_every_point(server, "revise", made, tmp_path):
        assert list(inspect(path)) == []
        reader = Reader(path)
        new = reader.run("monday").run == "new"
        if new:
            types = [event.type for event in reader.events("new")]
            assert types == ["run_accepted", "item_reused", "items_added", "item_reused"]
            assert [item.id for item in reader.items("new")] == ["a", "b", "b[0]", "b[1]"]
            assert reader.events("half")[-1].type == "cancel_requested"
            assert reader.run("half").key is None
        else:
            assert state(path) == before
        reader.close()
        seen.add(new)
        store_child.revise(path)  # once more is harmless
        reader = Reader(path)
        assert [run.run for run in reader.runs()] == ["half", "new"]
        reader.close()
    assert seen == {False, True}


def test_a_prune_killed_at_every_point_leaves_whole_runs(server: Server, made: Path, tmp_path: Path) -> None:
    stores.make(made)
    for run in ("old-1", "old-2", "half"):
        (made.parent / "runs" / run).mkdir(parents=True)
        (made.parent / "runs" / run / "a.md").write_text("an answer\n")
    seen = set[tuple[str, ...]]()
    for path in kill_at_every_point(server, "prune", made, tmp_path):
        assert list(inspect(path)) == []
        reader = Reader(path)
        runs = tuple(run.run for run in reader.runs())
        reader.close()
        assert {"half", *runs} >= {file.name for file in (path.parent / "runs").iterdir()}, "files of no run"
        seen.add(runs)
        store_child.prune(path)  # goes on
        assert list(inspect(path)) == []
        assert [run[1] for run in state(path)["runs"]] == ["half"]
        assert len(state(path)["payloads"]) == 2
        assert [file.name for file in (path.parent / "runs").iterdir()] == ["half"]
    assert seen == {("old-1", "old-2", "half"), ("old-2", "half"), ("half",)}


def test_a_backup_killed_at_every_point_is_whole_or_not_there(server: Server, made: Path, tmp_path: Path) -> None:
    stores.make(made)
    for path in kill_at_every_point(server, "backup", made, tmp_path):
        copy = path.with_name("copy.db")
        if not copy.exists():
            store_child.backup(path)
        assert list(inspect(copy)) == []
        assert state(copy) == state(path)
        assert not path.with_name("copy.db.part").exists()
