"""The checks of `doctor` on the machine: Python, packages, room, ports, models."""

import ipaddress
import os
import socket
from pathlib import Path

import apsw
import pytest

from actors.errors import SecretsUnusable
from actors.secrecy.keys import Found, Place
from cluster.doctor import environment as env
from cluster.doctor import machine, models, ports
from cluster.doctor.finding import Finding, Level
from tests.support.findings import one

LOCK = "anthropic==1.0 \\\n    --hash=x\napsw==3.0\npydantic==2.0\nray==2.60.0 ; python_version < '3.13'\ntyper==0.9\n"
LOCKED = {"anthropic": "1.0", "apsw": "3.0", "pydantic": "2.0", "ray": "2.60.0", "typer": "0.9"}


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
    for free, level in ((1 << 40, Level.OK), (1 << 29, Level.WARNING), (1 << 20, Level.BROKEN)):
        finding = one(machine.disk("disk", tmp_path / "a" / "b", "the home", {tmp_path: free}.__getitem__))
        assert finding.level is level
        assert str(tmp_path / "a" / "b") in finding.message
    assert machine.free_space(tmp_path) > 0


@pytest.mark.parametrize(
    ("encoding", "level"), [("utf-8", "ok"), ("UTF8", "ok"), ("ascii", "warning"), (None, "warning")]
)
def test_terminal(encoding: str | None, level: str) -> None:
    assert one(machine.terminal(encoding)).level.value == level


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


def test_what_this_process_has_open_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as near, socket.create_server(("", 0)) as far:
        found = {one.port: str(one.address) for one in ports.opened_by([os.getpid()])}
        assert found[near.getsockname()[1]] == "127.0.0.1"
        assert found[far.getsockname()[1]] == "0.0.0.0"
        finding = one(ports.fleet([os.getpid()]))
        assert finding.level is Level.WARNING
        assert f"port {far.getsockname()[1]} on 0.0.0.0" in finding.message
        assert f"port {near.getsockname()[1]} " not in finding.message
        mine = {near.getsockname()[1], far.getsockname()[1]}
    assert not mine & {one.port for one in ports.opened_by([os.getpid()])}


def test_a_fleet_that_is_open_to_this_machine_alone_and_none() -> None:
    near = ports.Listener(ipaddress.IPv6Address("::1"), 1, 1)
    assert one(ports.fleet([1], lambda _: [near])).level is Level.OK
    assert list(ports.fleet([])) == []


def test_ray_address() -> None:
    assert one(ports.address(None, in_job=False)).level is Level.OK
    assert one(ports.address("10.0.0.1:6379", in_job=True)).level is Level.OK
    assert one(ports.address("10.0.0.1:6379", in_job=False)).cure == "unset RAY_ADDRESS"


@pytest.mark.parametrize(
    ("key", "local", "level"),
    [("sk-x", True, "ok"), ("sk x", True, "broken"), (None, True, "warning"), (None, False, "broken")],
)
def test_key(key: str | None, local: bool, level: str) -> None:
    found = Found(key, Place.FILE) if key else Found()
    finding = one(models.key(lambda: found, local=local))
    assert finding.level.value == level
    assert not key or key not in finding.message


def test_a_keychain_that_does_not_answer_is_told_beside_the_key_that_is_not_found() -> None:
    silent, none = models.key(lambda: Found(trouble="the keychain did not answer"), local=True)
    assert (silent.name, silent.level, none.name) == ("keychain", Level.WARNING, "key")


def test_a_secrets_file_that_cannot_be_opened_is_a_key_that_is_not_found() -> None:
    def search() -> Found:
        raise SecretsUnusable

    assert one(models.key(search, local=True)).level is Level.BROKEN


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
