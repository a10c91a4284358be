"""The tools for files: read_file, write_file, edit_file. They stay in the workspace; see beneath.py for how."""

import asyncio
import os
from collections.abc import Mapping
from io import StringIO
from typing import Any

from actors.errors import ToolFailed
from actors.tools.beneath import Beneath, quoted
from actors.tools.tool import Said, ToolSpec, parameters

FILE_BYTES = 8 * 2**20
"""Largest file that is read."""
READ_BYTES = 64 * 2**10
"""Of a file's text in one result."""
WRITE_BYTES = 2**20
"""Largest file that is written."""

PATH = {"type": "string", "description": "relative to the workspace, as in src/main.py"}


class ReadFile:
    """A text file, or some lines of it."""

    spec = ToolSpec(
        "read_file",
        "Read a text file of the workspace. Long files come in parts: ask again from the line that the answer names.",
        parameters(
            {"path": PATH},
            {"from_line": {"type": "integer", "minimum": 1}, "lines": {"type": "integer", "minimum": 1}},
        ),
    )

    def __init__(self, beneath: Beneath) -> None:
        self._beneath = beneath

    async def call(self, arguments: Mapping[str, Any], _key: str, /) -> Said:
        """See Tool."""
        return await asyncio.to_thread(self._read, arguments)

    def _read(self, arguments: Mapping[str, Any]) -> Said:
        path, first = arguments["path"], arguments.get("from_line", 1)
        content, _ = read(self._beneath, path)
        lines = list(StringIO(content.decode(errors="replace"), newline="\n"))  # by newlines alone, as everybody counts
        if first > max(len(lines), 1):
            raise ToolFailed(f"{quoted(path)} has only {len(lines)} lines")
        wanted = lines[first - 1 :][: arguments.get("lines")]
        kept = _within(wanted, READ_BYTES)
        last = first - 1 + len(kept)
        notes = [f"{quoted(path)}, lines {first}-{last} of {len(lines)}" if lines else f"{quoted(path)}, empty"]
        if len(kept) < len(wanted):
            notes.append(f"go on with from_line {last + 1}" if kept else "its first line is too long to be shown")
        if "\ufffd" in "".join(kept) and not _is_utf8(content):
            notes.append("bytes that are not UTF-8 are shown as \ufffd; edit_file refuses it")
        return Said("; ".join(notes), "".join(kept))


class WriteFile:
    """A whole file, new or instead of the one that is there."""

    spec = ToolSpec(
        "write_file",
        "Write a whole text file of the workspace: a new one, or instead of the one that is there. Folders are made.",
        parameters({"path": PATH, "content": {"type": "string"}}),
    )

    def __init__(self, beneath: Beneath) -> None:
        self._beneath = beneath

    async def call(self, arguments: Mapping[str, Any], _key: str, /) -> Said:
        """See Tool. A second time it writes the same again."""
        return await asyncio.to_thread(self._write, arguments["path"], encoded(arguments["content"]))

    def _write(self, path: str, content: bytes) -> Said:
        is_new = self._beneath.write(path, content)
        return Said(f"{'wrote the new file' if is_new else 'replaced'} {quoted(path)}, {len(content)} bytes")


class EditFile:
    """One place of a file, which its old text names."""

    spec = ToolSpec(
        "edit_file",
        "Replace one place of a text file. `old` is copied from the file, spaces and all, and occurs exactly once.",
        parameters({"path": PATH, "old": {"type": "string", "minLength": 1}, "new": {"type": "string"}}),
    )

    def __init__(self, beneath: Beneath) -> None:
        self._beneath = beneath

    async def call(self, arguments: Mapping[str, Any], _key: str, /) -> Said:
        """See Tool. A second time `old` is gone, which the answer says."""
        old, new = encoded(arguments["old"]), encoded(arguments["new"])
        return await asyncio.to_thread(self._edit, arguments["path"], old, new)

    def _edit(self, path: str, old: bytes, new: bytes) -> Said:
        content, seen = read(self._beneath, path)
        if not _is_utf8(content):
            raise ToolFailed(f"{quoted(path)} is not UTF-8, so it is not edited")
        count = content.count(old)
        if count != 1:
            already = ", but `new` does: it may have been replaced already" if new and new in content else ""
            there = f"occurs {count} times; give more of the text around it" if count else f"does not occur{already}"
            raise ToolFailed(f"`old` {there} ({quoted(path)})")
        edited = content.replace(old, new)
        if len(edited) > FILE_BYTES:
            raise ToolFailed(f"the file would be longer than {FILE_BYTES} bytes")
        self._beneath.write(path, edited, seen)
        line = content.count(b"\n", 0, content.index(old)) + 1
        return Said(f"edited {quoted(path)}, line {line}")


def read(beneath: Beneath, path: str) -> tuple[bytes, os.stat_result]:
    """A text file's bytes, and what it was when they were read. Raises ToolFailed for what is no text, or too long."""
    with beneath.file(path) as descriptor, open(descriptor, "rb", closefd=False) as file:
        seen = os.fstat(descriptor)
        if seen.st_size > FILE_BYTES:
            raise ToolFailed(f"{quoted(path)} has {seen.st_size} bytes; at most {FILE_BYTES} are read")
        content = file.read(FILE_BYTES + 1)  # it may have grown; files of a kernel have no size
    if len(content) > FILE_BYTES:
        raise ToolFailed(f"{quoted(path)} has more than {FILE_BYTES} bytes")
    if b"\0" in content:
        raise ToolFailed(f"{quoted(path)} is no text file: it has NUL bytes in it")
    return content, seen


def encoded(text: str) -> bytes:
    """The text as it is written. Raises ToolFailed."""
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise ToolFailed("the text has half a character in it (a lone surrogate)") from None
    if len(content) > WRITE_BYTES:
        raise ToolFailed(f"the text has {len(content)} bytes; at most {WRITE_BYTES} are written")
    if b"\0" in content:
        raise ToolFailed("the text has NUL characters in it")
    return content


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _within(lines: list[str], limit: int) -> list[str]:
    size, kept = 0, []
    for line in lines:
        size += len(line.encode())
        if size > limit:
            break
        kept.append(line)
    return kept
