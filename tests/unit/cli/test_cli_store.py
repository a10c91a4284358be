"""`store backup | check | vacuum | prune`: what they print, their exit codes, what they refuse."""

import json
import os
import time
from pathlib import Path

import apsw
import pytest

from actors.stores.inspection import inspect
from actors.stores.reader import Reader
from cluster.cli.store import duration
from tests.support import stores
from tests.support.invoked import call, facts

RUNS = ("old-1", "old-2", "half")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with two runs that ended long ago, one that goes on, and their files."""
    made = tmp_path / "home"
    made.mkdir()
    stores.make(made / "store.db")
    for run in RUNS:
        folder = made / "runs" / run
        folder.mkdir(parents=True)
        (folder / "a.md").write_text("an answer\n")
    return made


def runs(home: Path) -> list[str]:
    reader = Reader(home / "store.db")
    try:
        return [run.run for run in reader.runs()]
    finally:
        reader.close()


def payloads(home: Path) -> int:
    db = apsw.Connection(str(home / "store.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(db.execute("select count(*) from payloads").get)
    finally:
        db.close()


def files(home: Path) -> list[str]:
    return sorted(folder.name for folder in (home / "runs").iterdir())


def test_a_backup_is_one_whole_store_that_can_be_brought_back(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "monday.db"
    told = facts(home, "store", "backup", str(copy))
    assert told == {"file": str(copy), "bytes": copy.stat().st_size, "runs": 3}
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("monday")] == ["monday.db"]
    assert copy.stat().st_mode & 0o777 == 0o600
    assert list(inspect(copy)) == []
    assert call(home, "store", "check", str(copy))[0] == 0
    for file in home.glob("store.db*"):
        file.unlink()
    copy.rename(home / "store.db")
    assert runs(home) == list(RUNS)
    with stores.writer(home / "store.db") as store:
        assert store.claim("claim", "half", "driver", None) == 1


def test_a_backup_beside_a_living_writer(home: Path, tmp_path: Path) -> None:
    with stores.writer(home / "store.db") as store:
        stores.begin(store, "new")
        code, said = call(home, "store", "backup", str(tmp_path / "a.db"))
        assert (code, said.split(":")[1].split(",")[0]) == (0, " 4 runs")
        stores.finish(store, "new")
    assert call(home, "store", "check", str(tmp_path / "a.db")) == (0, f"{tmp_path / 'a.db'}: all is well.\n")


def test_a_backup_replaces_nothing(home: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.db"
    there.write_text("mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for file in (there, tmp_path / "dangling", tmp_path):
        code, said = call(home, "store", "backup", str(file))
        assert code == 2
        assert "is there already and is not replaced; name another file" in said
    assert there.read_text() == "mine"
    code, said = call(home, "store", "backup", str(tmp_path / "no" / "folder.db"))
    assert (code, said) == (2, f"{tmp_path / 'no'} is no folder; make it first")


def test_what_a_killed_backup_left_is_no_hindrance(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.db.part").write_bytes(b"half a page")
    assert call(home, "store", "backup", str(tmp_path / "a.db"))[0] == 0
    assert list(inspect(tmp_path / "a.db")) == []
    assert not (tmp_path / "a.db.part").exists()


def test_check_says_that_all_is_well(home: Path) -> None:
    assert call(home, "store", "check") == (0, f"{home / 'store.db'}: all is well.\n")
    assert facts(home, "store", "check") == {"store": str(home / "store.db"), "ok": True, "findings": []}


def test_check_tells_each_finding_with_its_cure(home: Path) -> None:
    with stores.writer(home / "store.db") as store:
        store.db.execute("delete from payloads").fetchall()
    code, said = call(home, "store", "check")
    assert code == 1
    lines = said.splitlines()
    assert lines[-1] == f"{home / 'store.db'}: {len(lines) - 1} findings."
    assert all("bring back a backup, see docs/store.md" in line for line in lines[:-1])
    code, said = call(home, "store", "check", "--json")
    told = json.loads(said)
    assert (code, told["ok"]) == (1, False)
    assert {finding["run"] for finding in told["findings"]} == set(RUNS)


@pytest.mark.parametrize("command", [("check",), ("vacuum",), ("prune", "--older-than", "1d"), ("backup", "b.db")])
def test_a_home_without_a_store_gets_none(tmp_path: Path, command: tuple[str, ...]) -> None:
    code, said = call(tmp_path, "store", *command)
    assert code == 4
    assert "there is no store here yet" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [("vacuum",), ("prune", "--older-than", "1d")])
def test_who_needs_the_store_alone_says_who_has_it(home: Path, command: tuple[str, ...]) -> None:
    with stores.writer(home / "store.db"):
        code, said = call(home, "store", *command)
    assert code == 4
    assert f"process {os.getpid()} writes {home / 'store.db'}" in said
    assert "wait until `mnemosyne status` shows none, or `mnemosyne down`" in said
    assert runs(home) == list(RUNS)
    assert files(home) == sorted(RUNS)


def test_vacuum_gives_room_back(home: Path) -> None:
    with stores.writer(home / "store.db") as store:
        store.db.execute("insert into payloads values('x', ?)", ("x" * 3_000_000,))
        store.db.execute("delete from payloads where hash = 'x'")
    told = facts(home, "store", "vacuum")
    assert told["bytes_before"] > 3_000_000 > 300_000 > told["bytes_after"]
    assert (home / "store.db").stat().st_size == told["bytes_after"]
    assert list(inspect(home / "store.db")) == []
    code, said = call(home, "store", "vacuum")
    assert code == 0
    assert said.endswith(" now\n")


def test_prune_removes_what_ended_long_ago_with_all_that_is_its_own(home: Path) -> None:
    assert payloads(home) == 3
    told = facts(home, "store", "prune", "--older-than", "30d")
    assert [(run["run"], run["items"], run["finished_at"]) for run in told["runs"]] == [
        ("old-1", 2, stores.LONG_AGO),
        ("old-2", 2, stores.LONG_AGO),
    ]
    assert (told["dry_run"], told["payloads"]) == (False, 1), "what half took over from old-2 stays"
    assert runs(home) == ["half"]
    assert files(home) == ["half"]
    assert list(inspect(home / "store.db")) == []
    assert facts(home, "store", "prune", "--older-than", "30d") == {"dry_run": False, "runs": [], "payloads": 0}
    with stores.writer(home / "store.db") as store:
        store.claim("claim", "half", "driver", None)


def test_prune_can_only_list_them_beside_a_living_writer(home: Path) -> None:
    with stores.writer(home / "store.db"):
        code, said = call(home, "store", "prune", "--older-than", "12h", "--dry-run")
    assert code == 0
    assert said.splitlines() == [
        "old-1  -  plan  2 items",
        "old-2  -  plan  2 items",
        "2 runs would be removed",
    ]
    assert runs(home) == list(RUNS)
    assert files(home) == sorted(RUNS)


def test_prune_can_keep_the_files(home: Path) -> None:
    facts(home, "store", "prune", "--older-than", "90m", "--keep-files")
    assert runs(home) == ["half"]
    assert files(home) == sorted(RUNS)


def test_prune_leaves_what_ended_just_now(home: Path) -> None:
    with stores.writer(home / "store.db", at=time.time() - 3600) as store:
        stores.begin(store, "recent")
        stores.finish(store, "recent")
    assert [run["run"] for run in facts(home, "store", "prune", "--older-than", "2h")["runs"]] == ["old-1", "old-2"]
    assert [run["run"] for run in facts(home, "store", "prune", "--older-than", "59m")["runs"]] == ["recent"]
    assert list(inspect(home / "store.db")) == []


def test_prune_follows_no_link_out_of_the_home(home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (home / "runs" / "old-1").rename(mine)
    (home / "runs" / "old-1").symlink_to(mine)
    facts(home, "store", "prune", "--older-than", "30d")
    assert (mine / "a.md").read_text() == "an answer\n"


@pytest.mark.parametrize("text", ["", "30", "d", "-3d", "1.5h", "3 weeks", "30d ago"])
def test_a_duration_that_is_none_is_refused(home: Path, text: str) -> None:
    code, said = call(home, "store", "prune", "--older-than", text)
    assert code == 2
    assert "30d, 12h, 90m" in " ".join(said.replace("│", " ").split())
    assert runs(home) == list(RUNS)


def test_durations() -> None:
    assert [duration(text) for text in ("30d", "12h", "90m", " 0m ")] == [2_592_000, 43_200, 5400, 0]


def test_a_store_of_an_earlier_schema_is_backed_up_as_it_is_now(tmp_path: Path) -> None:
    stores.make_1(tmp_path / "store.db")
    code, said = call(tmp_path, "store", "check")
    assert (code, "`mnemosyne status` brings it forward" in said) == (4, True)
    assert facts(tmp_path, "store", "backup", str(tmp_path / "b.db"))["runs"] == 2
    assert call(tmp_path, "store", "check")[0] == 0
