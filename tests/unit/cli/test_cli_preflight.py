"""What is refused before anything is started or written."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from typer.testing import CliRunner

from actors.errors import (
    FleetError,
    HomeUnusable,
    MnemosyneError,
    ModelMissing,
    PlanRefused,
    StoreLocked,
    StoreUnusable,
    UserError,
)
from actors.settings import FleetSettings, Pools
from actors.stores.group import GroupStore
from actors.stores.holder import holder, is_held, lock_file
from actors.stores.protocol import Accept
from actors.work import Item, Role
from cluster.cli import preflight
from cluster.cli.main import app
from cluster.fleets import fleet_file
from cluster.fleets.fleet_file import FleetFile
from cluster.fleets.head import lock_of
from cluster.home import config
from cluster.home.locks import exclusive
from tests.support.homes import make_home

ROOT = Path(__file__).parents[3]
PLAN = "items: [{id: a, description: x}]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def refused(error: type[MnemosyneError], *arguments: str) -> str:
    """The one sentence; nothing was started, or the test would not have ended by now."""
    done = invoke(*arguments)
    assert isinstance(done.exception, error), done.output
    assert "\n" not in str(done.exception)
    return str(done.exception)


def untouched(folder: Path) -> bool:
    return [path.name for path in folder.iterdir()] == ["plan.yaml"]


@pytest.mark.parametrize(
    ("error", "code", "arguments", "told"),
    [
        (PlanRefused, 2, ["nosuch.yaml", "--model", "scripted"], "did you mean"),
        (PlanRefused, 2, [".", "--model", "scripted"], "is a folder"),
        (ModelMissing, 4, ["plan.yaml", "--model", "scriptet"], "did you mean scripted?"),
        (ModelMissing, 4, ["plan.yaml", "--model", "claude-sonnet-5-5"], "No API key is found"),
        (HomeUnusable, 2, ["plan.yaml", "--model", "scripted", "--home", "plan.yaml/home"], "--home"),
        (HomeUnusable, 2, ["plan.yaml", "--model", "scripted", "--home", "plan.yaml"], "--home"),
        (HomeUnusable, 2, ["plan.yaml", "--model", "scripted", "--home", "~nobody-of-this-name/x"], "--home"),
        (HomeUnusable, 2, ["plan.yaml", "--model", "scripted", "--home", "home\udcff"], "--home"),
    ],
)
@pytest.mark.parametrize("detach", [[], ["--detach"]])
def test_run_refuses(
    folder: Path, error: type[MnemosyneError], code: int, arguments: list[str], told: str, detach: list[str]
) -> None:
    assert told in refused(error, "run", *arguments, *detach)
    assert error.exit_code == code
    assert untouched(folder)


@pytest.mark.parametrize("key", ["", "  ", "a\nb", "a\x1b[2J", "\udcff"])
def test_a_key_is_a_visible_text(folder: Path, key: str) -> None:
    done = invoke("run", "plan.yaml", "--model", "scripted", "--key", key)
    assert (done.exit_code, untouched(folder)) == (2, True)
    assert invoke("status", key).exit_code == 2


def test_a_home_in_a_ray_job_has_to_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(config.RAY_JOB, "{}")
    for command in (["run", "plan.yaml", "--model", "scripted"], ["status"], ["resume", "r"], ["agents"]):
        assert "--home" in refused(HomeUnusable, *command)
    assert untouched(folder)


@pytest.mark.parametrize("script", [None, "", "[]", '{"rules": [{"failure": "no such"}]}', '{"latency_s": -1}'])
def test_a_script_that_is_none_is_refused(folder: Path, script: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder.parent / "script.json"
    file.unlink(missing_ok=True)
    if script is not None:
        file.write_text(script)
    monkeypatch.setenv("MNEMOSYNE_SCRIPT", str(file))
    assert f"MNEMOSYNE_SCRIPT: {file}: " in refused(UserError, "run", "plan.yaml", "--model", "scripted")
    assert untouched(folder)


@pytest.mark.parametrize("memory", ["much", "-1", "1.5", "²"])
def test_a_limit_of_memory_that_is_no_number_is_refused(
    folder: Path, memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNEMOSYNE_AGENT_MEMORY_MB", memory)
    assert memory in refused(UserError, "run", "plan.yaml", "--model", "scripted")
    assert untouched(folder)


@pytest.mark.parametrize(("memory", "limit"), [("", 2048), (" 300 ", 300), ("0", 0)])
def test_a_limit_of_memory(folder: Path, memory: str, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNEMOSYNE_AGENT_MEMORY_MB", memory)
    assert config.read_settings(folder, FleetSettings()).health.memory_mb == limit


def test_every_model_of_a_plan_has_to_be_there() -> None:
    items = (Item(id="a", description="x", model="scripted"), Item(id="b", description="x", model="claude-x"))
    with pytest.raises(ModelMissing, match="claude-x"):
        preflight.models("scripted", items, has_key=False)
    assert preflight.models("claude-x", items[:1], has_key=False)[1] == {"scripted"}, (
        "one that no item needs may be missing"
    )
    assert preflight.models("scripted", (*items[:1], Item(id="c", description="x")), has_key=False)[1] == {"scripted"}


def test_a_token_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(HomeUnusable, match="ray-token"):
        config.prepare_ray(tmp_path / "home")


def test_a_token_needs_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_from: Path, _to: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refused)
    token = config.token_path(tmp_path)
    config.make_token(token)
    first = token.read_text()
    config.make_token(token)
    assert (token.read_text(), [path.name for path in tmp_path.iterdir()]) == (first, ["ray-token"])


def test_commands_that_make_a_token_at_once_have_the_same(tmp_path: Path) -> None:
    token, both = config.token_path(tmp_path), Barrier(2)

    def first(_: int) -> str:
        both.wait(10)
        config.make_token(token)
        return token.read_text()

    with ThreadPoolExecutor(2) as threads:
        for _ in range(100):
            one, other = threads.map(first, range(2))
            assert one == other == token.read_text()
            assert len(one) == 64
            assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [("ray-token", 0o600)]
            token.unlink()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """With one finished run, r or monday, of the scripted model."""
    folder = tmp_path / "home"
    folder.mkdir()
    asyncio.run(make_home(folder))
    return folder


def test_a_key_that_is_taken_is_refused_at_once(folder: Path, home: Path) -> None:
    arguments = ["run", "plan.yaml", "--model", "scripted", "--home", str(home), "--key"]
    for name in ("monday", "r"):
        assert "belongs to run r" in refused(UserError, *arguments, name)


HOLD = (
    "import sys; from pathlib import Path; from actors.stores.sqlite import SqliteStore;"
    "store = SqliteStore(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
)


@pytest.fixture
def writer(home: Path) -> Iterator[int]:
    """Process id of one that writes the home's store."""
    command = [sys.executable, "-c", HOLD, str(home / "store.db")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"open\n"
        yield process.pid


def test_a_home_in_which_a_run_is_under_way_is_refused(home: Path, writer: int) -> None:
    with pytest.raises(StoreLocked, match=f"process {writer} writes its store") as caught:
        preflight.free(home / "store.db", within_s=0)
    assert str(home) in str(caught.value)
    assert StoreLocked.exit_code == 4


def test_who_holds_a_store(home: Path, writer: int) -> None:
    store = home / "store.db"
    assert (is_held(store), holder(store)) == (True, writer)
    assert holder(store, home / "no locks here") is None
    assert (is_held(home / "other.db"), holder(home / "other.db")) == (False, None)


async def test_a_store_that_is_let_go_in_time_is_free(home: Path) -> None:
    store = GroupStore(home / "store.db")
    waiting = asyncio.create_task(asyncio.to_thread(preflight.free, home / "store.db", 60))
    await asyncio.sleep(0)
    assert not waiting.done()
    await store.close()
    await waiting
    preflight.free(home / "none.db", within_s=0)


@pytest.mark.parametrize("command", [["resume", "r"], ["status", "r", "--watch"], ["agents"], ["cancel", "r"]])
def test_a_home_without_a_store_is_refused_and_not_made(tmp_path: Path, command: list[str]) -> None:
    assert "mnemosyne run" in refused(StoreUnusable, *command, "--home", str(tmp_path / "home"))
    assert list(tmp_path.iterdir()) == []


def test_resume_of_a_finished_run_starts_nothing_and_writes_the_result_files_that_are_missing(home: Path) -> None:
    done = invoke("resume", "monday", "--home", str(home))
    assert done.exit_code == 1, done.output
    assert "Run r is finished: completed_with_failures." in done.stdout
    assert {path.name for path in (home / "runs" / "r").iterdir()} == {"text.md", "json.json", "long.md"}
    assert not config.token_path(home).exists(), "no Ray was prepared"
    done = invoke("resume", "monday", "--home", str(home), "--json")
    assert json.loads(done.stdout)["state"] == "completed_with_failures"


def test_resume_refuses_a_run_whose_model_is_not_there(home: Path, tmp_path: Path) -> None:
    async def make() -> None:
        store = GroupStore(home / "store.db")
        await store.accept(Accept("r2", None, "x", "d", "claude-x", (Item(id="a", description="x"),), {}))
        await store.close()

    asyncio.run(make())
    assert "No API key is found" in refused(ModelMissing, "resume", "r2", "--home", str(home))
    status = json.loads(invoke("status", "r2", "--home", str(home), "--json").stdout)
    assert status["state"] == "running", "nothing happened to it"


def test_a_store_that_belongs_to_half_a_fleet_is_refused_with_the_cure(tmp_path: Path) -> None:
    """As after a SIGKILL of `up` or `down`."""
    store = config.store_path(tmp_path)
    locks = [exclusive(lock_file(store)), exclusive(lock_of(tmp_path))]
    with pytest.raises(StoreLocked, match="`mnemosyne down` ends it"):
        preflight.free(store, within_s=0)
    for lock in filter(None, locks):
        os.close(lock)


def test_a_plan_whose_role_the_fleet_has_no_agent_of_is_refused_with_the_cure(folder: Path, tmp_path: Path) -> None:
    (folder / "plan.yaml").write_text("items: [{id: a, description: x, agent: reviewer}]\n")
    home = config.make_home(tmp_path / "home")
    shape = FleetSettings(pools=Pools().only([Role.EXECUTOR]))
    fleet_file.write(home, FleetFile(state="up", since=1.0, build="b", pid=1, folder=home / "ray", shape=shape))
    lock = exclusive(lock_of(home))
    assert lock is not None
    told = refused(FleetError, "run", "plan.yaml", "--model", "scripted", "--home", str(home))
    assert "has no agent of role reviewer; `mnemosyne down`, then `mnemosyne up --pool reviewer=1`" in told
    assert not config.store_path(home).exists()
    os.close(lock)


def test_a_pool_that_the_plan_needs_and_the_command_line_empties_is_refused(folder: Path) -> None:
    told = refused(UserError, "run", "plan.yaml", "--model", "scripted", "--pool", "executor=0")
    assert "items for agents of role executor" in told
    assert "no role 'boss'" in refused(UserError, "run", "plan.yaml", "--model", "scripted", "--pool", "boss=1")
    assert untouched(folder)
