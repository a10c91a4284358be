"""The plan file -> tree: opened once, read within the cap, UTF-8, YAML or JSON by its suffix."""

import os
import stat
from pathlib import Path

from cluster.plan.caps import Caps
from cluster.plan.json_reader import read_json
from cluster.plan.mistakes import Mistakes, quote
from cluster.plan.tree import Node
from cluster.plan.yaml_reader import read_yaml

_SUFFIXES = (".yaml", ".yml", ".json")
_SMALLEST = "write at least: items: [{id: first, description: What to do}]"


def read_tree(path: Path, caps: Caps, mistakes: Mistakes) -> Node:
    """The document of the file. Raises PlanRefused; what can be read on is added to the mistakes instead."""
    content = _read(path, caps, mistakes)
    text = _decoded(content, mistakes)
    read = read_json if path.suffix.lower() == ".json" else read_yaml
    root = read(text, caps, mistakes)
    if root is None:
        raise mistakes.stop(None, "", "the plan is empty", _SMALLEST)
    return root


READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""Waits for nobody, should the path name a pipe."""


def open_inside(folder: Path, path: Path) -> int:
    """A descriptor of a file below a folder. Follows no link, so that nothing swapped in meanwhile leads out."""
    here = os.open(folder, READ | os.O_DIRECTORY)
    parts = path.relative_to(folder).parts
    for index, part in enumerate(parts):
        above = here
        kind = os.O_DIRECTORY if index < len(parts) - 1 else 0
        try:
            here = os.open(part, READ | os.O_NOFOLLOW | kind, dir_fd=above)
        finally:
            os.close(above)
    return here


def read_regular(descriptor: int, most: int) -> bytes | None:
    """The content, cut off behind `most` + 1 bytes; None if this is no regular file. Closes the descriptor."""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        parts = []
        while most >= 0 and (part := os.read(descriptor, min(most + 1, 1 << 20))):
            parts.append(part)
            most -= len(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _read(path: Path, caps: Caps, mistakes: Mistakes) -> bytes:
    try:
        content = read_regular(os.open(path, READ), caps.plan_bytes)
    except FileNotFoundError:
        nearest = mistakes.nearest(path.name, _siblings(path.parent))
        cure = "check the path" if nearest is None else f"did you mean {quote(nearest)}?"
        raise mistakes.stop(None, "", "there is no such file", cure) from None
    except (OSError, ValueError) as error:
        raise mistakes.stop(None, "", f"the plan cannot be read: {reason(error)}", "check the path") from None
    if content is None:
        raise mistakes.stop(None, "", *_not_a_file(path))
    if len(content) > caps.plan_bytes:
        cure = "move long texts to files and name them as inputs, or split the plan"
        raise mistakes.stop(None, "", f"the plan is larger than {caps.plan_bytes} bytes", cure)
    return content


def reason(error: OSError | ValueError) -> str:
    """Why the system refused, without the path."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def _not_a_file(path: Path) -> tuple[str, str]:
    if not path.is_dir():
        return "the plan is not a regular file", "write it to a file and name that"
    plans = _siblings(path)
    return "the plan is a folder", "name the file in it" + (f": {quote(plans[0])}" if plans else "")


def _siblings(folder: Path) -> list[str]:
    try:
        found = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    except (OSError, ValueError):
        return []
    return found[:1000]


def _decoded(content: bytes, mistakes: Mistakes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        cure = "save the file as UTF-8"
        raise mistakes.stop(line, "", f"the plan is not UTF-8 (byte 0x{content[error.start]:02x})", cure) from None
