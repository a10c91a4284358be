"""The tools that find files: list_files, search_files.

Text is searched as it is, never as a regular expression: one that does not end would hold the agent's whole process.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any

from actors.errors import ToolFailed
from actors.tools.beneath import Beneath, open_file, parts_of
from actors.tools.files import FILE_BYTES
from actors.tools.tool import Said, ToolSpec, parameters
from actors.tools.walk import Entry, Walk

LISTED = 500
FOUND = 100
LINE = 300
"""Characters of a line that was found."""

FOLDER = {"type": "string", "description": "relative to the workspace; default: all of it"}
GLOB = {
    "type": "string",
    "maxLength": 200,
    "description": 'of the file\'s name, as in "*.py"; with a slash in it, of the path from the workspace',
}


class ListFiles:
    """Files and folders below a folder."""

    spec = ToolSpec(
        "list_files",
        "List the workspace's files with their sizes in bytes, and its folders, with everything below.",
        parameters({}, {"path": FOLDER, "glob": GLOB}),
    )

    def __init__(self, beneath: Beneath) -> None:
        self._beneath = beneath

    async def call(self, arguments: Mapping[str, Any], _key: str, /) -> Said:
        """See Tool."""
        return await asyncio.to_thread(self._list, arguments)

    def _list(self, arguments: Mapping[str, Any]) -> Said:
        walk, lines = Walk(self._beneath, parts_of(arguments.get("path", "."))), list[str]()
        for entry in walk:
            if _fits(entry, arguments.get("glob")):
                lines.append(_line(entry))
            if len(lines) > LISTED:
                break
        return _said(lines, LISTED, "entries", walk.cut)


class SearchFiles:
    """Lines that hold a text."""

    spec = ToolSpec(
        "search_files",
        "Find the lines of the workspace's text files that contain a text, which is taken as it is.",
        parameters(
            {"text": {"type": "string", "minLength": 1, "maxLength": 1000}},
            {"path": FOLDER, "glob": GLOB, "ignore_case": {"type": "boolean"}},
        ),
    )

    def __init__(self, beneath: Beneath) -> None:
        self._beneath = beneath

    async def call(self, arguments: Mapping[str, Any], _key: str, /) -> Said:
        """See Tool."""
        return await asyncio.to_thread(self._search, arguments)

    def _search(self, arguments: Mapping[str, Any]) -> Said:
        walk, lines = Walk(self._beneath, parts_of(arguments.get("path", "."))), list[str]()
        for entry in walk:
            if entry.is_file and _fits(entry, arguments.get("glob")):
                lines.extend(_found(entry, arguments["text"], ignore_case=arguments.get("ignore_case", False)))
            if len(lines) > FOUND:
                break
        return _said(lines, FOUND, "lines", walk.cut)


def _fits(entry: Entry, glob: str | None) -> bool:
    return glob is None or fnmatchcase(entry.path if "/" in glob else entry.name, glob)


def _line(entry: Entry) -> str:
    if entry.is_folder:
        return f"{entry.path}/"
    return f"{entry.path}\t{entry.status.st_size}" if entry.is_file else f"{entry.path}\tno regular file"


def _found(entry: Entry, text: str, *, ignore_case: bool) -> Iterator[str]:
    if not 0 < entry.status.st_size <= FILE_BYTES:
        return
    with suppress(OSError, ToolFailed):  # gone or something else by now
        descriptor = open_file(entry.name, entry.folder)
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(FILE_BYTES)
        if b"\0" in content[:8192]:
            return
        wanted = text.casefold() if ignore_case else text
        for number, line in enumerate(content.decode(errors="replace").split("\n"), 1):
            if wanted in (line.casefold() if ignore_case else line):
                yield f"{entry.path}:{number}: {line.strip()[:LINE]}"


def _said(lines: list[str], limit: int, of: str, cut: str | None) -> Said:
    notes = [f"{min(len(lines), limit)} {of}"]
    if len(lines) > limit:
        notes.append("there are more; ask for a folder or with a glob")
    if cut:
        notes.append(cut)
    return Said("; ".join(notes), "\n".join(lines[:limit]) if lines else None)
