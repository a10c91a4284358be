"""What unit tests share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.stores.group import GroupStore
from actors.stores.memory import MemoryStore
from actors.stores.protocol import Store


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store of each kind."""
    if request.param == "memory":
        yield MemoryStore()
    else:
        made = GroupStore(tmp_path / "store.db")
        yield made
        await made.close()
