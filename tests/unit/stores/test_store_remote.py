"""The store as other processes see it: what crosses is text and numbers, and every answer is the store's own."""

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ray.exceptions import RayActorError

from actors.errors import StaleTerm, UserError
from actors.events import Event
from actors.handles.store import RemoteStore
from actors.processes.store import StoreProcess
from actors.stores.protocol import Accept, RunRecord
from tests.support.stores import grown, plan, result, reused, worked

PLAIN = (str, int, float, bool, type(None))


def is_plain(value: Any) -> bool:
    """Whether Ray carries it without a class of ours, but for the two named tuples of the store's port."""
    match value:
        case Accept() | RunRecord() | list() | tuple():
            return all(map(is_plain, value))
        case dict():
            return all(map(is_plain, value.values()))
    return isinstance(value, PLAIN)


class Method:
    """As of an actor's handle."""

    def __init__(self, call: Callable[..., Any], lost: list[bool]) -> None:
        self._call, self._lost = call, lost

    async def remote(self, *args: Any) -> Any:
        """The call; what crosses is looked at on its way."""
        assert is_plain(args), args
        answer = await self._call(*args)
        assert isinstance(answer, Exception) or is_plain(answer), answer
        if self._lost and self._lost.pop():
            raise RayActorError  # the store's process died with the answer
        return answer


class Handle:
    """As of an actor, in this process."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor
        self.lost: list[bool] = []
        """Whether the next answers get lost, the last one first."""

    def __getattr__(self, name: str) -> Method:
        return Method(getattr(self._actor, name), self.lost)


@pytest.fixture(autouse=True)
def mask() -> Iterator[None]:
    """The store's process sets its own."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
async def handle(tmp_path: Path) -> AsyncIterator[Handle]:
    process = StoreProcess(str(tmp_path / "store.db"))
    yield Handle(process)
    await process.close()


@pytest.fixture
def store(handle: Handle) -> RemoteStore:
    return RemoteStore(handle)


async def types(store: RemoteStore, run: str) -> list[str]:
    return [event.type for event in await store.read(run, 0, 0)]


async def test_a_revision_crosses_as_json(store: RemoteStore) -> None:
    assert (await store.accept(plan("old", "monday"))).run == "old"
    assert await store.claim("old", "driver", 0) == 1
    outcome, payloads = result("old")
    events: list[Event] = worked("old", "a", outcome)
    assert (await store.append("1", events, payloads)).seqs == (2, 3)
    taken = (reused("new", "old"), *grown("new", "old"))
    record = await store.accept(plan("new", "monday", "other")._replace(revises="old", reused=taken))
    assert (record.run, record.key, record.revises) == ("new", "monday", "old")
    assert await types(store, "new") == ["run_accepted", "item_reused", "items_added", "item_reused"]
    assert [item.id for item in await store.items("new")] == ["a", "b", "b[0]", "b[1]"]
    _, *rows = await store.read("new", 0, 0)
    assert tuple(row.model_copy(update={"seq": 0, "at": 0.0}) for row in rows) == taken
    assert json.dumps(await store.payloads([*payloads]))


async def test_refusals_cross_as_themselves(store: RemoteStore) -> None:
    await store.accept(plan("r", "monday"))
    with pytest.raises(UserError, match="belongs to run r"):
        await store.accept(plan("other", "monday", "other"))
    await store.claim("r", "one", 0)
    with pytest.raises(StaleTerm, match="driven by one in term 1"):
        await store.claim("r", "two", 0)


async def test_what_is_sent_again_after_a_lost_answer_is_done_once(store: RemoteStore, handle: Handle) -> None:
    handle.lost += [True]
    assert (await store.accept(plan("r"))).accepted_seq == 1
    handle.lost += [True]
    assert await store.claim("r", "driver", 0) == 1, "its own claim does not shut it out"
    handle.lost += [True]
    assert (await store.append("1", worked("r", "a", result("r")[0]))).seqs == (2, 3)
    assert await types(store, "r") == ["run_accepted", "item_assigned", "item_closed"]
    assert await store.claim("r", "driver", 1) == 2
