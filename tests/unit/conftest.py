"""What unit tests share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.stores.group import GroupStore
from actors.stores.memory import MemoryStore
from actors.stores.protocol import Store
from tests.support.servers import PostgresServer


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store of each kind."""
    if request.param == "memory":
        yield MemoryStore()
        return
    made = GroupStore(file_of(request, request.param, tmp_path))
    yield made
    await made.close()


@pytest.fixture(params=["sqlite", "postgres"])
def store_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where an empty store of each kind is that outlives its process."""
    return file_of(request, request.param, tmp_path)


def file_of(request: pytest.FixtureRequest, kind: str, folder: Path) -> Path:
    """The file of a home that has a store of this kind."""
    if kind == "sqlite":
        return folder / "store.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.store(folder)
