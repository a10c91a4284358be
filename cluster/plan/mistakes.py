"""Collecting the mistakes of a plan, so that a person hears of all of them at once."""

import difflib
from collections.abc import Collection

from actors.errors import Mistake, PlanRefused

SHOWN = 50
"""Lines of the message."""
LIMIT = 1000
"""Mistakes after which nobody looks further; bounds the time that a hostile plan takes."""
BEGINNING = 3
"""Characters from which on a name is taken for the beginning of a longer one."""
NEAR = 0.75
"""Share of two names' characters that they have in common in order, from which on one is read as the other."""
COMPARISONS = 30_000
"""Names that suggestions are looked for among, in one plan; about 1 s."""


def quote(text: str) -> str:
    """Text of a plan for a message: in quotes, one line, shortened, nothing that a terminal would obey."""
    short = text if len(text) <= 80 else text[:77] + "..."
    return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short).replace('"', '\\"') + '"'


def is_near(name: str, meant: str) -> bool:
    """Whether what stands under the one name is surely meant for the other."""
    return meant.startswith(name) or difflib.SequenceMatcher(None, name[:256], meant).ratio() >= NEAR


class Mistakes:
    """The mistakes of one plan so far. `file` is the plan's path as the person wrote it."""

    def __init__(self, file: str) -> None:
        self._file = "".join(c if c.isprintable() else "?" for c in file)
        self._found: list[Mistake] = []
        self._comparisons = COMPARISONS

    def __len__(self) -> int:
        return len(self._found)

    def add(self, line: int | None, where: str, message: str, cure: str) -> None:
        """Remember a mistake. Raises PlanRefused when there are too many to go on."""
        self._found.append(Mistake(line, where, message, cure))
        if len(self._found) >= LIMIT:
            raise self._refusal(f"stopped looking after {LIMIT}")

    def stop(self, line: int | None, where: str, message: str, cure: str) -> PlanRefused:
        """The refusal to raise after a mistake that nothing behind it can be read after."""
        self.add(line, where, message, cure)
        return self._refusal()

    def refuse_if_any(self) -> None:
        """Raise PlanRefused with everything found so far, in the order of the lines."""
        if self._found:
            raise self._refusal()

    def nearest(self, name: str, valid: Collection[str]) -> str | None:
        """The valid name that was probably meant; None as well when looking for it would take too long."""
        if len(valid) > self._comparisons:
            return None
        self._comparisons -= len(valid)
        if len(name) >= BEGINNING and (longer := [one for one in valid if one.startswith(name)]):
            return min(longer, key=len)
        return next(iter(difflib.get_close_matches(name[:256], valid, n=1)), None)

    def _refusal(self, remark: str = "") -> PlanRefused:
        found = tuple(sorted(self._found, key=lambda mistake: mistake.line or 0))
        lines = [self._line(mistake) for mistake in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append(f"... and {len(found) - SHOWN} more")
        if remark:
            lines[-1] += f" ({remark})"
        refusal = PlanRefused("\n".join(lines))
        refusal.mistakes = found
        return refusal

    def _line(self, mistake: Mistake) -> str:
        place = self._file if mistake.line is None else f"{self._file}:{mistake.line}"
        parts = [place, mistake.where, f"{mistake.message}; {mistake.cure}"]
        return ": ".join(part for part in parts if part)
