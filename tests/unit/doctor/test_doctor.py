"""`doctor`: every check on a machine as it should be, and on one where the thing is wrong."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from itertools import chain, repeat
from pathlib import Path

import apsw
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from actors.stores import requests
from actors.stores.group import GroupStore
from cluster.cli.doctor import show
from cluster.cli.main import app
from cluster.doctor import EXIT, Finding, Level, examine, worst
from cluster.doctor import home as homes
from cluster.doctor import store as stores
from cluster.doctor.finding import broken, found, ok, warning
from tests.support.findings import one
from tests.support.homes import make_home
from tests.support.screens import HARMLESS, HOSTILE, output, plain, terminal


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    asyncio.run(make_home(folder))
    return folder


def test_what_is_not_ok_needs_a_cure() -> None:
    with pytest.raises(ValidationError):
        Finding(name="a", level=Level.WARNING, message="b")
    with pytest.raises(ValidationError):
        Finding(name="a", level=Level.OK, message="b", cure="c")


def test_the_worst_finding_makes_the_exit_code() -> None:
    good, fair, bad = ok("a", "b"), warning("a", "b", "c"), broken("a", "b", "c")
    assert [EXIT[worst(found)] for found in ([], [good], [good, fair], [bad, fair, good])] == [0, 0, 1, 2]


def test_a_check_that_the_system_refuses_is_a_finding() -> None:
    def refused() -> list[Finding]:
        raise PermissionError(13, "Permission denied", "/the/file")

    finding = one(found("home", refused))
    assert (finding.name, finding.level) == ("home", Level.WARNING)
    assert "/the/file: Permission denied" in finding.message


def test_home(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    assert "does not exist yet" in one(homes.home(folder)).message
    assert not folder.exists()
    folder.mkdir(mode=0o700)
    assert one(homes.home(folder)).level is Level.OK
    folder.chmod(0o750)
    assert one(homes.home(folder)).cure == f"chmod 700 {folder}"
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        assert one(homes.home(path)).level is Level.BROKEN


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_home_that_cannot_be_written_is_broken(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert one(homes.home(tmp_path)).level is Level.BROKEN


def test_token(tmp_path: Path) -> None:
    file = tmp_path / "ray-token"
    assert one(homes.token(file)).level is Level.OK
    file.touch(mode=0o600)
    assert one(homes.token(file)).level is Level.BROKEN
    file.write_text("a secret")
    finding = one(homes.token(file))
    assert finding.level is Level.OK
    assert "a secret" not in finding.message
    file.chmod(0o640)
    assert one(homes.token(file)).cure == f"chmod 600 {file}"
    file.unlink()
    file.symlink_to("nowhere")
    assert one(homes.token(file)).level is Level.BROKEN


@pytest.mark.parametrize("left", ["", "{}", '{"state": "up"'])
def test_a_fleet_file_that_cannot_be_read_is_broken_and_said_once(tmp_path: Path, left: str) -> None:
    assert one(homes.fleet(tmp_path)).level is Level.OK
    file = tmp_path / "fleet.json"
    file.write_text(left)
    said = [finding for finding in examine(tmp_path, "utf-8") if "fleet.json" in finding.message]
    assert said == [broken("fleet", f"{file} cannot be read", "see who uses it, then remove it")]


def test_a_store_that_cannot_be_told_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNEMOSYNE_STORE", "mysql://host/db")
    (said,) = [finding for finding in examine(tmp_path, "utf-8") if finding.name in ("store", "writer", "requests")]
    assert (said.name, said.level, "MNEMOSYNE_STORE takes" in said.message) == ("store", Level.BROKEN, True)


def test_a_store_as_it_should_be_and_none(home: Path, tmp_path: Path) -> None:
    assert "1 run, quick check passed" in one(stores.store(home / "store.db")).message
    assert "none yet" in one(stores.store(tmp_path / "store.db")).message


def test_a_damaged_store_is_broken_and_stays_as_it_is(home: Path) -> None:
    path = home / "store.db"
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (path.stat().st_size - 8192))
    before = path.read_bytes()
    assert one(stores.store(path)).level is Level.BROKEN
    assert path.read_bytes() == before


def test_a_store_of_another_version_or_program_is_broken(home: Path) -> None:
    db = apsw.Connection(str(home / "store.db"))
    db.execute("pragma user_version = 99").fetchall()
    db.close()
    assert "schema 99" in one(stores.store(home / "store.db")).message
    (home / "store.db").write_text("not a store at all " * 100)
    assert one(stores.store(home / "store.db")).level is Level.BROKEN


def test_a_store_too_large_to_be_checked_in_time_says_so(home: Path) -> None:
    times = chain((0.0,), repeat(stores.CHECK_S + 1))
    assert "no fault so far" in one(stores.store(home / "store.db", lambda: next(times), steps=1)).message


def test_who_writes_the_store(home: Path) -> None:
    path = home / "store.db"
    assert "no process" in one(stores.writer(path)).message
    code = (
        "import sys; from pathlib import Path; from actors.stores.sqlite import SqliteStore;"
        "store = SqliteStore(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writing:
        assert writing.stdout
        assert writing.stdout.readline() == b"open\n"
        finding = one(stores.writer(path))
        assert finding.level is Level.OK
        assert f"process {writing.pid} writes" in finding.message
        assert one(stores.store(path)).level is Level.OK, "a living writer is in nobody's way"
        proc = home / "proc"
        (proc / str(writing.pid)).mkdir(parents=True)
        (proc / str(writing.pid) / "stat").write_text(f"{writing.pid} (a ) b) T 1 1")
        stopped = one(stores.writer(path, proc))
        assert f"kill -CONT {writing.pid}" in stopped.cure
    assert "no process" in one(stores.writer(path)).message


def test_requests_that_are_left_over(home: Path) -> None:
    path = home / "store.db"
    assert one(stores.waiting(path)).level is Level.OK
    folder = requests.folder_of(path)
    folder.mkdir()
    (folder / "a.json").write_text("{}")
    assert "1 waits" in one(stores.waiting(path)).message
    store = GroupStore(path)
    assert one(stores.waiting(path)).level is Level.OK, "a living store takes it in"
    asyncio.run(store.close())
    (folder / "a.json").rename(folder / "a.bad")
    assert str(folder / "a.bad") in one(stores.waiting(path)).message


KEY = "sk-ant-a-canary-that-nobody-may-see"


def doctor(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["doctor", *arguments])
    assert isinstance(done.exception, SystemExit | None), done.exception
    return done.exit_code, done.output


def test_the_command_finds_all_well_and_never_shows_the_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    code, told = doctor("--home", str(home), "--json")
    findings = {finding["name"]: finding for finding in json.loads(told)["findings"]}
    names = "python environment packages sqlite memory temp ports terminal disk home token store writer requests key"
    assert {*names.split(), "ray address", "local model", "secrets"} <= findings.keys()
    assert findings["key"]["message"] == "found in the environment (ANTHROPIC_API_KEY)"
    assert KEY not in told
    levels = {finding["level"] for finding in findings.values()}
    assert code == {"ok": 0, "warning": 1, "broken": 2}[json.loads(told)["level"]]
    assert json.loads(told)["level"] in levels


@pytest.mark.parametrize("key", ["sk ant", "sk-ant-ü", "sk\x00ant"])
def test_a_key_that_no_header_can_carry_is_broken(key: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "ANTHROPIC_API_KEY", key.replace("\x00", "\n"))
    code, told = doctor("--home", str(home))
    assert code == 2
    assert "broken: key: what is found in the environment cannot be a key" in told
    assert key not in told


def test_the_command_changes_nothing(tmp_path: Path) -> None:
    code, told = doctor("--home", str(tmp_path / "home"))
    assert code in (0, 1)
    assert "does not exist yet" in told
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_wrong_is_a_finding_beside_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    code, told = doctor("--home", str(tmp_path / "file" / "home"))
    assert (code, "broken: home:" in told, "ok: python:" in told) == (2, True, True)
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}")
    code, told = doctor()
    assert (code, "temporary copy" in told, "ok: python:" in told) == (2, True, True)


def test_a_terminal_gets_a_table_that_fits_and_nothing_harmful() -> None:
    findings = [ok("python", "3.11"), warning("key", "none " * 40, "set it"), broken("home", HOSTILE, HOSTILE)]
    for width in (40, 80, 200):
        console = terminal(width, no_color=True)
        show(findings, console)
        lines = output(console).replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "").split("\n")
        assert all(map(HARMLESS.fullmatch, lines))
        assert max(map(len, lines)) <= width
        assert lines[-2] == "1 broken, 1 warning"


def test_a_pipe_gets_a_line_per_finding() -> None:
    console = plain()
    show([ok("python", "3.11 " * 40), warning("key", "none is\nfound", "set it")], console)
    assert output(console).splitlines() == [
        f"ok: python: {'3.11 ' * 40}",
        "warning: key: none is found; set it",
        "1 warning",
    ]


def test_modes_are_told_as_people_write_them(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert "(mode 0755)" in one(homes.home(tmp_path)).message
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
