"""Is the journal whole, who writes it, and do requests wait for it?"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import apsw

from actors.errors import MnemosyneError, StoreMissing, StoreOutdated, StoreUnreachable, StoreUnusable
from actors.stores import holder, queries, requests
from actors.stores.kinds import open_inbox
from actors.stores.place import is_on_server
from actors.stores.reader import Reader
from cluster.doctor.finding import Check, Finding, broken, ok, warning

CHECK_S = 10.0
"""A store that takes longer is checked in part."""

STEPS = 50_000
"""Of SQLite's machine between two looks at the clock; some milliseconds."""

SERVER = "start the server, or see to its address and rights; runs wait and go on by themselves"
ADDRESS = "correct MNEMOSYNE_STORE, or the file that is named"
RESTORE = "see to the disk first; if that does not help, bring back your own backup or use another home"


def checks(locate: Callable[[], Path]) -> Mapping[str, Check]:
    """All of them for the store that is there, or why it cannot be told which one that is."""
    try:
        path = locate()
    except (MnemosyneError, OSError) as error:
        refused = broken("store", str(error), ADDRESS)
        return {"store": lambda: [refused]}
    return {"store": lambda: store(path), "writer": lambda: writer(path), "requests": lambda: waiting(path)}


def store(path: Path, clock: Callable[[], float] = time.monotonic, steps: int = STEPS) -> Iterator[Finding]:
    """The file: its schema, and SQLite's own quick check."""
    if is_on_server(path):
        yield _server(path)
        return
    if not path.exists():
        yield ok("store", "there is none yet; the first run makes it")
        return
    try:
        reader = Reader(path)
    except StoreOutdated as error:
        yield warning("store", str(error), "mnemosyne status")
        return
    except StoreUnusable as error:
        yield broken("store", str(error), RESTORE)
        return
    try:
        yield _checked(reader, path, clock, steps)
    finally:
        reader.close()


def _server(path: Path) -> Finding:
    name = ""
    try:
        from actors.stores.postgres import server

        name = server.read(path).name
        with closing(Reader(path)) as reader:
            runs, fsync = len(reader.runs()), queries.one(reader.db, "show fsync")
    except StoreUnreachable as error:
        return broken("store", str(error), SERVER)
    except StoreMissing:
        return ok("store", f"{name} answers; there is no store yet, the first run makes it")
    except StoreUnusable as error:
        return broken("store", str(error), SERVER)
    if fsync != "on":
        return warning("store", f"{name} has fsync = {fsync}: a power cut loses what was acknowledged", "fsync = on")
    return ok("store", f"{name} answers: {_count(runs)}")


def _count(runs: int) -> str:
    return f"{runs} {'run' if runs == 1 else 'runs'}"


def _checked(reader: Reader, path: Path, clock: Callable[[], float], steps: int) -> Finding:
    until = clock() + CHECK_S
    assert isinstance(reader.db, apsw.Connection)
    reader.db.set_progress_handler(lambda: clock() > until, steps)
    try:
        (first, *_) = [row[0] for row in reader.db.execute("pragma quick_check(1)")]
        runs = len(reader.runs())
    except apsw.InterruptError:
        return ok("store", f"{path}; too large to be checked whole within {CHECK_S:g} s, no fault so far")
    except apsw.BusyError:
        return warning("store", f"{path} was busy for too long", "try again")
    except apsw.Error as error:
        return broken("store", f"{path}: {error}", RESTORE)
    if first != "ok":
        return broken("store", f"{path} is damaged: {first}", RESTORE)
    return ok("store", f"{path}: {_count(runs)}, quick check passed")


def writer(path: Path, proc: Path = Path("/proc")) -> Iterator[Finding]:
    """Who holds the store. One that is stopped keeps everybody else out."""
    try:
        held = holder.is_held(path)
    except StoreUnusable:
        return  # said of the store
    if not held:
        yield ok("writer", "no process writes the store: no run is under way in this home")
        return
    pid = holder.holder(path)
    if pid is None:
        yield ok("writer", "a process writes the store (which one, this system does not tell)")
    elif holder.is_stopped(pid, proc):
        cure = f"kill -CONT {pid} lets it go on; kill -KILL {pid} ends it, and nothing that was acknowledged is lost"
        yield broken("writer", f"process {pid} writes the store and is stopped", cure)
    else:
        yield ok("writer", f"process {pid} writes the store: a run is under way in this home")


def waiting(path: Path) -> Iterator[Finding]:
    """Requests on disk that are not in the journal, and those that could not be understood."""
    if is_on_server(path):
        yield from _rows(path)
        return
    folder = requests.folder_of(path)
    bad = sorted(folder.glob("*.bad")) if folder.is_dir() else []
    left = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if bad:
        told = f"{len(bad)} could not be understood and {'was' if len(bad) == 1 else 'were'} set aside, as {bad[0]}"
        yield warning("requests", told, f"ask again if it still matters, then delete {folder}/*.bad")
    elif left and not holder.is_held(path):
        told = f"{len(left)} {'waits' if len(left) == 1 else 'wait'} in {folder} for the next fleet"
        yield warning("requests", told, "mnemosyne resume RUN takes them in")
    else:
        yield ok("requests", "none is left over")


def _rows(path: Path) -> Iterator[Finding]:
    try:
        with closing(open_inbox(path)) as inbox:
            left, bad = inbox.counts()
    except StoreUnusable:
        return  # said of the store
    if bad:
        told = f"{bad} could not be understood and {'was' if bad == 1 else 'were'} set aside"
        yield warning("requests", told, "ask again if it still matters, then delete from mnemosyne.requests where bad")
    elif left and not holder.is_held(path):
        told = f"{left} {'waits' if left == 1 else 'wait'} for the next fleet"
        yield warning("requests", told, "mnemosyne resume RUN takes them in")
    else:
        yield ok("requests", "none is left over")
