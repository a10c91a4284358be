"""The skills that lie in folders: read when they are asked for, again after some seconds. A broken one harms nobody."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from actors.context.skills import LENGTH, Skill, parse

FILE = "SKILL.md"
FRESH_S = 5.0
FOLDERS = 500
"""Skills of one folder that are looked at."""


class Broken(NamedTuple):
    """A skill that cannot be used."""

    file: str
    why: str


class Read(NamedTuple):
    """What lies there."""

    skills: tuple[Skill, ...]
    """By name; where two have the same, the first folder's."""
    broken: tuple[Broken, ...]


def read(folders: Sequence[Path]) -> Read:
    """Every skill of these folders; the first is the project's own."""
    skills: dict[str, Skill] = {}
    broken: list[Broken] = []
    for position, folder in enumerate(folders):
        for file in _files(folder, broken):
            found = _read(file, local=position == 0)
            if isinstance(found, str):
                broken.append(Broken(str(file), found))
            elif (other := skills.get(found.name)) and other.local == found.local:
                broken.append(Broken(str(file), f"{other.file} has the same name, {found.name}"))
            else:
                skills.setdefault(found.name, found)
    return Read(tuple(skills[name] for name in sorted(skills)), tuple(broken))


def _files(folder: Path, broken: list[Broken]) -> list[Path]:
    try:
        if not folder.is_dir():
            return []
        return [file for one in sorted(folder.iterdir())[:FOLDERS] if (file := one / FILE).exists()]
    except OSError as error:
        broken.append(Broken(str(folder), f"it cannot be read: {error.strerror}"))
        return []


def _read(file: Path, *, local: bool) -> Skill | str:
    try:
        with file.open("rb") as opened:
            data = opened.read(4 * LENGTH + 1)
        return parse(data.decode(), local=local, file=str(file))
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return "it is no UTF-8 text"


class Shelf:
    """The skills of one process's agents."""

    def __init__(self, folders: Sequence[Path], clock: Callable[[], float] = time.monotonic) -> None:
        self._folders, self._clock = folders, clock
        self._read, self._at = Read((), ()), -FRESH_S

    @property
    def skills(self) -> tuple[Skill, ...]:
        """As they are now, or were some seconds ago."""
        if self._clock() - self._at >= FRESH_S:
            self._read, self._at = read(self._folders), self._clock()
        return self._read.skills
