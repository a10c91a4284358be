"""What may be wrong with a store's file: a refusal with its cure, and the file stays as it is."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from actors.errors import StoreError, StoreLocked, StoreUnusable
from actors.journal.rows import to_row
from actors.stores.group import GroupStore
from actors.stores.inspection import inspect
from actors.stores.queries import one
from actors.stores.reader import Reader
from actors.stores.schema import VERSION
from actors.stores.sqlite import SqliteStore
from actors.stores.writer import Append, Writer
from tests.support import stores
from tests.support.stores import wish

ROOT = Path(__file__).parents[3]
CURE = r"is damaged: .*; it was left as it is\. `mnemosyne store check` says .* bring back a backup, see docs/store.md"
OPENERS: list[Callable[[Path], object]] = [SqliteStore, GroupStore, Reader]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with some runs, in one file."""
    made = tmp_path / "store.db"
    stores.make(made)
    return made


def overwrite(path: Path, start: int, length: int = 4096) -> bytes:
    """Garbage in the middle of a file; its bytes afterwards."""
    with path.open("r+b") as opened:
        opened.seek(start)
        opened.write(b"\xfe\x01garbage" * (length // 9))
    return path.read_bytes()


def bytes_at(path: Path, start: int) -> bytes:
    """One page."""
    return path.read_bytes()[start : start + 4096]


def page_of(path: Path, table: str) -> int:
    """Where the table's root page begins."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    page = db.execute("select rootpage from sqlite_schema where name = ?", (table,)).get
    size = db.execute("pragma page_size").get
    db.close()
    return int((page - 1) * size)


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("length", [90, 4096])
def test_garbage_in_the_header(path: Path, opener: Callable[[Path], object], length: int) -> None:
    before = overwrite(path, 0, length)
    with pytest.raises(StoreUnusable, match=CURE):
        opener(path)
    assert path.read_bytes() == before
    (finding,) = inspect(path)
    assert "damaged from its beginning" in finding.what


async def test_garbage_in_a_middle_page_is_refused_by_whoever_meets_it(path: Path) -> None:
    overwrite(path, start := page_of(path, "items"))
    garbage = bytes_at(path, start)
    store = GroupStore(path)  # the journal itself can be read
    with pytest.raises(StoreUnusable, match=CURE):
        await store.items("half")
    with pytest.raises(StoreUnusable, match=CURE):
        await store.accept(stores.plan("new"))
    assert [event.type for event in await store.read("half", 0, 0)] == ["run_accepted", "item_reused"]
    await store.close()
    assert bytes_at(path, start) == garbage
    findings = list(inspect(path))
    assert findings
    assert all("bring back a backup" in finding.cure for finding in findings)


@pytest.mark.parametrize("opener", OPENERS)
def test_garbage_in_the_journals_page_is_refused_at_once(path: Path, opener: Callable[[Path], object]) -> None:
    before = overwrite(path, page_of(path, "events"))
    if opener is Reader:
        reader = Reader(path)
        with pytest.raises(apsw.CorruptError):  # cluster/cli/journal.py tells it
            reader.events("half")
        reader.close()
    else:
        with pytest.raises(StoreUnusable, match=CURE):
            opener(path)
    assert path.read_bytes() == before
    assert any("damaged" in finding.what or "cannot be read" in finding.what for finding in inspect(path))


@pytest.mark.parametrize("opener", OPENERS)
def test_a_newer_schema(path: Path, opener: Callable[[Path], object]) -> None:
    db = apsw.Connection(str(path))
    db.execute(f"pragma user_version = {VERSION + 1}; pragma journal_mode = delete").fetchall()
    db.close()
    before = path.read_bytes()
    with pytest.raises(
        StoreUnusable, match=f"has schema {VERSION + 1}, this version knows {VERSION}; update mnemosyne"
    ):
        opener(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("opener", OPENERS)
def test_another_programs_file(tmp_path: Path, opener: Callable[[Path], object]) -> None:
    path = tmp_path / "store.db"
    db = apsw.Connection(str(path))
    db.execute("create table bookmarks(x)").fetchall()
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreUnusable, match=r"not a store of mnemosyne; it was left as it is\. Use another --home"):
        opener(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("lost", ["missing", "empty"])
def test_a_file_that_is_gone_is_not_made_anew_beside_its_log(tmp_path: Path, lost: str) -> None:
    path = tmp_path / "store.db"
    with stores.writer(path) as store:
        stores.begin(store, "r")
        shutil.copy(f"{path}-wal", tmp_path / "log")
    path.unlink()
    (tmp_path / "log").rename(f"{path}-wal")
    if lost == "empty":
        path.touch()
    with pytest.raises(StoreUnusable, match=r"store\.db-wal holds data; put the file back, or bring back a backup"):
        SqliteStore(path)
    assert Path(f"{path}-wal").stat().st_size > 0


def test_a_second_writer(path: Path) -> None:
    with (
        stores.writer(path),
        pytest.raises(StoreLocked, match="another process writes to this store; end it or use another home"),
    ):
        SqliteStore(path)


AS_NOBODY = """
import os, sys
from pathlib import Path
from actors.errors import StoreUnusable
from actors.stores.reader import Reader
from actors.stores.sqlite import SqliteStore
from actors.stores.queries import one
from actors.stores.writer import Append, Writer
path = Path(sys.argv[1])
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)  # root may write everything
for kind in (SqliteStore, Reader):
    try:
        opened = kind(path)
    except StoreUnusable as error:
        print(error)
    else:
        opened.close()
        print("opened")
"""


@pytest.fixture
def nobodys(path: Path) -> Iterator[Path]:
    """The store in a folder that every user may enter; pytest closes its own to others whenever a session begins."""
    with tempfile.TemporaryDirectory() as opened:
        folder = Path(opened) / "home"
        shutil.copytree(path.parent, folder)
        for place, mode in ((Path(opened), 0o755), (folder, 0o755), (folder / path.name, 0o644)):
            place.chmod(mode)
        (folder / f"{path.name}.lock").chmod(0o644)
        yield folder / path.name


def as_nobody(path: Path) -> list[str]:
    command = [sys.executable, "-c", AS_NOBODY, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


REFUSED = "cannot be opened or written: "
LET = "let this user write the file and its folder, or name another --home"


def test_a_read_only_file_and_folder(nobodys: Path) -> None:
    nobodys.chmod(0o444)
    Path(f"{nobodys}.lock").chmod(0o444)
    nobodys.parent.chmod(0o555)
    before = nobodys.read_bytes()
    for told in as_nobody(nobodys):
        assert REFUSED in told
        assert told.endswith(LET)
    assert nobodys.read_bytes() == before


def test_a_read_only_file_in_a_folder_that_can_be_written(nobodys: Path) -> None:
    nobodys.chmod(0o444)
    Path(f"{nobodys}.lock").chmod(0o666)
    nobodys.parent.chmod(0o777)
    writer, reader = as_nobody(nobodys)
    assert REFUSED in writer
    assert LET in writer
    assert reader == "opened"


def fill(store: Writer) -> None:
    """No page more for this file."""
    store.db.execute(f"pragma max_page_count = {one(store.db, 'pragma page_count')}").fetchall()


async def test_a_full_disk_loses_nothing_and_the_same_append_goes_through_later(path: Path) -> None:
    store = GroupStore(path)
    rows, big = [to_row(wish("half", "x"))], {f"h{i}": "x" * 10_000 for i in range(10)}
    first = await store.append_rows("first", rows, {})
    fill(store._writer)
    for _ in range(2):
        with pytest.raises(StoreUnusable, match="the store's disk is full; free some space, nothing was lost"):
            await store.append_rows("second", rows, big)
    with pytest.raises(StoreUnusable, match="disk is full"):
        await store.accept(stores.plan("new")._replace(payloads=big))
    assert await store.append_rows("first", rows, {}) == first, "what was acknowledged is there"
    assert await store.claim("half", "driver") == 1, "what needs no room goes on"
    store._writer.db.execute("pragma max_page_count = 1000000").fetchall()
    second = await store.append_rows("second", rows, big)
    assert second == (first[0] + 1,)  # type: ignore[operator]
    assert await store.append_rows("second", rows, big) == second
    assert len(await store.read("half", 0, 0)) == 4
    await store.close()


def test_a_full_disk_keeps_nobody_from_opening(path: Path) -> None:
    """Forgetting what is old needs room as well; it waits."""
    with stores.writer(path) as store:
        store.commit([Append(f"{i}", [], {}) for i in range(1000)])

    def limit(db: apsw.Connection) -> None:
        db.execute(f"pragma max_page_count = {db.execute('pragma page_count').get}").fetchall()

    apsw.connection_hooks.append(limit)
    try:
        store = SqliteStore(path)
    finally:
        apsw.connection_hooks.remove(limit)
    store.close()


async def test_a_store_whose_disk_fails_in_the_middle_says_so(path: Path) -> None:
    store = GroupStore(path)
    store._reader.close()
    with pytest.raises(StoreError, match=r"store\.db: "):
        await store.run("half")
    await store.close()
