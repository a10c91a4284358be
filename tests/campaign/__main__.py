"""`python -m tests.campaign`: strikes a fleet at work for a while and tells what became of the work.

Exit code 0: everything that was promised holds, and every kind of fault has landed. Ctrl-C or SIGTERM ends the strikes,
and the report is made as always; a second one ends everything.
"""

import argparse
import json
import random
import signal
import sys
from pathlib import Path
from typing import Any

from tests.campaign.campaign import Terms, campaign
from tests.campaign.report import Report
from tests.campaign.so_far import Told


class Ending:
    """Whether somebody wants it to end."""

    def __init__(self) -> None:
        self.wanted = False

    def __call__(self, number: int, _: object) -> None:
        """A signal's handler."""
        if self.wanted:
            sys.exit(128 + number)  # the fleet is ended all the same
        self.wanted = True
        sys.stderr.write("no more strikes; the report follows when all is over\n")


class Paper:
    """Where the figures are written: whole at any moment."""

    def __init__(self, path: Path | None, seed: int) -> None:
        self._path, self._begun = path, {"seed": seed, "is_over": False}
        self._growth: list[dict[str, Any]] = []

    def tell(self, told: Told) -> None:
        """While it goes on."""
        sys.stderr.write(f"{told.line()}\n")
        self._growth.append(told._asdict())
        self.write({**self._begun, "growth": self._growth})

    def end(self, report: Report) -> None:
        """When all is over."""
        self.write({"is_over": True, **report.told()})
        sys.stdout.write(f"{report.table()}\n")
        sys.stdout.flush()

    def write(self, figures: dict[str, Any]) -> None:
        """Instead of what was there."""
        if self._path:
            new = self._path.with_suffix(".new")
            new.write_text(json.dumps(figures, indent=1))
            new.replace(self._path)


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it strikes")
    parser.add_argument("--seed", type=int, help="of the strikes and of the plans; without it another one each time")
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite", help="what the journal is in")
    parser.add_argument("--short", action="store_true", help="as in CI: small plans, and no command's output searched")
    parser.add_argument("--json", type=Path, help="write all figures there, while it goes on too")
    parser.add_argument("--keep", type=Path, help="use this folder, which must not be there, and leave it")
    asked = parser.parse_args()
    seed = random.randrange(1_000_000) if asked.seed is None else asked.seed
    ending, paper = Ending(), Paper(asked.json, seed)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ending)
    terms = Terms(seed, asked.seconds, asked.store, short=asked.short)
    return campaign(terms, asked.keep, paper.tell, lambda: ending.wanted, paper.end).code


if __name__ == "__main__":
    sys.exit(main())
