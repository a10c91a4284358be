"""The folder in which the items of a run work: there, with the plan's files, before the first of them begins."""

import asyncio
import base64
import fcntl
import json
import os
import shutil
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from actors.errors import ToolFailed, ToolsUnavailable
from actors.machine.disk import sync_folder
from actors.tools.beneath import Beneath, parts_of
from actors.vocabulary.frozen import Frozen
from actors.work import Task

Payloads = Callable[[Collection[str]], Awaitable[Mapping[str, str]]]
"""The stored texts of some hashes."""


class Given(Frozen):
    """A file of the plan, for the workspace: exactly one of `text` and `base64` is set."""

    text: str | None = None
    base64: str | None = None
    """Of what is no UTF-8."""
    executable: bool = False

    @classmethod
    def of(cls, content: bytes, *, executable: bool) -> "Given":
        """The file with that content."""
        try:
            return cls(text=content.decode(), executable=executable)
        except UnicodeDecodeError:
            return cls(base64=base64.b64encode(content).decode(), executable=executable)

    @property
    def content(self) -> bytes:
        """Raises ValueError."""
        return base64.b64decode(self.base64, validate=True) if self.base64 is not None else (self.text or "").encode()


def packed(files: Mapping[str, Given]) -> str:
    """The same text for the same files, by their paths."""
    form = {path: file.model_dump(mode="json", exclude_defaults=True) for path, file in files.items()}
    return json.dumps(form, sort_keys=True, separators=(",", ":"))


def unpacked(text: str) -> dict[str, Given]:
    """The files of a packed text. Raises ValueError."""
    return {path: Given.model_validate(file) for path, file in json.loads(text).items()}


def workspace_of(home: Path, run: str) -> Path:
    """Where the items of a run with tools work."""
    return home / "runs" / run / "workspace"


async def open_workspace(home: Path, task: Task, payloads: Payloads) -> Path:
    """The run's workspace, which is there from now on, with the plan's files. Raises ToolsUnavailable, StoreError."""
    folder, given = workspace_of(home, task.run), task.item.workspace
    if folder.is_dir():  # put there whole
        return folder
    ref = given and given.ref
    texts = await payloads([ref]) if ref else {}
    try:
        await asyncio.to_thread(fill, folder, unpacked(texts[ref]) if ref else {})
    except (OSError, ValueError, ToolFailed) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ToolsUnavailable(f"the workspace {folder} cannot be made: {reason}") from None
    return folder


def fill(folder: Path, files: Mapping[str, Given]) -> None:
    """Make the folder with these files, unless it is there: whole or not at all, whoever else does the same.

    They are written beside it and get its name when they are on disk. What a killed process left there is removed.
    Raises OSError, ToolFailed.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}.new")
    with _alone(folder.with_name(f".{folder.name}.lock")):
        if folder.is_dir():
            return
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        beneath = Beneath(unfinished)
        for path, file in files.items():
            beneath.write(path, file.content)  # synchronizes it
            if file.executable:
                unfinished.joinpath(*parts_of(path)).chmod(0o755)
        unfinished.rename(folder)
        sync_folder(folder.parent)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One at a time; a process that dies lets go."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
