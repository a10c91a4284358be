"""The write-ahead log stays short, however small the commits are and however close together."""

import asyncio
from pathlib import Path

import pytest

from actors.journal.fleet import AgentHeartbeat
from actors.stores import group
from actors.stores.group import GroupStore

PAGE, PAGES = 4096, 100
"""Of a log that is emptied ten times as often as usual."""


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "LOG_PAGES", PAGES)


async def beat(store: GroupStore, name: str, times: int) -> None:
    for number in range(times):
        await store.append(f"{name}-{number}", [AgentHeartbeat(agent=name, generation=number)])


async def test_small_commits_do_not_let_it_grow(tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await beat(store, "executor-0", 200)
    length = (tmp_path / "store.db-wal").stat().st_size
    assert PAGES * PAGE < length < 3 * PAGES * PAGE, "200 of them would be 3.6 MB"
    await store.close()


async def test_commits_without_a_pause_do_not_outrun_it(tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    async with asyncio.TaskGroup() as tasks:
        for agent in range(4):
            tasks.create_task(beat(store, f"executor-{agent}", 300))
    assert (tmp_path / "store.db-wal").stat().st_size < 4 * PAGES * PAGE
    assert len(await store.read("", 0, 0, limit=10_000)) == 1200
    await store.close()
