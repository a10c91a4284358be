"""What commits took is counted over the lives of writers, and a refused append is none."""

from pathlib import Path

import pytest

from actors.journal.fleet import AgentResetRequested
from actors.stores import commits
from actors.stores.commits import BOUNDS_S, Commits
from actors.stores.group import GroupStore
from actors.stores.reader import Reader
from tests.support import stores


def taken(path: Path) -> commits.Taken:
    reader = Reader(path)
    try:
        return commits.read(reader.db)
    finally:
        reader.close()


async def test_they_go_on_when_the_writer_begins_anew(store_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits, "KEPT_S", 0.0)
    for life in range(2):
        store = GroupStore(store_file)
        for number in range(4):
            await store.append(f"{life}-{number}", [AgentResetRequested(agent="executor-0")])
        await store.close()
    found = taken(store_file)
    assert sum(found.counts) == 6, "each writer's last one is not told yet"
    assert 0 < found.seconds < 60


def test_each_is_in_the_class_that_it_fits(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with stores.writer(path) as writer:
        before = commits.read(writer.db).counts
        it = Commits()
        for seconds in (0.0005, 0.001, 0.0011, 0.3, 5.0, 7.0):
            it.took(seconds)
        it.keep(writer.db, 100.0)
        found = commits.read(writer.db)
        it.took(0.0001)
        it.keep(writer.db, 100.5)
        assert commits.read(writer.db) == found, "once a second is enough"
    added = [now - then for now, then in zip(found.counts, before, strict=True)]
    by_class = dict(zip([*BOUNDS_S, float("inf")], added, strict=True))
    assert {end: count for end, count in by_class.items() if count} == {
        0.001: 2,
        0.002: 1,
        0.5: 1,
        5.0: 1,
        float("inf"): 1,
    }
