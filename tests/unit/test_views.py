"""`status`, `results` and `events` on real stores: shapes for machines, texts for people, refusals in a sentence."""

import asyncio
import io
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from actors.errors import HomeUnusable, MnemosyneError, NotFound, StoreUnusable
from actors.events import (
    AgentStarting,
    AgentUnavailable,
    Event,
    ItemAssigned,
    ItemFailed,
    ItemSkipped,
    PauseRequested,
    RunFinished,
    RunPaused,
)
from actors.stores.group import GroupStore
from actors.work import Content, FailureKind, Item, Result, Role, RunStatus, Usage
from cluster.cli import views
from dashboards.projection import RunView
from dashboards.wire_types import COMMON, TYPES
from tests.histories import BAD, GOOD, accept, closed, items, legal, record, write, write_run

LONG = "A long answer. " * 400
PLAN = (
    Item(id="text", description="x"),
    Item(id="json", description="x", output={"type": "object"}),
    Item(id="long", description="x"),
    Item(id="bad", description="x"),
    Item(id="after", description="x", dependencies=("bad",)),
)


def assigned(item: str) -> ItemAssigned:
    return ItemAssigned(run="r", item=item, epoch=1, attempt=1, agent="executor-0", model="scripted", term=1)


def answered(text: str | None, ref: str | None = None, **more: Any) -> Result:
    data = Content(text=text, ref=ref)
    return Result(data=data, model="scripted", usage=Usage(output_tokens=1), cost_usd=0.0, **more)


def ends() -> list[Event]:
    rows: list[Event] = [
        closed("text", answered("Bonjour\x1b[2J [red]monde[/red]\nsecond line", truncated=True)),
        closed("json", answered('{"text": "caf\\u00e9 \\ud800"}', json_data=True)),
        closed("long", answered(None, "f" * 64)),
        closed("bad", BAD),
        ItemFailed(run="r", item="bad", attempts=1, reason=FailureKind.REFUSAL, message="declined", term=1),
        ItemSkipped(run="r", item="after", cause="bad", term=1),
    ]
    view = RunView(PLAN, record(PLAN))
    for row in [*map(assigned, ("text", "json", "long", "bad")), *rows]:
        view.apply(row)
    status = RunStatus.COMPLETED_WITH_FAILURES
    return [*rows, RunFinished(run="r", term=1, status=status, counts=view.counts)]


async def _make(home: Path) -> None:
    store = GroupStore(home / "store.db")
    await accept(store, PLAN, key="monday", name="briefing")
    await store.append("1", [assigned(item.id) for item in PLAN[:4]])
    await store.append("2", ends(), {"f" * 64: LONG})
    await store.close()


@pytest.fixture()
def home(tmp_path: Path) -> Path:
    """One finished run with every kind of answer."""
    asyncio.run(_make(tmp_path))
    return tmp_path


def said(command: Callable[[Console], None], *, width: int = 80, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    command(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def status(home: Path, run: str | None, *, as_json: bool = False, terminal: bool = False, width: int = 80) -> str:
    return said(lambda c: views.status(home, run, c, 2000.0, as_json=as_json), terminal=terminal, width=width)


def results(home: Path, run: str, *, as_json: bool = False) -> str:
    return said(lambda c: views.results(home, run, c, as_json=as_json))


def events(home: Path, run: str, *, as_json: bool = True, follow: bool = False) -> str:
    return said(lambda c: asyncio.run(views.events(home, run, c, as_json=as_json, follow=follow)))


def test_status_of_a_run_has_the_promised_shape(home: Path) -> None:
    told = json.loads(status(home, "monday", as_json=True))
    assert {"run", "key", "state", "reason", "counts", "cost_usd", "usage", "items"} <= told.keys()
    assert (told["run"], told["key"], told["name"]) == ("r", "monday", "briefing")
    assert (told["state"], told["reason"]) == ("completed_with_failures", "1 failed, 1 skipped")
    assert sum(told["counts"].values()) == len(PLAN)
    assert told["usage"]["output_tokens"] == 3
    assert told["cost_usd"] == 0.0
    by_id = {item["id"]: item for item in told["items"]}
    assert list(by_id) == [item.id for item in PLAN]
    assert {"id", "state", "attempts", "agent", "error"} <= by_id["bad"].keys()
    assert (by_id["bad"]["state"], by_id["bad"]["error"], by_id["bad"]["attempts"]) == ("failed", "declined", 1)
    assert (by_id["after"]["state"], by_id["after"]["agent"]) == ("skipped", None)


def test_a_run_is_found_by_its_id_as_by_its_key(home: Path) -> None:
    assert status(home, "r", as_json=True) == status(home, "monday", as_json=True)


def test_status_without_a_run_lists_them_all(home: Path) -> None:
    asyncio.run(write_run(home, items(a=[], b="a"), random.Random(1), "second"))
    first, second = json.loads(status(home, None, as_json=True))
    assert first == {
        "run": "r",
        "key": "monday",
        "name": "briefing",
        "state": "completed_with_failures",
        "counts": json.loads(status(home, "r", as_json=True))["counts"],
    }
    assert (second["run"], second["key"]) == ("second", None)
    assert sum(second["counts"].values()) == 2
    lines = status(home, None).splitlines()
    assert (
        lines[1].split()
        == ["r", "monday", "briefing", "completed_with_failures"] + "3 complete, 1 failed, 1 skipped".split()
    )
    assert len(lines) == 3


def test_a_run_that_goes_on_is_counted_in_the_list_as_in_its_own_status(tmp_path: Path) -> None:
    async def make() -> None:
        store = GroupStore(tmp_path / "store.db")
        await accept(store, items(text=[], more="text"))
        paused = RunPaused(run="r", term=1, reason="by request")
        await write(store, assigned("text"), PauseRequested(run="r"), paused)
        await store.close()

    asyncio.run(make())
    one, all_ = json.loads(status(tmp_path, "r", as_json=True)), json.loads(status(tmp_path, None, as_json=True))
    assert one["counts"] == all_[0]["counts"]
    assert (one["counts"]["active"], one["counts"]["waiting"]) == (1, 1)
    assert (one["state"], one["reason"]) == (all_[0]["state"], "by request") == ("paused", "by request")
    assert "paused: by request" in status(tmp_path, "r")


def test_status_for_people_names_every_item(home: Path) -> None:
    for terminal, width in ((False, 80), (True, 80), (True, 200)):
        lines = status(home, "monday", terminal=terminal, width=width).splitlines()
        assert [line.split()[0] for line in lines[2:-1]] == [item.id for item in PLAN]
        assert "5/5 done, 1 failed, 1 skipped" in lines[-1]


def test_nothing_is_cut_where_no_terminal_sets_a_width(tmp_path: Path) -> None:
    name = "a-name-that-is-longer-than-any-column-of-a-small-terminal-could-ever-be-shown-in"
    asyncio.run(write_run(tmp_path, items(**{name: []}), random.Random(1)))
    assert name in status(tmp_path, "r")
    assert name not in status(tmp_path, "r", terminal=True)


def test_results_have_the_promised_shape(home: Path) -> None:
    told = json.loads(results(home, "monday", as_json=True))
    assert list(told) == ["text", "json", "long"]
    assert told["json"] == {"data": {"text": "café \ud800"}, "memory_ids": [], "model": "scripted"}
    assert told["text"]["data"].startswith("Bonjour\x1b[2J")
    assert told["long"]["data"] == LONG


def test_json_is_plain_ascii_and_commands_no_terminal(home: Path) -> None:
    raw = results(home, "monday", as_json=True) + events(home, "monday")
    assert raw.isascii()
    assert all(char.isprintable() or char == "\n" for char in raw)


def test_results_for_people_are_under_their_ids_with_their_model(home: Path) -> None:
    told = results(home, "monday")
    assert "text  scripted  cut off at its token limit\nBonjour\\x1b[2J [red]monde[/red]\nsecond line\n" in told
    assert f"long  scripted\n{LONG}\n" in told, "not wrapped, not cut"
    assert "bad  failed: declined\n" in told
    assert "after  skipped: bad failed\n" in told
    assert told.endswith(f"Files: {home / 'runs' / 'r'}\n")


def test_events_are_wire_events_one_a_line(home: Path) -> None:
    told = [json.loads(line) for line in events(home, "monday").splitlines()]
    assert [one["seq"] for one in told] == sorted(one["seq"] for one in told)
    assert all(set(COMMON) <= one.keys() for one in told)
    assert {one["type"] for one in told} <= set(TYPES)
    assert told[0]["type"] == "run_accepted"
    assert told[-1]["type"] == "run_finished"
    assert [one["type"] for one in told if one.get("item_id") == "bad"] == [
        "work_item_assigned",
        "agent_failed",
        "work_item_failed",
    ]


def test_events_for_people_are_one_line_each(home: Path) -> None:
    lines = events(home, "monday", as_json=False).splitlines()
    assert len(lines) == len(events(home, "monday").splitlines())
    assert all(line.isprintable() for line in lines)
    assert any("work_item_skipped  item_id=after  cause=bad" in line for line in lines)


def test_the_fleets_events_are_those_of_the_runs_own_time(tmp_path: Path) -> None:
    async def make() -> None:
        store = GroupStore(tmp_path / "store.db")
        for run in ("first", "second"):
            await write(store, AgentStarting(agent=f"{run}-agent", role=Role.EXECUTOR))
            await accept(store, items(a=[]), run)
            rows = [row for row, _ in legal(items(a=[]), random.Random(1), run) if row.type != "run_accepted"]
            await write(store, *rows, id_=run)
            await write(store, AgentUnavailable(agent=f"{run}-late", role=Role.EXECUTOR, reason="gone"))
        await store.close()

    asyncio.run(make())
    for run in ("first", "second"):
        told = [json.loads(line) for line in events(tmp_path, run).splitlines()]
        assert f"{run}-agent" in {one["agent_id"] for one in told if one["type"] == "agent_starting"}
        assert f"{run}-late" not in {one.get("agent_id") for one in told}
    assert "first-agent" not in events(tmp_path, "second")


async def test_following_events_prints_each_as_it_comes_and_ends_with_the_run(tmp_path: Path) -> None:
    store, plan = GroupStore(tmp_path / "store.db"), items(a=[], b="a")
    await accept(store, plan, key="monday")
    console = Console(file=io.StringIO())
    assert isinstance(console.file, io.StringIO)
    following = asyncio.create_task(views.events(tmp_path, "monday", console, as_json=True, follow=True))
    rows = [row for row, _ in legal(plan, random.Random(2)) if row.type != "run_accepted"]
    await write(store, *rows[:3], id_="1")
    async with asyncio.timeout(20):
        while console.file.getvalue().count("\n") < 4:
            await asyncio.sleep(0.01)
        assert not following.done()
        await write(store, *rows[3:], id_="2")
        await following
    await store.close()
    assert console.file.getvalue() == events_of(tmp_path)


def events_of(home: Path) -> str:
    """What `events` prints afterwards, from a thread of its own because it runs a loop."""
    code = f"import sys; sys.argv = ['x', 'events', 'r', '--json', '--home', {str(home)!r}]; {APP}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


APP = "import typer; from cluster.cli import views; app = typer.Typer(); views.register(app); app()"


def test_a_store_whose_writer_was_killed_is_read_to_its_last_commit(tmp_path: Path) -> None:
    async def make() -> None:
        store = GroupStore(tmp_path / "store.db")
        await accept(store, PLAN)
        await store.append("1", [assigned("text"), closed("text", GOOD)])
        for name in ("store.db", "store.db-wal"):  # without the shared memory file: as after a reboot
            shutil.copy(tmp_path / name, after / name)
        await store.close()

    after = tmp_path / "after"
    after.mkdir()
    asyncio.run(make())
    assert json.loads(status(after, "r", as_json=True))["counts"]["complete"] == 1


def every_command(home: Path, run: str) -> list[Callable[[], str]]:
    return [lambda: status(home, run), lambda: results(home, run), lambda: events(home, run)]


def refused(command: Callable[[], str], error: type[MnemosyneError]) -> str:
    with pytest.raises(error) as caught:
        command()
    told = str(caught.value)
    assert "\n" not in told
    return told


def test_an_unknown_run_is_refused(home: Path) -> None:
    for command in every_command(home, "tuesday"):
        assert "'tuesday'" in refused(command, NotFound)


@pytest.mark.parametrize("missing", ["", "deeper/still"])
def test_a_home_without_a_store_is_refused_and_stays_as_it_is(tmp_path: Path, missing: str) -> None:
    for command in [*every_command(tmp_path / missing, "r"), lambda: status(tmp_path / missing, None)]:
        assert "mnemosyne run" in refused(command, StoreUnusable)
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "home"
    path.touch()
    for command in every_command(path, "r"):
        refused(command, StoreUnusable)


def test_a_home_with_an_impossible_name_is_refused(tmp_path: Path) -> None:
    for command in every_command(tmp_path / ("x" * 5000), "r"):
        assert "--home" in refused(command, HomeUnusable)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("not a store at all " * 100)
    for command in every_command(tmp_path, "r"):
        refused(command, StoreUnusable)


def test_a_damaged_store_is_refused(home: Path) -> None:
    path = home / "store.db"
    db = apsw.Connection(str(path))
    db.execute("pragma wal_checkpoint(truncate)").fetchall()
    db.close()
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (path.stat().st_size - 8192))
    for command in every_command(home, "r"):
        refused(command, StoreUnusable)


def test_a_journal_with_an_event_of_a_newer_version_is_refused(home: Path) -> None:
    db = apsw.Connection(str(home / "store.db"))
    db.execute('insert into events values(1000, 1, 0, \'new_type\', \'{"type":"new_type","run":"r"}\')').fetchall()
    db.execute("update events set seq = 1001 where type = 'run_finished'").fetchall()
    db.close()
    for command in every_command(home, "r"):
        assert "newer version" in refused(command, StoreUnusable)


def test_a_missing_payload_is_refused_and_no_half_an_answer_is_printed(home: Path) -> None:
    db = apsw.Connection(str(home / "store.db"))
    db.execute("delete from payloads").fetchall()
    db.close()
    assert "misses 1 payload" in refused(lambda: results(home, "r", as_json=True), StoreUnusable)
    assert json.loads(status(home, "r", as_json=True))["state"] == "completed_with_failures"


def app() -> typer.Typer:
    made = typer.Typer()
    views.register(made)
    return made


def test_the_commands_are_registered_with_their_options(home: Path) -> None:
    at = ["--home", str(home)]
    for arguments in (
        ["status", *at],
        ["status", "monday", "--json", *at],
        ["results", "r", *at],
        ["events", "r", *at],
    ):
        done = CliRunner().invoke(app(), arguments)
        assert done.exit_code == 0
        assert "r" in done.output
    followed = CliRunner().invoke(app(), ["events", "monday", "--follow", "--json", *at])
    assert followed.output == events(home, "monday")


def test_help_has_examples() -> None:
    for command in ("status", "results", "events"):
        told = CliRunner().invoke(app(), [command, "--help"]).output
        assert f"mnemosyne {command} monday" in " ".join(told.replace("│", " ").split())


def test_an_error_keeps_its_class_so_that_its_exit_code_is_known(tmp_path: Path) -> None:
    done = CliRunner().invoke(app(), ["results", "r", "--home", str(tmp_path)])
    assert isinstance(done.exception, StoreUnusable)
    assert done.stdout == ""


def test_a_reader_that_hangs_up_is_no_error(tmp_path: Path) -> None:
    asyncio.run(write_run(tmp_path, items(**{f"i{n}": [] for n in range(300)}), random.Random(1)))
    for command in ("events r --json", "events r", "results r", "status r", "status r --json"):
        code = f"import sys; sys.argv = ['x', *{command.split()!r}, '--home', {str(tmp_path)!r}]; {APP}"
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stderr
            assert process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
