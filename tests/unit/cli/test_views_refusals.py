"""`status`, `results` and `events` where something is wrong: one sentence, no traceback."""

import asyncio
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
import typer
from typer.testing import CliRunner

from actors.errors import HomeUnusable, MnemosyneError, NotFound, PayloadMissing, StoreUnusable
from actors.stores.group import GroupStore
from cluster.cli import views
from tests.support.histories import GOOD, accept, assigned, closed, items, write_run
from tests.support.homes import APP, PLAN, events, make_home, results, status


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """One finished run with every kind of answer."""
    asyncio.run(make_home(tmp_path))
    return tmp_path


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
    assert "misses 1 payload" in refused(lambda: results(home, "r", as_json=True), PayloadMissing)
    assert json.loads(status(home, "r", as_json=True))["state"] == "completed_with_failures"


def app() -> typer.Typer:
    made = typer.Typer()
    views.register(made)
    return made


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
