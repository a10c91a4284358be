"""A fleet that is up: shared by runs, outliving terminals and drivers, fenced, ended with nothing left behind."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.events import ItemClosed, ItemStarted, RunFinished, RunPaused, RunStarted
from actors.supervision.drivers import HANGS_S
from actors.work import Lost
from cluster.fleets.fleet_file import FleetFile, read
from cluster.home.config import store_path
from tests.support.fleets import crash, fleet_up, session, strike, wait_for
from tests.support.processes import PATIENCE_S, Commands, begun, ended, paid

pytestmark = pytest.mark.timeout(300)  # a busy machine takes its time to start Ray

ITEMS = [f"i{n}" for n in range(24)]
MANY = [f"i{n}" for n in range(80)]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    made = Commands(tmp_path_factory.mktemp("up"))
    delays = {"/i": 0.4, "/long": 6, "/slow": 15}
    made.script(rules=[{"match": match, "delay_s": delay_s} for match, delay_s in delays.items()])
    return made


@pytest.fixture(scope="module")
def fleet(commands: Commands) -> Iterator[FleetFile]:
    with fleet_up(commands, "--executors", "2", "--concurrency", "4") as up:
        yield up


def wide(commands: Commands, items: list[str] = ITEMS) -> str:
    return commands.plan(**{item: [] for item in items})


def over(commands: Commands, run: str) -> bool:
    return any(isinstance(event, RunFinished) for event in commands.events(run))


def finish(commands: Commands, run: str, items: list[str] = ITEMS) -> None:
    """Wait for its end: every item is complete and was paid once."""
    code, _, err = commands.run("status", run, "--watch")
    assert code == 0, err
    assert sorted(paid(commands.events(run))) == sorted(items)


def test_a_second_up_says_what_is_up_and_a_run_of_another_shape_is_refused(
    commands: Commands, fleet: FleetFile
) -> None:
    code, out, _ = commands.run("up", "--json")
    told = json.loads(out)
    assert (code, told["already_up"], told["pid"], told["pools"]["executor"]) == (0, True, fleet.pid, 2)
    code, out, _ = commands.run("up", "--executors", "3")
    assert (code, "is up already" in out, "`mnemosyne down`" in out) == (2, True, True)
    code, _, err = commands.run("run", commands.plan(a=[]), "--executors", "3")
    assert (code, "is up already, with 2 executors of 4 items" in err) == (2, True)


@pytest.mark.faults
def test_two_runs_share_the_fleet_and_need_no_terminal(commands: Commands, fleet: FleetFile) -> None:
    items = ["slow", *MANY]
    plan = wide(commands, items)
    assert [commands.run("run", plan, "--key", key, "--detach")[0] for key in ("one", "two")] == [0, 0]
    assert commands.run("run", plan, "--key", "two", "--detach")[0] == 0
    assert not over(commands, "two"), "whoever does not want to watch does not wait"
    code, _, err = commands.run("resume", "two")
    assert (code, "is driven by driver-" in err, "--take-over" in err) == (4, True, True)
    for key in ("one", "two"):
        finish(commands, key, items)
    wait_for(fleet, "driver", lambda drivers: not drivers)


def test_a_key_that_only_this_terminal_has_is_told(
    commands: Commands, fleet: FleetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    del fleet
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-x")
    code, _, err = commands.run("run", wide(commands), "--model", "claude-sonnet-5-5")
    assert (code, "the fleet was started without the API key" in err) == (4, True)


@pytest.mark.parametrize("victim", ["driver", "store"])
def test_what_is_killed_comes_back_and_nothing_is_paid_twice(commands: Commands, fleet: FleetFile, victim: str) -> None:
    items = ["long", *ITEMS]
    assert commands.run("run", wide(commands, items), "--key", victim, "--detach")[0] == 0
    commands.wait(victim, begun("i0"))
    strike(wait_for(fleet, victim)[0])
    finish(commands, victim, items)
    events = commands.events(victim)
    lost = {(e.item, e.epoch) for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Lost)}
    sent = {(e.item, e.epoch) for e in events if isinstance(e, ItemStarted)}
    assert not lost & sent, "at most what a driver wrote down and did not live to send"


def test_two_that_submit_the_same_at_once_get_the_same_run(commands: Commands, fleet: FleetFile) -> None:
    plan = wide(commands)
    both = [commands.start("run", plan, "--key", "same", "--json") for _ in range(2)]
    told = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert told[0]["run"] == told[1]["run"]
    finish(commands, "same")
    code, _, err = commands.run("run", commands.plan(other=[]), "--key", "same")
    assert (code, "belongs to run" in err, "--plan" in err) == (2, True, True)


@pytest.mark.faults
def test_an_edited_plan_goes_on_and_only_what_the_edit_made_stale_runs_again(
    commands: Commands, fleet: FleetFile
) -> None:
    plan = commands.plan(a=[], b=[], c=["a"], long=["c"], last=["long"])
    assert commands.run("run", plan, "--key", "edited", "--detach")[0] == 0
    commands.wait("edited", begun("long"))
    assert commands.run("resume", "edited", "--plan", plan)[0] == 4, "it is being driven"
    assert commands.run("pause", "edited")[0] == 0
    commands.wait("edited", lambda event: isinstance(event, RunPaused))
    old = json.loads(commands.run("status", "edited", "--json")[1])["run"]
    edited = json.loads((commands.folder / plan).read_text())
    edited["items"][3]["description"] = "another"
    (commands.folder / plan).write_text(json.dumps(edited))
    code, out, _ = commands.run("resume", "edited", "--plan", plan, "--dry-run", "--json")
    told = {item["id"]: item["verdict"] for item in json.loads(out)["items"]}
    assert (code, told["a"], told["b"], told["c"], told["long"]) == (0, "kept", "kept", "kept", "runs_again")
    assert commands.run("resume", "edited", "--plan", plan)[0] == 0
    new = json.loads(commands.run("status", "edited", "--json")[1])
    assert (new["run"] != old, new["state"]) == (True, "completed")
    assert sorted(paid(commands.events("edited"))) == ["last", "long"]
    assert set(json.loads(commands.run("results", "edited", "--json")[1])) == {"a", "b", "c", "long", "last"}
    assert json.loads(commands.run("status", old, "--json")[1])["state"] == "cancelled"
    wait_for(fleet, "driver", lambda drivers: not drivers)


def test_a_stopped_driver_that_was_taken_over_writes_nothing_when_it_wakes(
    commands: Commands, fleet: FleetFile
) -> None:
    items = ["long", *ITEMS]
    assert commands.run("run", wide(commands, items), "--key", "zombie", "--detach")[0] == 0
    (stopped,) = wait_for(fleet, "driver")
    commands.wait("zombie", begun("i0"))
    strike(stopped, signal.SIGSTOP)
    try:
        assert commands.run("resume", "zombie")[0] == 4, "its lock is held"
        code, _, err = commands.run("resume", "zombie", "--take-over")
        assert code == 0, err
    finally:
        strike(stopped, signal.SIGCONT)
    wait_for(fleet, "driver", lambda drivers: stopped not in drivers)
    finish(commands, "zombie", items)
    events = commands.events("zombie")
    assert [event.term for event in events if isinstance(event, RunStarted)] == [1, 2]
    last = [event for event in events if event.run][-1]
    assert isinstance(last, RunFinished), "the old driver wrote nothing behind the end"


@pytest.mark.faults
@pytest.mark.timeout(500)
def test_a_driver_that_hangs_is_replaced_and_nothing_is_paid_twice(commands: Commands, fleet: FleetFile) -> None:
    items = ["long", *ITEMS]
    assert commands.run("run", wide(commands, items), "--key", "hung", "--detach")[0] == 0
    (stopped,) = wait_for(fleet, "driver")
    commands.wait("hung", begun("i0"))
    strike(stopped, signal.SIGSTOP)
    wait_for(fleet, "driver", lambda drivers: stopped not in drivers, within_s=HANGS_S + 60)
    finish(commands, "hung", items)
    terms = [event.term for event in commands.events("hung") if isinstance(event, RunStarted)]
    assert terms == [1, 2]


@pytest.mark.faults
def test_after_a_crash_of_everything_up_and_resume_all_go_on(commands: Commands, fleet: FleetFile) -> None:
    items = ["long", *MANY]
    plan, keys = wide(commands, items), ("first", "second")
    for process in [commands.start("run", plan, "--key", key, "--detach") for key in keys]:
        assert ended(process) == 0
    for key in keys:
        commands.wait(key, begun("long"))
    crash(fleet)
    code, _, err = commands.run("status", "first", "--watch")
    assert (code, "go on with: mnemosyne resume" in err) == (4, True)
    with fleet_up(commands, "--executors", "2", "--concurrency", "4"):
        code, out, err = commands.run("resume", "--all", "--json")
        assert (code, len(json.loads(out))) == (0, 2), err
        for key in keys:
            finish(commands, key, items)
        assert commands.run("resume", "--all")[1].startswith("No run is waiting")


@pytest.mark.faults
def test_an_up_that_was_killed_halfway_is_put_right_by_the_next(tmp_path: Path) -> None:
    """From a folder whose files hide modules of Python, into a home whose name Ray cannot write down."""
    odd = Commands(tmp_path)
    odd.home = tmp_path / "h\u00f6me of mine"
    (tmp_path / "random.py").write_text("raise SystemExit('not the real one')\n")
    with odd.start("up", program=[sys.executable, "-P", "-m", "cluster"]) as first:
        deadline = time.monotonic() + PATIENCE_S
        while not store_path(odd.home).exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        first.kill()
    torso = read(odd.home)
    assert torso
    assert torso.state == "starting"
    program = [sys.executable, "-P", "-m", "cluster"]
    code, _, err = odd.run("up", "--executors", "1", program=program)
    assert code == 0, err
    assert not session(torso.pid)
    odd.script(rules="nonsense")
    code, out, err = odd.run("down", program=program)
    assert (code, "has ended" in out) == (0, True), err
    assert not torso.folder.parent.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.faults)])
def test_an_up_that_is_asked_to_end_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    asked = Commands(tmp_path)
    with asked.start("up") as first:
        deadline = time.monotonic() + PATIENCE_S
        while not read_if_there(asked.home):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        begun_up = read(asked.home)
        assert begun_up
        first.send_signal(number)
        assert ended(first) == 128 + number
    assert not session(begun_up.pid)
    assert read(asked.home) is None
    assert not begun_up.folder.exists()


def read_if_there(home: Path) -> bool:
    return home.exists() and read(home) is not None


@pytest.mark.faults
def test_down_ends_a_driver_that_does_not_answer(tmp_path: Path) -> None:
    deaf = Commands(tmp_path)
    deaf.script(rules=[{"match": "/i", "delay_s": 0.4}])
    with fleet_up(deaf, "--executors", "1", "--concurrency", "4") as up:
        assert deaf.run("run", wide(deaf), "--key", "deaf", "--detach")[0] == 0
        deaf.wait("deaf", begun("i0"))
        (stopped,) = wait_for(up, "driver")
        strike(stopped, signal.SIGSTOP)
        code, out, err = deaf.run("down")
        assert (code, "The fleet has ended" in out, "does not answer" in err) == (0, True, True)
    assert deaf.run("resume", "deaf", "--executors", "1")[0] == 0
    assert set(paid(deaf.events("deaf"))) == set(ITEMS)


@pytest.mark.faults
def test_down_lets_the_calls_in_flight_end_and_resume_goes_on_without_a_fleet(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.script(rules=[{"match": "/slow", "delay_s": 12}])
    plan = commands.plan(slow=[], after=["slow"])
    with fleet_up(commands, "--executors", "1", "--concurrency", "4"):
        assert commands.run("run", plan, "--key", "drained", "--detach")[0] == 0
        commands.wait("drained", begun("slow"))
        code, out, err = commands.run("down")
        assert (code, "The fleet has ended" in out, "calls in flight of 1 run" in err) == (0, True, True)
    status = json.loads(commands.run("status", "drained", "--json")[1])
    assert (status["state"], status["counts"]["active"]) == ("paused", 0)
    assert commands.run("resume", "drained", "--executors", "1")[0] == 0
    events = commands.events("drained")
    assert paid(events) == ["slow", "after"]
    assert not [e for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Lost)]
