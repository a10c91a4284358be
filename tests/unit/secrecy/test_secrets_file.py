"""The secrets file: what is kept is there, whoever is killed or comes at once; what is not ours stays untouched."""

import json
import multiprocessing
import os
import resource
import signal
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import SecretsUnusable
from actors.secrecy.secrets_file import LARGEST, SecretsFile
from cluster.home import secret_changes
from cluster.home.locks import exclusive
from tests.support.line_kills import killed_at_every_line

CANARY = "sk-ant-canary-in-the-secrets-file"


@pytest.fixture
def file(tmp_path: Path) -> SecretsFile:
    return SecretsFile(tmp_path / "config" / "mnemosyne")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_put_is_there_for_its_owner_alone_and_not_in_clear(file: SecretsFile) -> None:
    before = os.umask(0)
    try:
        secret_changes.put(file, "A", CANARY)
    finally:
        os.umask(before)
    secret_changes.put(file, "B", "zwei\nZeilen ü")

    assert file.read() == {"A": CANARY, "B": "zwei\nZeilen ü"}
    assert [mode(path) for path in (file.folder, file.path, file.identity)] == [0o700, 0o600, 0o600]
    assert not [path for path in file.folder.iterdir() if CANARY.encode() in path.read_bytes()]
    assert {path.name for path in file.folder.iterdir()} == {"secrets.age", "identity.key", "lock"}


def test_dropping(file: SecretsFile) -> None:
    assert not secret_changes.drop(file, "A")
    assert not file.folder.exists(), "looking makes nothing"
    secret_changes.put(file, "A", CANARY)
    secret_changes.put(file, "B", "b")
    assert secret_changes.drop(file, "A")
    assert not secret_changes.drop(file, "A")
    assert file.read() == {"B": "b"}


def test_making_twice_changes_nothing(file: SecretsFile) -> None:
    assert secret_changes.make(file)
    before = file.path.read_bytes(), file.identity.read_bytes()
    assert not secret_changes.make(file)
    assert (file.path.read_bytes(), file.identity.read_bytes()) == before


def test_a_link_stays_a_link(file: SecretsFile, tmp_path: Path) -> None:
    secret_changes.make(file)
    real = tmp_path / "elsewhere.age"
    file.path.rename(real)
    file.path.symlink_to(real)
    secret_changes.put(file, "A", CANARY)
    assert file.path.is_symlink()
    assert SecretsFile(file.folder).read() == {"A": CANARY}


def other(file: SecretsFile, contents: bytes) -> bytes:
    """These contents in the age format, for this identity."""
    identity = file.read_identity()
    assert identity is not None
    return bytes(pyrage.encrypt(contents, [identity.to_public()]))


def turn_into_folder(file: SecretsFile) -> None:
    file.path.unlink()
    file.path.mkdir()


DAMAGES: dict[str, Callable[[SecretsFile], Any]] = {
    "no key": lambda file: file.identity.unlink(),
    "key emptied": lambda file: file.identity.write_bytes(b""),
    "key is no key": lambda file: file.identity.write_bytes(b"\xff\0 something else"),
    "two keys": lambda file: file.identity.write_bytes(file.identity.read_bytes() * 2),
    "another's key": lambda file: file.identity.write_text(str(pyrage.x25519.Identity.generate())),
    "emptied": lambda file: file.path.write_bytes(b""),
    "cut off": lambda file: file.path.write_bytes(file.path.read_bytes()[:-60]),
    "one byte": lambda file: file.path.write_bytes(file.path.read_bytes().replace(b"Y", b"Z", 1)),
    "foreign": lambda file: file.path.write_text('{"A": "in clear"}'),
    "endless": lambda file: file.path.write_bytes(b"-" * (LARGEST + 1)),
    "no JSON": lambda file: file.path.write_bytes(other(file, b"not json")),
    "a list": lambda file: file.path.write_bytes(other(file, b"[]")),
    "a number": lambda file: file.path.write_bytes(other(file, b'{"A": 1}')),
    "no UTF-8": lambda file: file.path.write_bytes(other(file, b'{"A": "\xff"}')),
    "a folder": turn_into_folder,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_or_foreign_is_refused_with_a_cure_and_stays_as_it_is(file: SecretsFile, damage: str) -> None:
    secret_changes.put(file, "A", CANARY)
    DAMAGES[damage](file)
    before = {path: path.read_bytes() for path in file.folder.iterdir() if path.is_file()}
    for change in (
        file.read,
        lambda: secret_changes.put(file, "B", "b"),
        lambda: secret_changes.drop(file, "A"),
        lambda: secret_changes.make(file),
    ):
        with pytest.raises(SecretsUnusable) as refused:
            change()
        assert CANARY not in str(refused.value)
        assert str(file.folder) in str(refused.value)
        assert "backup" in str(refused.value) or "readable" in str(refused.value)
    assert {path: path.read_bytes() for path in file.folder.iterdir() if path.is_file()} == before


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[SecretsFile, bytes]:
    file = SecretsFile(tmp_path_factory.mktemp("bytes"))
    secret_changes.put(file, "A", CANARY)
    return file, file.path.read_bytes()


@given(where=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_no_changed_byte_goes_unseen(sealed: tuple[SecretsFile, bytes], where: float, change: int) -> None:
    file, whole = sealed
    changed = bytearray(whole)
    changed[int(where * len(whole))] ^= change
    file.path.write_bytes(changed)
    with suppress(SecretsUnusable):
        assert file.read() == {"A": CANARY}  # where a line ends in another way, say


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_file_that_may_not_be_read_is_refused(file: SecretsFile) -> None:
    secret_changes.put(file, "A", CANARY)
    file.path.chmod(0)
    with pytest.raises(SecretsUnusable, match="readable for its owner"):
        file.read()


def test_a_kill_at_any_line_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    file, seen = SecretsFile(tmp_path / "old"), set()
    secret_changes.put(file, "A", "old")
    for _ in killed_at_every_line(secret_changes, lambda: secret_changes.put(file, "A", "new")):
        seen.add(file.read()["A"])
        secret_changes.put(file, "A", "old")  # what the killed one left is in nobody's way
    assert seen == {"old", "new"}
    assert {path.name for path in file.folder.iterdir()} == {"secrets.age", "identity.key", "lock"}


def test_a_kill_at_any_line_of_the_first_one_leaves_nothing_or_a_file_that_opens(tmp_path: Path) -> None:
    folders = iter(range(1000))
    file, seen = SecretsFile(tmp_path / "first"), set()
    for _ in killed_at_every_line(secret_changes, lambda: secret_changes.put(file, "A", CANARY)):
        seen.add(json.dumps(file.read()))
        if file.identity.exists():
            assert mode(file.identity) == 0o600
        secret_changes.put(file, "B", "b")
        assert file.read()["B"] == "b"
        file.folder.rename(tmp_path / f"over-{next(folders)}")
    assert seen == {"{}", json.dumps({"A": CANARY})}


def put_many(folder: Path, who: int) -> None:
    for n in range(10):
        secret_changes.put(SecretsFile(folder), f"{who}-{n}", str(n))


def test_changes_at_once_are_all_kept(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    both = [spawn.Process(target=put_many, args=(tmp_path / "m", who)) for who in range(4)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0] * 4
    assert len(SecretsFile(tmp_path / "m").read()) == 40


def test_a_lock_that_a_stopped_process_keeps_is_told(file: SecretsFile) -> None:
    secret_changes.make(file)
    lock = exclusive(file.folder / "lock")
    assert lock is not None
    try:
        with pytest.raises(SecretsUnusable, match="lock; end it"):
            secret_changes.put(file, "A", CANARY, patience_s=0.1)
    finally:
        os.close(lock)
    secret_changes.put(file, "A", CANARY)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(file: SecretsFile) -> None:
    secret_changes.put(file, "A", "old")
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            secret_changes.put(file, "A", "new")
        except OSError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert file.read() == {"A": "old"}
    assert {path.name for path in file.folder.iterdir()} == {"secrets.age", "identity.key", "lock"}
