"""What a person sees while a run goes on: the picture at several sizes, plain lines, and hostile texts in both."""

import asyncio
import io
import random
import re
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from actors.errors import NotFound, StoreUnusable
from actors.events import (
    AgentStarted,
    AgentUnavailable,
    Event,
    ItemAssigned,
    ItemFailed,
    ItemSkipped,
    ItemStarted,
    RunFinished,
    RunStarted,
)
from actors.stores.group import GroupStore
from actors.stores.reader import Reader
from actors.work import Content, FailureKind, Item, ItemState, Result, Role, RunStatus, Usage
from cluster.cli import changes, text
from cluster.cli.frame import failures, frame
from cluster.cli.live import follow
from dashboards.projection import RunView
from tests.histories import BAD, GONE, GOOD, accept, closed, items, legal, record, write, write_run

HOSTILE = "\x1b[2J\x1b]0;owned\x07[red]x[/red] :boom: \x9b31m\r\nnext\tline\u202edcba\u2028 漢字漢字 \ud800 \x7f"
HARMLESS = re.compile(r"[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff]*")
CURSOR_SHOWN = "\x1b[?25h"


def plain() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, width=80)


def terminal(width: int = 80, height: int = 24, *, no_color: bool = False) -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        width=width,
        height=height,
        no_color=no_color,
        legacy_windows=False,
        _environ={"TERM": "xterm-256color"},
    )


def output(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def drawn(view: RunView, width: int, height: int | None = 24) -> list[str]:
    """The picture's lines as a terminal without colours gets them."""
    console = Console(file=io.StringIO(), width=width, height=height or 1000, color_system=None)
    console.print(frame(view, width, height, now=2000.0))
    return output(console).splitlines()


def assigned(item: str, epoch: int = 1, attempt: int = 1, agent: str = "executor-0") -> ItemAssigned:
    return ItemAssigned(run="r", item=item, epoch=epoch, attempt=attempt, agent=agent, model="scripted", term=1)


def began(item: str, epoch: int = 1, at: float = 0.0) -> ItemStarted:
    return ItemStarted(run="r", item=item, epoch=epoch, agent="executor-0", generation=1, at=at)


def failed(item: str, message: str = "the real message") -> ItemFailed:
    return ItemFailed(run="r", item=item, attempts=1, reason=FailureKind.REFUSAL, message=message, term=1)


def ended(view: RunView) -> RunFinished:
    return RunFinished(run="r", term=1, status=RunStatus.COMPLETED_WITH_FAILURES, counts=view.counts)


def view_of(plan: tuple[Item, ...], *events: Event) -> RunView:
    view = RunView(plan, record(plan))
    for event in events:
        view.apply(event)
    return view


def busy(size: int) -> RunView:
    """Two active, three failed, then ready, complete and waiting ones."""
    plan = items(**{f"i{n}": [f"i{n - 100}"] if n >= 100 else [] for n in range(size)})
    rows: list[Event] = [row for n in range(5, 20) for row in (assigned(f"i{n}"), closed(f"i{n}", GOOD))]
    rows += [row for n in range(3) for row in (assigned(f"i{n}"), closed(f"i{n}", BAD), failed(f"i{n}"))]
    return view_of(plan, *rows, assigned("i3"), began("i3", at=1990.0), assigned("i4"))


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("height", [6, 12, 24, 60])
def test_the_picture_fits_and_nothing_is_left_out_of_the_sum(width: int, height: int) -> None:
    lines = drawn(busy(300), width, height)
    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    shown = [line for line in lines if re.match(r"i\d+ ", line)]
    more = re.search(r"… and (\d+) more: (.*)", "\n".join(lines))
    assert more
    assert len(shown) + int(more[1]) == 300
    assert sum(map(int, re.findall(r"(\d+) \w", more[2]))) == int(more[1])


def test_active_items_come_first_then_failed_next_ready_recently_finished() -> None:
    lines = drawn(busy(300), 80, 128)
    states = [line.split()[1] for line in lines if re.match(r"i\d+ ", line)]
    order = ["active", "failed", "ready", "complete", "waiting"]
    assert sorted(states, key=order.index) == states
    assert states.count("active") == 2
    assert states.count("failed") == 3
    complete = [line.split()[0] for line in lines if "complete " in line and line.startswith("i")]
    assert complete[0] == "i19"


def test_a_plan_that_fits_is_shown_in_its_own_order() -> None:
    lines = drawn(busy(40), 80, 60)
    assert [line.split()[0] for line in lines if re.match(r"i\d+ ", line)] == [f"i{n}" for n in range(40)]
    assert not any("more" in line for line in lines)


def test_a_line_has_state_agent_attempt_seconds_and_tokens() -> None:
    lines = drawn(busy(40), 80, None)
    assert "i5    complete   executor-0        1      4.2       312+88" in lines
    assert "i3    active     executor-0        1     10.0" in lines, "began 10 s ago"
    assert "i4    active     executor-0        1" in lines, "not begun"
    assert any(line.startswith("i0    failed     executor-0        1") and line.endswith("message") for line in lines)


def test_an_error_gets_room_before_numbers_do() -> None:
    plan = items(**{"a-rather-long-name-of-an-item": [], "b": []})
    view = view_of(plan, assigned("b"), closed("b", BAD), failed("b", "credentials were refused by the API, twice"))
    (line,) = [line for line in drawn(view, 80) if line.startswith("b ")]
    assert "credentials were refused by" in line
    (line,) = [line for line in drawn(view, 200) if line.startswith("b ")]
    assert line.endswith("  credentials were refused by the API, twice")


def test_the_progress_counts_add_up() -> None:
    last = drawn(busy(300), 200)[-1]
    assert "18/300 done, 2 active, 95 ready, 185 waiting, 3 failed" in last
    assert last.count("█") == 40 * 18 // 300


def test_an_agent_that_cannot_start_is_shown_with_its_reason() -> None:
    gone = [AgentUnavailable(agent=f"executor-{n}", role=Role.EXECUTOR, reason="no memory") for n in range(5)]
    lines = drawn(view_of(items(a=[]), *gone), 80)
    assert lines[1] == "executor-0 is unavailable: no memory"
    assert lines[3] == "… and 3 more agents are unavailable"


@given(st.integers(1, 220), st.integers(1, 60), st.integers(0, 2**32).map(random.Random))
def test_any_moment_of_any_run_fits_any_terminal(width: int, height: int, rng: random.Random) -> None:
    plan = items(**{name * rng.randint(1, 30): [] for name in ("a", "漢", "c")}, z=[])
    rows = [event for event, _ in legal(plan, rng)]
    lines = drawn(view_of(plan, *rows[: rng.randint(0, len(rows))]), width, height)
    assert len(lines) <= max(height, 4)
    assert max(map(cell_len, lines)) <= width


@given(st.text())
def test_no_text_can_command_a_terminal(written: str) -> None:
    assert HARMLESS.fullmatch(text.one_line(written))
    assert HARMLESS.fullmatch(re.sub("[\n\t]", "", text.safe(written)))


@given(st.text(), st.integers(0, 50))
def test_a_text_that_is_made_to_fit_has_exactly_that_width(written: str, width: int) -> None:
    assert cell_len(text.fit(text.one_line(written), width)) == width


def test_text_stays_what_it_is_where_it_does_no_harm() -> None:
    for harmless in ("[red]", "漢字", "é", "👩‍👩‍👧", "a\u00a0b", "\\n"):
        assert text.safe(harmless) == harmless
        assert text.one_line(harmless) == " ".join(harmless.split())
    assert text.safe("a\r\nb\tc\x1b[0m") == "a\nb\tc\\x1b[0m"
    assert text.one_line("a\n  b") == "a b"


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (59.99, "1 min 00 s"), (125, "2 min 05 s"), (3725, "1 h 02 min")],
)
def test_seconds_are_told_as_people_do(value: float, told: str) -> None:
    assert text.seconds(value) == told


def test_an_unknown_cost_is_never_shown_as_none() -> None:
    assert [text.dollars(value) for value in (None, 0.0, 1e-6, 0.00421, 12.5)] == [
        "cost unknown",
        "$0.00",
        "<$0.0001",
        "$0.0042",
        "$12.50",
    ]
    assert [text.number(value) for value in (99_999, 123_456, 12_345_678)] == ["99999", "123k", "12M"]


def hostile_run() -> tuple[tuple[Item, ...], list[Event]]:
    plan = (
        Item(id=HOSTILE.replace("\ud800", ""), description="x"),
        Item(id="[red]b[/red]", description="x", dependencies=(HOSTILE.replace("\ud800", ""),)),
    )
    first, second = (item.id for item in plan)
    rows: list[Event] = [
        AgentUnavailable(agent="executor-1", role=Role.EXECUTOR, reason=HOSTILE),
        assigned(first, agent="a\x1b[1m"),
        closed(first, BAD, agent="a\x1b[1m"),
        failed(first, HOSTILE),
        ItemSkipped(run="r", item=second, cause=first, term=1),
    ]
    return plan, rows


@pytest.mark.parametrize("width", [80, 200])
def test_hostile_texts_do_nothing_in_the_picture(width: int) -> None:
    plan, rows = hostile_run()
    lines = drawn(view_of(plan, *rows), width)
    assert all(map(HARMLESS.fullmatch, lines))
    assert max(map(cell_len, lines)) <= width
    assert len(lines) == 6
    assert any(line.startswith("[red]b[/red]") for line in lines)


def test_hostile_texts_do_nothing_in_plain_lines() -> None:
    plan, rows = hostile_run()
    view = RunView(plan, record(plan))
    for event in rows:
        view.apply(event)
        line = changes.line(view, event)
        assert line is None or HARMLESS.fullmatch(line)
    assert all(map(HARMLESS.fullmatch, failures(view)))


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
    assert sum(view.counts[state.value] for state in (ItemState.COMPLETE, ItemState.FAILED, ItemState.SKIPPED)) == 2
    assert f"{view.counts['complete']}" in output(console)
    assert "2/2 done" in output(console)


async def test_following_ends_when_done_after_showing_all_that_was_written(tmp_path: Path) -> None:
    store, plan, console = GroupStore(tmp_path / "store.db"), items(a=[]), plain()
    await accept(store, plan)
    over = asyncio.Event()
    following = asyncio.create_task(follow(Reader(tmp_path / "store.db"), "r", console, over.is_set))
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

    def never() -> bool:
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
        message = "the API refused the key; check ANTHROPIC_API_KEY, then continue the run, and " + "so on " * 20
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


def test_a_result_by_reference_and_an_unknown_price_are_shown_honestly() -> None:
    unknown = Result(data=Content(ref="0" * 64), model="new", usage=Usage(output_tokens=5))
    view = view_of(items(a=[]), AgentStarted(agent="executor-0", role=Role.EXECUTOR, generation=1, pid=1, node="n"))
    for row in (assigned("a"), closed("a", unknown, started=False)):
        view.apply(row)
    assert "cost unknown" in drawn(view, 80)[0]
    assert changes.line(view, closed("a", unknown)) == "0.0s  a  complete  executor-0  attempt 1  0.0 s  0+5 tokens"
