"""`doctor`: every check on a machine as it should be, and on one where the thing is wrong."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterable
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
from cluster.doctor import environment as env
from cluster.doctor import home as homes
from cluster.doctor import machine, models, ports
from cluster.doctor import store as stores
from cluster.doctor.finding import broken, found, ok, warning
from tests.homes import make_home
from tests.screens import HARMLESS, HOSTILE, output, plain, terminal

LOCK = "anthropic==1.0 \\\n    --hash=x\napsw==3.0\npydantic==2.0\nray==2.60.0 ; python_version < '3.13'\ntyper==0.9\n"
LOCKED = {"anthropic": "1.0", "apsw": "3.0", "pydantic": "2.0", "ray": "2.60.0", "typer": "0.9"}


def one(findings: Iterable[Finding]) -> Finding:
    (finding,) = findings
    assert bool(finding.cure) == (finding.level is not Level.OK)
    return finding


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


@pytest.mark.parametrize(
    ("version", "level"),
    [((3, 10, 9), Level.BROKEN), ((3, 11, 0), Level.OK), ((3, 12, 9), Level.OK), ((3, 13, 0), Level.BROKEN)],
)
def test_python(version: tuple[int, ...], level: Level) -> None:
    assert one(env.python(version, "python")).level is level


def test_environment(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(LOCK)
    assert one(env.environment(lock, tmp_path)).level is Level.WARNING
    (tmp_path / "installed.lock").write_text(LOCK)
    assert one(env.environment(lock, tmp_path)).level is Level.OK
    lock.write_text(f"{LOCK}more==1\n")
    assert "not up to date" in one(env.environment(lock, tmp_path)).message


def test_packages(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(LOCK)
    assert one(env.packages(lock, LOCKED.get)).level is Level.OK
    other = one(env.packages(lock, {**LOCKED, "ray": "2.59.0"}.get))
    assert (other.level, other.message) == (Level.WARNING, "ray 2.59.0 instead of 2.60.0")
    missing = one(env.packages(lock, {**LOCKED, "apsw": None}.get))
    assert (missing.level, missing.message) == (Level.BROKEN, "apsw cannot be found")


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("3.6.23", Level.OK),
        ("3.7.0", Level.BROKEN),
        ("3.40.1", Level.BROKEN),
        ("3.44.5", Level.BROKEN),
        ("3.44.6", Level.OK),
        ("3.45.0", Level.BROKEN),
        ("3.50.6", Level.BROKEN),
        ("3.50.7", Level.OK),
        ("3.51.2", Level.BROKEN),
        ("3.51.3", Level.OK),
        ("3.54.1", Level.OK),
    ],
)
def test_sqlite(version: str, level: Level) -> None:
    assert one(env.sqlite(version)).level is level


def test_the_versions_that_this_environment_has_are_sound() -> None:
    assert one(env.sqlite(apsw.sqlite_lib_version())).level is Level.OK


def meminfo(folder: Path, free: int, limit: str = "max", used: int = 0, cache: int = 0) -> Finding:
    folder.mkdir(exist_ok=True)
    (folder / "meminfo").write_text(f"MemTotal: 9 kB\nMemAvailable:   {free // 1024} kB\n")
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 1\ninactive_file {cache}\n")
    return one(machine.memory(folder, folder))


def test_memory_of_the_machine_and_of_its_container(tmp_path: Path) -> None:
    gib = machine.GIB
    assert meminfo(tmp_path, 4 * gib).message == "4.0 GiB free"
    assert meminfo(tmp_path, gib).level is Level.WARNING
    assert meminfo(tmp_path, 9 * gib, str(3 * gib), 2 * gib).level is Level.WARNING
    assert meminfo(tmp_path, 9 * gib, str(3 * gib), 2 * gib, cache=2 * gib).message == "3.0 GiB free"
    assert "not known" in one(machine.memory(tmp_path / "none", tmp_path / "none")).message


def test_disk_is_that_of_the_nearest_folder_there_is(tmp_path: Path) -> None:
    asked = []
    for free, level in ((1 << 40, Level.OK), (1 << 29, Level.WARNING), (1 << 20, Level.BROKEN)):
        finding = one(machine.disk("disk", tmp_path / "a" / "b", "the home", lambda at: asked.append(at) or free))
        assert finding.level is level
        assert str(tmp_path / "a" / "b") in finding.message
    assert set(asked) == {tmp_path}
    assert machine.free_space(tmp_path) > 0


@pytest.mark.parametrize(
    ("encoding", "level"), [("utf-8", "ok"), ("UTF8", "ok"), ("ascii", "warning"), (None, "warning")]
)
def test_terminal(encoding: str | None, level: str) -> None:
    assert one(machine.terminal(encoding)).level.value == level


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


HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def table(folder: Path, *sockets: str) -> Finding:
    file = folder / "tcp"
    file.write_text(HEADER + "".join(f"   0: {socket} 00000000:0000 {'0A'} 0:0 0:0 0 0 0 1\n" for socket in sockets))
    return one(ports.openness((file, folder / "missing")))


@pytest.mark.parametrize(
    ("sockets", "level", "told"),
    [
        ((), "ok", "none of Ray's usual ones"),
        (("00000000:1F90",), "ok", "none of Ray's usual ones"),
        (("0100007F:2049", "00000000000000000000000001000000:18EB"), "ok", "this machine alone: 6379, 8265"),
        (("0000000000000000FFFF00000100007F:2049",), "ok", "this machine alone: 8265"),
        (("00000000:2049",), "warning", "port 8265 (Ray's dashboard) on 0.0.0.0"),
        (("0A00A8C0:2711",), "warning", "port 10001 (Ray's client server) on 192.168.0.10"),
        (("00000000000000000000000000000000:18EB",), "warning", "port 6379 (Ray's control store) on ::"),
        (("B80D0120000000000000000001000000:2049",), "warning", "on 2001:db8::1"),
    ],
)
def test_ports(tmp_path: Path, sockets: tuple[str, ...], level: str, told: str) -> None:
    finding = table(tmp_path, *sockets)
    assert finding.level.value == level
    assert told in finding.message


def test_a_port_that_is_only_connected_is_not_open(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_text(f"{HEADER}   0: 00000000:2049 00000000:0000 01 0:0 0:0 0 0 0 1\n")
    assert one(ports.openness((tmp_path / "tcp",))).level is Level.OK


def test_ports_where_the_system_does_not_tell(tmp_path: Path) -> None:
    assert one(ports.openness((tmp_path / "missing",))).message == "not known on this system"


def test_ray_address() -> None:
    assert one(ports.address(None, in_job=False)).level is Level.OK
    assert one(ports.address("10.0.0.1:6379", in_job=True)).level is Level.OK
    assert one(ports.address("10.0.0.1:6379", in_job=False)).cure == "unset RAY_ADDRESS"


@pytest.mark.parametrize(
    ("place", "sound", "local", "level"),
    [
        ("x", True, True, "ok"),
        ("x", False, True, "broken"),
        (None, False, True, "warning"),
        (None, False, False, "broken"),
    ],
)
def test_key(place: str | None, sound: bool, local: bool, level: str) -> None:
    assert one(models.key(place, sound=sound, local=local)).level.value == level


def test_local_model() -> None:
    assert one(models.local_model(there=True)).level is Level.OK
    assert one(models.local_model(there=False)).cure == "make setup"


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("https://api.example.com/v1", "ok"),
        ("http://localhost:8080", "ok"),
        ("http://[::1]:8080", "ok"),
        ("http://user:hunter2@models.example.com", "warning"),
        ("models.example.com", "broken"),
        ("ftp://models.example.com", "broken"),
        ("http://[::1", "broken"),
        ("https://", "broken"),
    ],
)
def test_base_url(url: str, level: str) -> None:
    finding = one(models.base_url(url))
    assert finding.level.value == level
    assert "hunter2" not in finding.message
    assert list(models.base_url(None)) == []


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
    assert {*names.split(), "ray address", "local model"} <= findings.keys()
    assert findings["key"]["message"] == "found in the environment variable ANTHROPIC_API_KEY"
    assert KEY not in told
    levels = {finding["level"] for finding in findings.values()}
    assert code == {"ok": 0, "warning": 1, "broken": 2}[json.loads(told)["level"]]
    assert json.loads(told)["level"] in levels


@pytest.mark.parametrize("key", ["sk ant", "sk-ant-ü", "sk\x00ant"])
def test_a_key_that_no_header_can_carry_is_broken(key: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "ANTHROPIC_API_KEY", key.replace("\x00", "\n"))
    code, told = doctor("--home", str(home))
    assert code == 2
    assert "broken: key: what is found in the environment variable" in told
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
