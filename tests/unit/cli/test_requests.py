"""Requests: into the journal at once when nobody writes the store, through the folder when somebody does."""

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actors.errors import NotFound, UserError
from actors.events import CancelRequested, ContinueRequested, PauseRequested, RunFinished, RunStarted
from actors.stores import requests as folder
from actors.stores.group import GroupStore
from actors.stores.kinds import open_inbox
from actors.stores.reader import Reader
from actors.work import Item, ItemState, RunStatus
from cluster.cli.main import app
from cluster.home import requests
from tests.support.fakes import accepted


async def closed_store(path: Path) -> Path:
    store = GroupStore(path)
    await accepted(store, Item(id="a", description="x"))
    await store.close()
    return path


def types(path: Path) -> list[str]:
    reader = Reader(path)
    try:
        return [event.type for event in reader.events("r", 1)]
    finally:
        reader.close()


async def test_with_no_process_alive_a_request_is_in_the_journal_at_once(store_file: Path) -> None:
    path = await closed_store(store_file)
    assert requests.cancel(path, "r", "a")
    assert requests.pause(path, "r")
    assert requests.go_on(path, "r")
    assert types(path) == ["cancel_requested", "pause_requested", "continue_requested"]


async def test_nothing_can_be_asked_of_a_run_that_is_finished(store_file: Path) -> None:
    path = await closed_store(store_file)
    store = GroupStore(path)
    term = await store.claim("r", "d")
    counts = {state.value: int(state is ItemState.CANCELLED) for state in ItemState}
    over = RunFinished(run="r", term=term, status=RunStatus.CANCELLED, counts=counts)
    await store.append("end", [RunStarted(run="r", term=term, driver="d"), over])
    await store.close()
    for ask in (partial(requests.cancel, item=None), requests.pause, requests.go_on):
        with pytest.raises(UserError, match="run r is finished: cancelled"):
            ask(path, "r")


async def test_beside_a_living_store_it_is_taken_in_once(store_file: Path) -> None:
    path = await closed_store(store_file)
    store = GroupStore(path)
    taking = asyncio.create_task(store.take_requests())
    assert await asyncio.to_thread(requests.pause, path, "r")
    assert types(path) == ["pause_requested"]
    with closing(open_inbox(path)) as inbox:
        assert inbox.counts() == (0, 0)
    taking.cancel()
    await store.close()


async def test_one_that_is_left_twice_or_whose_run_is_gone_harms_nobody(store_file: Path) -> None:
    path = await closed_store(store_file)
    with closing(open_inbox(path)) as inbox:
        gone, there = inbox.leave(PauseRequested(run="gone")), inbox.leave(PauseRequested(run="r"))
        assert [request.id for request in inbox.waiting()] == [gone, there]
        store = GroupStore(path)
        await store.append(there, [PauseRequested(run="r")])  # as if the store had died before it was removed
        taking = asyncio.create_task(store.take_requests())
        async with asyncio.timeout(5):
            while inbox.counts() != (0, 1):
                await asyncio.sleep(0.01)
        assert not inbox.has(there)
        assert not inbox.has(gone), "it was set aside"
        taking.cancel()
        await store.close()
    assert types(path) == ["pause_requested"]


async def test_a_request_left_by_a_killed_process_is_taken_by_the_next_and_not_twice(tmp_path: Path) -> None:
    path = await closed_store(tmp_path / "store.db")
    file = folder.leave(path, PauseRequested(run="r"))
    body = file.read_bytes()
    for _ in range(2):
        store = GroupStore(path)
        taking = asyncio.create_task(store.take_requests())
        async with asyncio.timeout(5):
            while file.exists():
                await asyncio.sleep(0.01)
        taking.cancel()
        await store.close()
        assert types(path) == ["pause_requested"]
        file.write_bytes(body)  # as if the store had died between the commit and the removal


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}", b'{"type":"item_closed"}', b"[]"])
async def test_a_file_that_is_no_request_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = await closed_store(tmp_path / "store.db")
    file = folder.leave(path, ContinueRequested(run="r"))
    file.write_bytes(content)
    assert list(folder.waiting(path)) == []
    assert file.with_suffix(".bad").read_bytes() == content


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda path: requests.cancel(path, "nobody", None), NotFound),
        (lambda path: requests.cancel(path, "r", "b"), UserError),
        (lambda path: requests.pause(path, "nobody"), NotFound),
    ],
)
async def test_an_unknown_run_or_item_is_refused(
    store_file: Path, ask: Callable[[Path], bool], error: type[Exception]
) -> None:
    path = await closed_store(store_file)
    with pytest.raises(error):
        ask(path)
    assert types(path) == []


async def test_a_request_names_its_run_by_key_too(tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await accepted(store, Item(id="a", description="x"), key="monday")
    await store.close()
    assert requests.cancel(tmp_path / "store.db", "monday", None)
    reader = Reader(tmp_path / "store.db")
    (event,) = reader.events("r", 1)
    assert isinstance(event, CancelRequested)
    assert event.run == "r"
    reader.close()


@pytest.mark.parametrize("word", ["cancel", "pause", "continue"])
async def test_the_commands_tell_programs_whether_the_request_is_in_the_journal(tmp_path: Path, word: str) -> None:
    path = await closed_store(tmp_path / "store.db")
    told = await asyncio.to_thread(CliRunner().invoke, app, [word, "r", "--home", str(tmp_path), "--json"])
    assert json.loads(told.output) == {"request": word, "in_journal": True}
    assert types(path) == [f"{word}_requested"]
