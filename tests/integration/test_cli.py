"""The command line on real Ray, as people use it: exit codes, signals, a second terminal, going on.

Each test starts its own Ray, some of them several times: what can be shown in one go is shown in one test.
"""

import fcntl
import json
import os
import pty
import signal
import termios
import time
from pathlib import Path

import pytest

from actors.events import ItemCancelled, ItemClosed, RunFinished, RunPaused, RunResumed
from actors.stores.holder import is_held
from actors.work import Lost
from cluster.cli import preflight
from cluster.doctor import ports
from tests.support.processes import ROOT, Commands, Process, alive, begun, descendants, paid

HELPERS = {"ray::DashboardAgent", "ray::RuntimeEnvAgent"}
"""Of Ray: after a kill they wait a minute for the control store before they end. They hold nothing of ours."""

GONE_WITHIN_S = 20.0

ONE = ("--executors", "1")
"""Starts faster."""


pytestmark = pytest.mark.timeout(300)  # a busy machine takes its time to start Ray


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


def test_what_cannot_begin_starts_nothing_and_writes_nothing(commands: Commands) -> None:
    plan, launcher = commands.plan(a=["b"]), [str(ROOT / "mnemosyne")]
    code, out, err = commands.run("run", plan, program=launcher)
    assert (code, out) == (2, "")
    assert err.startswith("mnemosyne: plan.json:1: items[0].dependencies[0]: ")
    plan = commands.plan(a=[])
    code, out, err = commands.run("run", plan, "--model", "claude-opus-5", program=launcher)
    assert (code, out, err.count("\n")) == (4, "", 1)
    assert "set ANTHROPIC_API_KEY" in err
    code, _, err = commands.run("run", plan, "--model", "locall", "--detach", program=launcher)
    assert (code, "did you mean local" in err) == (4, True)
    assert not commands.home.exists()


def strike(commands: Commands, process: Process, item: str, sent: signal.Signals) -> None:
    """Send the signal as soon as the item is being worked on."""
    commands.wait("k", begun(item), process)
    process.send_signal(sent)


def ended(process: Process) -> tuple[int, str]:
    """Exit code and output."""
    out, _ = process.communicate(timeout=60)
    return process.returncode, out


def gone(children: set[tuple[int, str]]) -> None:
    """Return once all that the command started has ended."""
    assert children
    deadline = time.monotonic() + GONE_WITHIN_S
    while alive(children) - HELPERS:
        assert time.monotonic() < deadline, alive(children)
        time.sleep(0.1)


def test_however_a_run_is_ended_resume_finishes_it_and_each_item_is_paid_once(commands: Commands) -> None:
    """By Ctrl-C, then by SIGKILL; test_embedded.py has the other signals. One item fails in the end."""
    plan = commands.plan(a=[], b=["a"], c=["b"], bad=["b"], after=["bad"])
    bad = {"match": "/bad/", "failure": "refusal", "message": "declined"}
    commands.script(latency_s=0.4)
    process = commands.start("run", plan, "--key", "k", *ONE)
    commands.wait("k", begun("a"), process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all that run in it
    code, out = ended(process)
    assert (code, paid(commands.events("k"))) == (130, ["a"]), "what was active is waited for, nothing new begins"
    assert "Paused, nothing is lost. Go on with: mnemosyne resume plan-" in out

    commands.script(rules=[{"match": "/b/", "hang": True}, bad])
    process = commands.start("resume", "k", *ONE)
    commands.wait("k", begun("b"), process)
    children = descendants(process.pid)
    opened = ports.opened_by([process.pid, *(pid for pid, _ in children)])
    assert len(opened) > 5, "Ray opens a port for each of its processes"
    assert [one for one in opened if not one.address.is_loopback] == [], "as test_canary.py says of a fleet that is up"
    process.kill()
    assert ended(process)[0] == -signal.SIGKILL
    gone(children)
    assert not is_held(commands.home / "store.db")

    commands.script(rules=[bad])
    code, out, _ = commands.run("resume", "k", "--json", *ONE)
    told, events = json.loads(out), commands.events("k")
    assert (code, told["key"], told["state"]) == (1, "k", "completed_with_failures"), "JSON is all that is printed"
    assert {item["id"]: (item["state"], item["error"]) for item in told["items"]} == {
        **dict.fromkeys("abc", ("complete", None)),
        "bad": ("failed", "declined"),
        "after": ("skipped", "bad failed"),
    }
    assert json.loads(commands.run("status", "k", "--json")[1]) == told
    assert commands.run("status", "k", "--watch")[0] == 1
    assert paid(events) == ["a", "b", "c"]
    assert [e.item for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Lost)] == ["b"]
    assert sorted(path.name for path in (commands.home / "runs" / told["run"]).iterdir()) == ["a.md", "b.md", "c.md"]


@pytest.mark.faults
def test_a_second_signal_ends_everything_at_once(commands: Commands) -> None:
    plan = commands.plan(a=[], b=["a"])
    commands.script(latency_s=0.4)
    process = commands.start("run", plan, "--key", "k", *ONE)
    strike(commands, process, "a", signal.SIGTERM)
    assert (ended(process)[0], paid(commands.events("k"))) == (143, ["a"])

    commands.script(rules=[{"match": "/b/", "hang": True}])
    process = commands.start("resume", "k", *ONE)
    strike(commands, process, "b", signal.SIGINT)
    assert process.stderr
    assert any("once more to end at once" in line for line in process.stderr)
    children, struck = descendants(process.pid), time.monotonic()
    process.send_signal(signal.SIGINT)
    assert "Ended at once. Go on with: mnemosyne resume plan-" in process.stderr.read()
    assert ended(process)[0] == 130
    assert time.monotonic() - struck < 2
    gone(children)

    commands.script()
    assert commands.run("resume", "k", *ONE)[0] == 0
    assert paid(commands.events("k")) == ["a", "b"]


def on_a_terminal(commands: Commands, *arguments: str) -> str:
    """What the command prints on a terminal of its own, which is closed after its end."""
    master, slave = pty.openpty()
    process = commands.start(
        *arguments,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    assert process.wait(60) == 0
    said = os.read(master, 100_000).decode()
    os.close(master)  # everything that still runs in it gets SIGHUP
    return said


@pytest.mark.faults
def test_a_detached_run_outlives_its_terminal_and_obeys_a_second_one(commands: Commands) -> None:
    commands.script(rules=[{"match": "/held", "hang": True}])
    plan = commands.plan(**{"held-1": [], "held-2": [], "after": ["held-1"]})
    said = on_a_terminal(commands, "run", plan, "--key", "k", "--detach")
    assert "is accepted and goes on without this terminal" in said
    assert "--watch" in said
    for item in ("held-1", "held-2"):
        commands.wait("k", begun(item))
    watching = commands.start("status", "k", "--watch")
    seconds = [commands.start("run", plan), commands.start("resume", "k")]

    agents = json.loads(commands.run("agents", "--json")[1])
    assert {(agent["id"], agent["generation"]) for agent in agents} == {("executor-0", 1), ("executor-1", 1)}
    assert "active" in {agent["state"] for agent in agents}
    assert commands.run("pause", "k")[0] == 0
    commands.wait("k", lambda event: isinstance(event, RunPaused))
    assert json.loads(commands.run("status", "k", "--json")[1])["state"] == "paused"
    assert commands.run("cancel", "k", "held-1")[0] == 0
    commands.wait("k", lambda event: isinstance(event, ItemCancelled) and event.item == "held-1")
    assert commands.run("continue", "k")[0] == 0
    commands.wait("k", lambda event: isinstance(event, RunResumed))

    for second in seconds:
        out, err = second.communicate(timeout=60)
        assert (second.returncode, out, err.count("\n")) == (4, "", 1)
        assert "a run is under way" in err or "is driven by pid" in err
    assert commands.run("cancel", "k")[0] == 0
    out, _ = watching.communicate(timeout=60)
    assert watching.returncode == 5
    told = json.loads(commands.run("status", "k", "--json")[1])
    assert (told["state"], told["counts"]["cancelled"], told["counts"]["skipped"]) == ("cancelled", 2, 1)
    log = (commands.home / "runs" / told["run"] / "driver.log").read_text()
    assert out
    assert out in log, "the second terminal shows the same as the first"
    preflight.free(commands.home / "store.db", within_s=60)


@pytest.mark.faults
def test_output_that_nobody_reads_does_not_hold_up_the_run(commands: Commands) -> None:
    items = [f"i{n}" for n in range(2000)]  # more lines than a pipe holds
    process = commands.start("run", commands.plan(**{item: [] for item in items}), "--key", "k", *ONE)
    commands.wait("k", lambda event: isinstance(event, RunFinished), process)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out.count("  complete  ")) == (0, len(items))
