"""The event stream: a snapshot first, every row once, gaps told, many readers, another journal."""

import asyncio
import random
import socket
import time
from pathlib import Path

from actors.events import CancelRequested, PauseRequested
from actors.journal.people import Approval, ApprovalGranted, ApprovalRequested
from actors.stores import upkeep
from actors.stores.group import GroupStore
from actors.stores.sqlite import SqliteStore
from tests.support.histories import accept, assigned, began, items, legal, view_of, write, write_run
from tests.support.pages import TOKEN, Message, Page, page, reading, until

PLAN = items(a=(), b="a", c="a", d="bc")


def rows(messages: list[Message]) -> list[int]:
    return [message.id for message in messages if message.type == "journal" and message.id]


async def test_a_reader_gets_a_snapshot_then_what_is_new(tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await accept(store, PLAN)
    async with page(tmp_path) as served, reading(served, "r") as messages:
        (first,) = await until(messages, "snapshot")
        assert [item["state"] for item in first.data["run"]["items"]] == ["ready", "waiting", "waiting", "waiting"]
        assert [item["dependencies"] for item in first.data["run"]["plan"]] == [[], ["a"], ["a"], ["b", "c"]]
        before = time.time()
        await write(store, assigned("a"), began("a"))
        found = await until(messages, "items")
        assert time.time() - before < 1.0
        assert first.id
        assert rows(found) == [first.id + 1, first.id + 2]
        assert [told["type"] for told in found[0].data] == ["work_item_assigned"]
        (changed,) = found[-1].data["items"]
        assert (changed["id"], changed["state"]) == ("a", "active")
    await store.close()


async def test_a_reader_that_comes_back_misses_nothing_and_gets_nothing_twice(tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await accept(store, PLAN)
    history = [event for event, _ in legal(PLAN, random.Random(7)) if event.type != "run_accepted"]
    async with page(tmp_path) as served:
        async with reading(served, "r") as messages:
            cursor = (await until(messages, "snapshot"))[0].id
            assert cursor is not None
        seen: list[int] = []
        for event in history:
            await write(store, event.model_copy(update={"seq": 0, "at": 0.0}))
            async with reading(served, "r", cursor) as messages:
                while not (new := rows(await until(messages, "journal"))):
                    pass
            seen += new
            cursor = seen[-1]
        assert seen == list(range(seen[0], seen[0] + len(history)))
        async with reading(served, "r", cursor) as messages:
            (last,) = await until(messages, "snapshot")
        assert "recent" not in last.data
        view = view_of(PLAN, *history)
        states = {item["id"]: item["state"] for item in last.data["run"]["items"]}
        assert states == {item.id: item.state for item in view.items.values()}
    await store.close()


async def test_another_server_goes_on_where_the_first_one_was_killed(tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await accept(store, PLAN)
    async with page(tmp_path) as served, reading(served, "r") as messages:
        cursor = (await until(messages, "snapshot"))[0].id
    await write(store, PauseRequested(run="r"))
    async with page(tmp_path) as served, reading(served, "r", cursor) as messages:
        missed, _ = await until(messages, "snapshot")
        await write(store, PauseRequested(run="r"), id_="2")
        assert missed.id
        assert rows(await until(messages, "journal")) == [missed.id + 1]
    await store.close()


async def test_removed_rows_are_a_gap_that_is_told(tmp_path: Path) -> None:
    await write_run(tmp_path, PLAN, random.Random(1), "old")
    await write_run(tmp_path, PLAN, random.Random(2), "new")
    store = SqliteStore(tmp_path / "store.db")
    upkeep.remove(store, upkeep.finished_before(store.db, time.time() + 1)[0])
    store.close()
    async with page(tmp_path) as served:
        async with reading(served, last=1) as messages:
            gap, snapshot = await until(messages, "snapshot")
            assert gap.type == "gap"
            assert gap.data == {"after": 1, "upto": snapshot.id, "reason": "events were removed from the journal"}
            assert gap.id is None
            assert [run["run"] for run in snapshot.data["runs"]] == ["new"]
            assert snapshot.data["recent"]
        async with reading(served, last=10**6) as messages:
            assert (await until(messages, "snapshot"))[0].data["reason"] == "this is another journal"


async def test_a_store_that_comes_later_or_is_replaced_is_told(tmp_path: Path) -> None:
    async with page(tmp_path, ready=False) as served:
        answer = await served.client.get("/events")
        assert answer.status_code == 503
        assert "there is no store here yet" in answer.json()["error"]
        await write_run(tmp_path, PLAN, random.Random(1), "first")
        async with reading(served) as messages:
            (first,) = await until(messages, "snapshot")
            assert [run["run"] for run in first.data["runs"]] == ["first"]
            for name in ("store.db", "store.db-wal", "store.db-shm"):
                (tmp_path / name).unlink(missing_ok=True)
            await write_run(tmp_path, PLAN, random.Random(2), "second")
            async with asyncio.timeout(20):
                rest = [message async for message in messages]
            assert not [message for message in rest if message.type == "snapshot"], "it ends, and the reader comes back"
        async with reading(served, last=first.id) as messages:
            found = await until(messages, "snapshot")
            assert [run["run"] for run in found[-1].data["runs"]] == ["second"]


async def test_two_hundred_readers_get_every_row(tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await accept(store, PLAN)
    async with page(tmp_path) as served:
        readers = [await connected(served) for _ in range(200)]
        async with asyncio.timeout(20):
            while (await served.client.get("/state/stats")).json()["readers"] < 200:
                await asyncio.sleep(0.02)
            for number in range(50):
                await write(store, PauseRequested(run="r"), id_=str(number))
            told = await asyncio.gather(*(ids(reader, 50) for reader, _ in readers))
        for _, writer in readers:
            writer.close()
        assert all(found == list(range(told[0][0], told[0][0] + 50)) for found in told)
    await store.close()


async def connected(served: Page) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A reader on the bare socket, which is cheap."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.base.rpartition(":")[2]))
    told = f"GET /events?run=r HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    writer.write(told.encode())
    return reader, writer


async def ids(reader: asyncio.StreamReader, wanted: int) -> list[int]:
    """Of the rows that it is told, in their order."""
    found: list[int] = []
    last = b""
    while len(found) < wanted:
        line = await reader.readuntil(b"\n")
        if line == b"event: journal\n":
            found.append(int(last.removeprefix(b"id: ")))
        last = line
    return found


async def test_a_reader_that_takes_nothing_is_dropped(tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await accept(store, items(**{f"i{number}": () for number in range(3000)}))
    async with page(tmp_path, send_s=0.2) as served:
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            slow.connect(("127.0.0.1", int(served.base.rpartition(":")[2])))
            slow.send(
                f"GET /events?run=r HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
            )
            async with asyncio.timeout(20):
                while not (stats := (await served.client.get("/state/stats")).json())["dropped"]:
                    await store.append(str(time.monotonic()), [PauseRequested(run="r")])
            assert stats["readers"] == 0
    await store.close()


async def test_hostile_text_is_spelt_out(tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await accept(store, items(**{"<img src=x onerror=alert(1)>": ()}), name="\x1b[2J\u202ename</script>")
    async with page(tmp_path) as served:
        async with reading(served, "r") as messages:
            (first,) = await until(messages, "snapshot")
        raw = (await served.client.get("/state/runs")).content
    assert first.data["runs"][0]["name"] == "\\x1b[2J\\u202ename</script>"
    assert all(32 <= byte < 127 for byte in raw)
    await store.close()


async def test_an_item_that_a_person_spoke_of_is_told_at_once(tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await accept(store, items(a=()))
    asked = ApprovalRequested(run="r", item="a", epoch=0, what=Approval.START, message="it is to begin", term=1)
    await write(store, asked)
    async with page(tmp_path) as served, reading(served, "r") as messages:
        (first,) = await until(messages, "snapshot")
        assert first.data["run"]["items"][0]["waits_for"]["epoch"] == 0
        await write(store, ApprovalGranted(run="r", target="a", epoch=0))
        (item,) = (await until(messages, "items"))[-1].data["items"]
        assert (item["state"], item["waits_for"]) == ("ready", None)
    await store.close()


async def test_requests_of_other_runs_are_not_told(tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await accept(store, PLAN)
    await accept(store, PLAN, "other")
    async with page(tmp_path) as served, reading(served, "r") as messages:
        await until(messages, "snapshot")
        await write(store, CancelRequested(run="other"))
        assert [message.type for message in await until(messages, "change")] == ["change"], "the list of runs knows"
        await write(store, CancelRequested(run="r"))
        (told,) = await until(messages, "journal")
        assert [event["run"] for event in told.data] == ["r"]
    await store.close()
