"""Following a run on terminals and in pipes, beside its writer and after it."""

import asyncio
import io
import random
import re
from pathlib import Path

import apsw
import pytest
from rich.console import Console

from actors.errors import NotFound, StoreUnusable
from actors.events import (
    AgentUnavailable,
    Event,
    ItemSkipped,
    RunStarted,
)
from actors.stores.group import GroupStore
from actors.stores.reader import Reader
from actors.work import Role
from cluster.cli.live import follow
from dashboards.views.projection import RunView
from tests.support.histories import (
    BAD,
    GONE,
    GOOD,
    accept,
    assigned,
    began,
    closed,
    ended,
    failed,
    items,
    legal,
    record,
    view_of,
    write,
    write_run,
)
from tests.support.screens import HARMLESS, HOSTILE, hostile_run, output, plain, terminal

CURSOR_SHOWN = "\x1b[?25h"


def followed(path: Path, run: str, console: Console) -> RunView:
    return asyncio.run(follow(Reader(path / "store.db"), run, console))


def test_a_finished_run_as_plain_lines(tmp_path: Path) -> None:
    async def make() -> None:
        store = GroupStore(tmp_path / "store.db")
        await store.register("executor-0", Role.EXECUTOR, 7, "n")
        plan = items(a=[], b=[], c="b")
        await accept(store, plan)
        view = RunView(plan, record(plan))
        rows: list[Event] = [RunStarted(run="r", term=1, driver="d"), assigned("a"), began("a"), closed("a", GOOD)]
        rows += [assigned("b"), closed("b", GONE), assigned("b", 2), began("b", 2), closed("b", BAD, epoch=2)]
        rows += [failed("b"), ItemSkipped(run="r", item="c", cause="b", term=1)]
        for row in rows:
            view.apply(row)
        await write(store, *rows, ended(view))
        await store.close()

    asyncio.run(make())
    console = plain()
    view = followed(tmp_path, "r", console)
    assert view.finished
    assert re.sub(r"^\d+\.\ds  ", "", output(console), flags=re.MULTILINE).splitlines() == [
        "executor-0  started",
        "run r  accepted  plan  3 items  model scripted",
        "run r  started",
        "a  active  executor-0  attempt 1",
        "a  complete  executor-0  attempt 1  4.2 s  312+88 tokens",
        "b  lost  executor-0  attempt 1  executor-0 was killed",
        "b  active  executor-0  attempt 1  after: executor-0 was killed",
        "b  failed  executor-0  attempt 1  1.0 s  the real message",
        "c  skipped  b failed",
        "run r  completed_with_failures  3/3 done, 1 failed, 1 skipped, 312+88 tokens, $0.01",
    ]


async def written_beside(path: Path, console: Console) -> RunView:
    """A run that is written row by row while it is followed."""
    store, plan = GroupStore(path / "store.db"), items(a=[], b="a")
    await accept(store, plan, key="monday")
    rows = [event for event, _ in legal(plan, random.Random(3)) if event.type != "run_accepted"]
    following = asyncio.create_task(follow(Reader(path / "store.db"), "monday", console))
    for number, row in enumerate(rows):
        assert not following.done()
        await write(store, row, id_=str(number))
        await asyncio.sleep(0)
    async with asyncio.timeout(20):
        view = await following
    await store.close()
    return view


@pytest.mark.parametrize("console", [plain(), terminal()], ids=["plain", "terminal"])
async def test_a_run_is_followed_beside_its_writer_to_its_end(tmp_path: Path, console: Console) -> None:
    view = await written_beside(tmp_path, console)
    assert view.finished
    assert sum(view.items.counts[state] for state in ("complete", "failed", "skipped")) == 2
    assert f"{view.items.counts['complete']}" in output(console)
    assert "2/2 done" in output(console)


async def test_following_ends_when_done_after_showing_all_that_was_written(tmp_path: Path) -> None:
    store, plan, console = GroupStore(tmp_path / "store.db"), items(a=[]), plain()
    await accept(store, plan)
    over = asyncio.Event()
    following = asyncio.create_task(follow(Reader(tmp_path / "store.db"), "r", console, lambda _: over.is_set()))
    await write(store, assigned("a"), began("a"))
    over.set()
    async with asyncio.timeout(20):
        view = await following
    await store.close()
    assert not view.finished
    assert "a  active" in output(console)


async def test_following_that_is_cancelled_gives_the_cursor_back(tmp_path: Path) -> None:
    store, console, looked = GroupStore(tmp_path / "store.db"), terminal(), asyncio.Event()
    await accept(store, items(a=[]))

    def never(_: RunView) -> bool:
        looked.set()
        return False

    following = asyncio.create_task(follow(Reader(tmp_path / "store.db"), "r", console, never))
    await looked.wait()
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    await store.close()
    assert output(console).rstrip().endswith(CURSOR_SHOWN)


def test_a_terminal_gets_every_failure_in_full_at_the_end(tmp_path: Path) -> None:
    async def make() -> None:
        store, plan = GroupStore(tmp_path / "store.db"), items(**{f"i{n}": [] for n in range(13)})
        await accept(store, plan)
        view = RunView(plan, record(plan))
        message = "the API refused the key; change it, then continue the run, and " + "so on " * 20
        rows = [r for i in plan for r in (assigned(i.id), closed(i.id, BAD), failed(i.id, message + "to the end"))]
        for row in rows:
            view.apply(row)
        await write(store, *rows, ended(view), id_="all")
        await store.close()

    asyncio.run(make())
    console = terminal()
    followed(tmp_path, "r", console)
    tail = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", output(console)).split("13/13 done")[-1]
    assert " ".join(tail.split()).count("to the end") == 10
    assert "… and 3 more; `mnemosyne status r` lists them" in " ".join(tail.split())


def test_without_colour_the_words_say_it_all(tmp_path: Path) -> None:
    asyncio.run(write_run(tmp_path, items(a=[], b="a"), random.Random(1)))
    console = terminal(no_color=True)
    followed(tmp_path, "r", console)
    assert not re.search(r"\x1b\[[\d;]*\b3[0-7]m", output(console))
    assert "complete" in output(console)


def test_hostile_texts_do_nothing_on_a_terminal(tmp_path: Path) -> None:
    plan, rows = hostile_run()

    async def make() -> None:
        store = GroupStore(tmp_path / "store.db")
        await accept(store, plan)
        kept = [row for row in rows if not isinstance(row, AgentUnavailable)]
        kept[2] = failed(plan[0].id, HOSTILE.replace("\ud800", ""))
        await write(store, *kept, ended(view_of(plan, *kept)))
        await store.close()

    asyncio.run(make())
    console = terminal()
    followed(tmp_path, "r", console)
    ours = re.sub(r"\x1b\[(\?25[lh]|\d*A|2K|[\d;]*m)", "", output(console))
    assert all(map(HARMLESS.fullmatch, re.split("[\r\n]+", ours)))
    assert "[red]x[/red] :boom:" in ours


def test_a_stream_that_lacks_characters_gets_question_marks(tmp_path: Path) -> None:
    asyncio.run(write_run(tmp_path, items(漢字=[]), random.Random(1)))
    raw = io.BytesIO()
    for force in (False, True):
        stream = io.TextIOWrapper(raw, encoding="ascii")
        followed(tmp_path, "r", Console(file=stream, force_terminal=force, width=80, height=24))
        stream.flush()
        stream.detach()
    assert b"??" in raw.getvalue()


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    asyncio.run(write_run(tmp_path, items(a=[]), random.Random(1)))
    console = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"})
    followed(tmp_path, "r", console)
    assert "\x1b" not in output(console)
    assert "run r  accepted  plan" in output(console)


def test_an_unknown_run_is_refused(tmp_path: Path) -> None:
    asyncio.run(write_run(tmp_path, items(a=[]), random.Random(1)))
    with pytest.raises(NotFound):
        followed(tmp_path, "nosuch", plain())


def test_a_broken_store_is_refused_in_a_sentence(tmp_path: Path) -> None:
    asyncio.run(write_run(tmp_path, items(**{f"i{n}": [] for n in range(500)}), random.Random(1)))
    path = tmp_path / "store.db"
    apsw.Connection(str(path)).execute("pragma wal_checkpoint(truncate)").fetchall()
    reader = Reader(path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (size - 8192))
    with pytest.raises(StoreUnusable, match="cannot be read"):
        asyncio.run(follow(reader, "r", plain()))
