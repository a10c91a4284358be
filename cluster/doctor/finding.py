"""What a check found, and what to do about it."""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

from pydantic import model_validator

from actors.work import Frozen


class Level(StrEnum):
    """How bad it is; worse ones come later."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


EXIT = {level: code for code, level in enumerate(Level)}
"""Exit code of `doctor` by its worst finding."""


class Finding(Frozen):
    """One thing that was looked at. What is not ok has a cure."""

    name: str
    level: Level
    message: str
    cure: str = ""

    @model_validator(mode="after")
    def _check(self) -> "Finding":
        if bool(self.cure) == (self.level is Level.OK):
            raise ValueError("a finding has a cure, unless it is ok")
        return self


Check = Callable[[], Iterable[Finding]]


def ok(name: str, message: str) -> Finding:
    """As it should be."""
    return Finding(name=name, level=Level.OK, message=message)


def warning(name: str, message: str, cure: str) -> Finding:
    """Works, but not as it should."""
    return Finding(name=name, level=Level.WARNING, message=message, cure=cure)


def broken(name: str, message: str, cure: str) -> Finding:
    """A run would be refused or would fail."""
    return Finding(name=name, level=Level.BROKEN, message=message, cure=cure)


def worst(findings: Iterable[Finding]) -> Level:
    """The level of the whole."""
    return max((finding.level for finding in findings), key=list(Level).index, default=Level.OK)


def found(name: str, check: Check) -> Sequence[Finding]:
    """The check's findings; one that the system does not let look is a finding too."""
    try:
        return list(check())
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return [warning(name, f"could not be looked at: {where}{error.strerror}", "run it as the owner of the home")]
