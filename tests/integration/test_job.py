"""`ray job submit` on a cluster that somebody started with `ray start --head`."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import pytest

from actors.events import RunPaused
from actors.journal.fleet import AgentStarted
from actors.stores.reader import Reader
from cluster.fleets import fleet_file
from tests.support.fleets import ONLY_EXECUTORS
from tests.support.processes import PATIENCE_S, Commands, begun, paid

ROOT = Path(__file__).parent.parent.parent
RAY = Path(sys.executable).with_name("ray")
PLAN = "name: job\nitems:\n  - {id: a, description: One.}\n  - {id: b, description: Two., dependencies: [a]}\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    """A head node of its own, ended by its process group; the environment for clients."""
    folder = Path(mkdtemp(prefix="mn-"))  # short: Ray puts Unix sockets below it
    (folder / "token").write_text(secrets.token_hex(32))
    dashboard = free_port()
    env = {
        **os.environ,
        "PATH": f"{RAY.parent}{os.pathsep}{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(folder / "token"),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        "RAY_ADDRESS": f"http://127.0.0.1:{dashboard}",
    }
    command = [
        str(RAY), "start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={free_port()}", "--num-cpus=6",
        "--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}", f"--dashboard-agent-listen-port={free_port()}",
        f"--dashboard-agent-grpc-port={free_port()}", f"--ray-client-server-port={free_port()}",
        f"--temp-dir={folder}/ray", "--object-store-memory=100000000", "--disable-usage-stats",
    ]  # fmt: skip
    head_env = {key: value for key, value in env.items() if key != "RAY_ADDRESS"}
    with (folder / "head.log").open("wb") as log:
        head = subprocess.Popen(command, env=head_env, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for_head(head, env, folder / "head.log")
        yield env
    finally:
        with suppress(ProcessLookupError):
            os.killpg(head.pid, signal.SIGKILL)
        head.wait()
        shutil.rmtree(folder, ignore_errors=True)


def ready(env: dict[str, str]) -> bool:
    done = subprocess.run([RAY, "job", "list"], env=env, capture_output=True, check=False)
    return done.returncode == 0


def wait_for_head(head: subprocess.Popen[bytes], env: dict[str, str], log: Path) -> None:
    deadline = time.monotonic() + 60
    while not ready(env):
        up = head.poll() is None and time.monotonic() < deadline
        assert up, f"the head did not come up: {log.read_text()[-2000:]}"


def submit(env: dict[str, str], *arguments: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    program = ["python", "-m", "cluster", *arguments]
    return job(env, "submit", "--working-dir", ".", *options, "--", *program)


def job(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(RAY), "job", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=110)


@pytest.mark.timeout(180)
def test_a_submitted_job_runs_a_plan_into_the_home_that_it_is_given(cluster: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    home = tmp_path / "home"
    run = f"python -m cluster run {tmp_path / 'plan.yaml'} --model scripted --executors 1 --key job"
    both = ("sh", "-c", f"{run} --home {home} && ! {run} && echo refused")
    done = job(cluster, "submit", "--working-dir", ".", "--", *both)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2/2 done" in done.stdout
    reader = Reader(home / "store.db")
    assert reader.run("job").items == 2
    reader.close()
    assert len(list((home / "runs").glob("*/*.md"))) == 2
    assert "refused" in done.stdout.splitlines()
    assert "name a lasting folder with --home" in done.stdout, "an implicit home would be Ray's temporary copy"
    assert "Traceback" not in done.stdout


@pytest.mark.faults
@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_job_that_was_ended_goes_on_when_it_is_submitted_again(
    cluster: dict[str, str], tmp_path: Path, how: str
) -> None:
    """`ray job stop` lets the calls in flight end; SIGKILL does not. Either way nothing finished is paid for again."""
    commands = Commands(tmp_path)
    commands.script(rules=[{"match": "/slow", "delay_s": 5}])
    plan = commands.plan(a=[], slow=["a"], last=["slow"])
    environment = {"MNEMOSYNE_SCRIPT": str(tmp_path / "script.json"), "RAY_JOB_STOP_WAIT_TIME_S": "30"}
    options = ("--runtime-env-json", json.dumps({"env_vars": environment}), "--submission-id", f"first-{how}")
    run = ("run", str(tmp_path / plan), "--key", "k", "--home", str(commands.home))
    assert submit(cluster, *run, options=(*options, "--no-wait")).returncode == 0
    commands.wait("k", begun("slow"))
    if how == "stopped":
        assert job(cluster, "stop", f"first-{how}").returncode == 0
        assert paid(commands.events("k")) == ["a", "slow"], "the call in flight is waited for"
        assert [type(event) for event in commands.events("k")][-1] is RunPaused
    else:
        os.kill(driver(str(commands.home)), signal.SIGKILL)
    again = submit(cluster, *run, options=options[:2])
    assert again.returncode == 0, again.stdout + again.stderr
    assert paid(commands.events("k")) == ["a", "slow", "last"]


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_a_fleet_that_a_job_leaves_behind_takes_the_runs_of_later_jobs(cluster: dict[str, str], tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    (tmp_path / "plan.yaml").write_text(PLAN)
    at = ("--home", str(commands.home))
    begun_up = submit(cluster, "up", "--executors", "1", *ONLY_EXECUTORS, *at)
    assert begun_up.returncode == 0, begun_up.stdout + begun_up.stderr
    fleet = fleet_file.living(commands.home)
    assert fleet is not None
    assert fleet.on_cluster
    done = submit(cluster, "run", str(tmp_path / "plan.yaml"), "--model", "scripted", "--key", "job", *at)
    assert done.returncode == 0, done.stdout + done.stderr

    assert json.loads(commands.run("status", "job", "--json")[1])["state"] == "completed", "looking needs no job"
    code, _, err = commands.run("down")
    assert (code, "ray job submit" in err) == (4, True)
    ended = submit(cluster, "down", *at)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert fleet_file.read(commands.home) is None
    (started,) = [event for event in commands.events("job") if isinstance(event, AgentStarted)]
    deadline = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{started.pid}").exists():
        assert time.monotonic() < deadline, "its actors end with it"
        time.sleep(0.05)
    assert ready(cluster), "and Ray goes on"


def driver(home: str) -> int:
    """The process that drives the run in this home."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = file.read_bytes().split(b"\0")
            if b"cluster" in words and home.encode() in words and b"-m" in words:
                return int(file.parent.name)
    raise AssertionError(f"nobody drives a run in {home}")
