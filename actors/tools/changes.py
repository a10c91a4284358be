"""What changed in a workspace since an item began: its files as they were are kept beside it, then compared.

For people and reviewers: long, many and binary files are only said to differ. What other items of the run change
meanwhile in the same workspace is in it too.
"""

import difflib
import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from actors.errors import ToolFailed
from actors.tools.beneath import Beneath, open_file
from actors.tools.walk import Walk

FILE_BYTES = 200_000
"""A longer file is compared by its size and hash."""
ALL_BYTES = 8_000_000
LEFT_OUT = ("__pycache__", ".pytest_cache", ".git", ".mypy_cache", ".ruff_cache", "node_modules")
"""Folders of programs, which nobody wrote."""

Files = dict[str, str | None]
"""Path -> text; of a file that is no text, or too long, "\\0" and its hash; None if it cannot be read."""


def files_of(folder: Path) -> Files:
    """Every file below a folder. Raises ToolFailed if the folder cannot be opened."""
    found: Files = {}
    room = ALL_BYTES
    for entry in Walk(Beneath(folder), ()):
        if entry.is_file and not set(entry.path.split("/")) & set(LEFT_OUT):
            text = _read(entry.name, entry.folder, min(FILE_BYTES, room))
            found[entry.path] = text
            room -= len(text or "")
    return found


def keep(folder: Path, file: Path) -> None:
    """Put the files as they are now beside the workspace, unless that was done before. Raises OSError, ToolFailed."""
    if file.exists():
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_name(f".{uuid.uuid4().hex}.new")  # its own name may be as long as one can be
    new.touch(mode=0o600)
    new.write_text(json.dumps(files_of(folder)), encoding="utf-8")
    new.replace(file)


def changes(file: Path, folder: Path) -> str:
    """A unified diff from what was kept to what is there now; "" if nothing changed or nothing was kept."""
    if not file.exists() or not folder.is_dir():
        return ""
    before: Files = json.loads(file.read_text(encoding="utf-8"))
    return "\n".join(_differences(before, files_of(folder)))


def _differences(before: Files, now: Files) -> Iterator[str]:
    for path in sorted(before.keys() | now.keys()):
        was, is_ = before.get(path, ""), now.get(path, "")
        if path in before and path in now and was == is_:
            continue
        if _is_text(was) and _is_text(is_):
            old = f"a/{path}" if path in before else "/dev/null"
            new = f"b/{path}" if path in now else "/dev/null"
            yield from difflib.unified_diff((was or "").splitlines(), (is_ or "").splitlines(), old, new, lineterm="")
        else:
            yield f"{path} {'differs' if path in before and path in now else 'is new' if path in now else 'is gone'}"


def _is_text(content: str | None) -> bool:
    return content is not None and not content.startswith("\0")


def _read(name: str, folder: int, most: int) -> str | None:
    try:
        with os.fdopen(open_file(name, folder), "rb") as file:
            head = file.read(most + 1)
            if len(head) <= most and b"\0" not in head:
                return head.decode()
            digest = hashlib.sha256(head)
            while part := file.read(1 << 20):
                digest.update(part)
    except UnicodeDecodeError:
        return f"\0{hashlib.sha256(head).hexdigest()}"
    except (OSError, ToolFailed):
        return None
    return f"\0{digest.hexdigest()}"
