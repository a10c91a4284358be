"""The command line as processes: started, watched through the journal, struck by signals."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from actors.errors import NotFound, StoreUnusable
from actors.events import Event, ItemClosed, ItemStarted
from actors.stores.reader import Reader
from actors.work import Result

ROOT = Path(__file__).parents[2]
PATIENCE_S = 100.0

Process = subprocess.Popen[str]


class Commands:
    """Commands on one home; the scripted model does what `script` says, as JSON."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        self._script = folder / "script.json"
        self.script()

    def script(self, **told: Any) -> None:
        """From the next command on."""
        self._script.write_text(json.dumps(told))

    def plan(self, **dependencies: Iterable[str]) -> str:
        """A plan of these items; the name of its file."""
        items = [{"id": id_, "description": id_, "dependencies": list(on)} for id_, on in dependencies.items()]
        (self.folder / "plan.json").write_text(json.dumps({"name": "plan", "model": "scripted", "items": items}))
        return "plan.json"

    def items(self, *items: dict[str, Any]) -> str:
        """A plan of these items as they are; the name of its file."""
        (self.folder / "plan.json").write_text(json.dumps({"name": "plan", "model": "scripted", "items": items}))
        return "plan.json"

    @property
    def environment(self) -> dict[str, str]:
        """Of every command."""
        ours = {"MNEMOSYNE_SCRIPT": str(self._script), "MNEMOSYNE_HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        return {**os.environ, **ours}

    def start(
        self, *arguments: str, program: Iterable[str] = (sys.executable, "-m", "cluster"), **more: Any
    ) -> Process:
        """The command, in a process group of its own."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        command = [*program, *arguments]
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, text=True, start_new_session=True, **streams
        )

    def run(self, *arguments: str, **more: Any) -> tuple[int, str, str]:
        """Exit code, output, errors."""
        with self.start(*arguments, **more) as process:
            out, err = process.communicate(timeout=PATIENCE_S)
        return process.returncode, out, err

    def events(self, run: str) -> list[Event]:
        """What is in the journal of a run (id or key) by now."""
        try:
            reader = Reader(self.home / "store.db")
        except StoreUnusable:
            return []
        try:
            return reader.events(reader.run(run).run)
        except NotFound:
            return []
        finally:
            reader.close()

    def wait(self, run: str, wanted: Callable[[Event], bool], process: Process | None = None) -> None:
        """Return once such an event is in the journal."""
        deadline = time.monotonic() + PATIENCE_S
        while not any(map(wanted, self.events(run))):
            assert time.monotonic() < deadline, "it did not happen"
            assert process is None or process.poll() is None, process.communicate()
            time.sleep(0.05)


def wait_for_file(folder: Path, pattern: str, process: Process) -> Path:
    """A file below the folder, once it is there."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := list(folder.glob(pattern))):
        assert time.monotonic() < deadline, "it did not happen"
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    return found[0]


def ended(process: Process) -> int:
    """The exit code, once it has ended."""
    process.communicate(timeout=PATIENCE_S)
    return process.returncode


def begun(item: str) -> Callable[[Event], bool]:
    """The item is being worked on."""
    return lambda event: isinstance(event, ItemStarted) and event.item == item


def paid(events: Iterable[Event]) -> list[str]:
    """Items with a result, as often as they have one."""
    return [event.item for event in events if isinstance(event, ItemClosed) and isinstance(event.outcome, Result)]


def descendants(pid: int) -> set[tuple[int, str]]:
    """(process id, start time) of everything that this process started, directly or not."""
    parents = {child: (parent, began) for child, parent, began, _ in _processes()}
    found, new = set[int](), {pid}
    while new:
        found |= new
        new = {child for child, (parent, _) in parents.items() if parent in new} - found
    return {(child, parents[child][1]) for child in found - {pid} if child in parents}


def alive(of: Iterable[tuple[int, str]]) -> set[str]:
    """Names of those that live."""
    wanted = set(of)
    return {name for pid, _, began, name in _processes() if (pid, began) in wanted}


def _processes() -> Iterator[tuple[int, int, str, str]]:
    """(process id, parent, start time, name); no zombies, but those whose threads still hold files and locks."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat, words = (folder / "stat").read_text(), (folder / "cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        fields = stat.rpartition(")")[2].split()
        if fields[0] not in "ZX" or int(fields[17]) > 1:
            yield int(folder.name), int(fields[1]), fields[19], words.split(b"\0")[0].decode(errors="replace")
