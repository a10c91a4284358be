"""`status`, `results` and `events` on real stores: shapes for machines, texts for people."""

import asyncio
import io
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from actors.events import (
    AgentStarting,
    AgentUnavailable,
    PauseRequested,
    RunPaused,
)
from actors.stores.group import GroupStore
from actors.work import Role
from cluster.cli import views
from cluster.cli.journal import opened
from cluster.driving.lease import lease
from dashboards.wire.table import COMMON, TYPES
from tests.support.histories import accept, assigned, items, legal, write, write_run
from tests.support.homes import APP, LONG, PLAN, events, make_home, results, status


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """One finished run with every kind of answer."""
    asyncio.run(make_home(tmp_path))
    return tmp_path


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
        "driven": False,
    }
    assert (second["run"], second["key"]) == ("second", None)
    assert sum(second["counts"].values()) == 2
    lines = status(home, None).splitlines()
    cells = ["r", "monday", "briefing", "completed_with_failures", "3 complete, 1 failed, 1 skipped"]
    assert lines[1].split() == " ".join(cells).split()
    assert len(lines) == 3


def test_a_run_that_goes_on_is_counted_in_the_list_as_in_its_own_status(tmp_path: Path) -> None:
    async def make() -> None:
        store = GroupStore(tmp_path / "store.db")
        await accept(store, items(text=[], more=["text"]))
        paused = RunPaused(run="r", term=1, reason="by request")
        await write(store, assigned("text"), PauseRequested(run="r"), paused)
        await store.close()

    asyncio.run(make())
    one, all_ = json.loads(status(tmp_path, "r", as_json=True)), json.loads(status(tmp_path, None, as_json=True))
    assert one["counts"] == all_[0]["counts"]
    assert (one["counts"]["active"], one["counts"]["waiting"]) == (1, 1)
    assert (one["state"], one["reason"]) == (all_[0]["state"], "by request") == ("paused", "by request")
    assert "paused: by request" in status(tmp_path, "r")


def test_a_run_whose_process_died_is_told_from_one_that_goes_on(tmp_path: Path) -> None:
    async def make() -> None:
        store = GroupStore(tmp_path / "store.db")
        await accept(store, items(text=[]))
        await write(store, assigned("text"))
        await store.close()

    asyncio.run(make())
    assert "nobody drives it" in status(tmp_path, None)
    assert "Go on with: mnemosyne resume r" in status(tmp_path, "r")
    with opened(tmp_path) as reader, lease(tmp_path, reader.run("r")):
        assert "nobody" not in status(tmp_path, None)
        assert "resume" not in status(tmp_path, "r")
        assert json.loads(status(tmp_path, "r", as_json=True))["driven"] is True


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


class Printed(io.StringIO):
    """A stream that lets somebody wait for what is written."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def write(self, text: str, /) -> int:
        self._more.set()
        return super().write(text)

    async def lines(self, count: int) -> None:
        while self.getvalue().count("\n") < count:
            self._more.clear()
            await self._more.wait()


async def test_following_events_prints_each_as_it_comes_and_ends_with_the_run(tmp_path: Path) -> None:
    store, plan = GroupStore(tmp_path / "store.db"), items(a=[], b="a")
    await accept(store, plan, key="monday")
    printed = Printed()
    console = Console(file=printed)
    following = asyncio.create_task(views.events(tmp_path, "monday", console, as_json=True, follow=True))
    rows = [row for row, _ in legal(plan, random.Random(2)) if row.type != "run_accepted"]
    await write(store, *rows[:3], id_="1")
    async with asyncio.timeout(20):
        await printed.lines(4)
        assert not following.done()
        await write(store, *rows[3:], id_="2")
        await following
    await store.close()
    assert printed.getvalue() == events_of(tmp_path)


def events_of(home: Path) -> str:
    """What `events` prints afterwards, from a thread of its own because it runs a loop."""
    code = f"import sys; sys.argv = ['x', 'events', 'r', '--json', '--home', {str(home)!r}]; {APP}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


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
