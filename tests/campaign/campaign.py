"""One campaign: a fleet, plans that never end, a monkey that strikes; then calm, and the question what is left."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cluster.home.config import store_path
from tests.campaign import verdict
from tests.campaign.field import MODEL, QUICK_MODEL, Field, ailments, field
from tests.campaign.monkey import QUICK, USUAL, Monkey
from tests.campaign.person import Person
from tests.campaign.report import Report
from tests.campaign.so_far import SoFar, Told
from tests.campaign.witness import Witness
from tests.support import leaks
from tests.support.canary import Found

POLL_S = 0.05
LOOKED_AT = 2
"""Runs of which every command is asked, so that its output can be searched too."""
CALM_S = 150.0
"""Patience, once nothing strikes any more, until everything is over and well."""


class Terms(NamedTuple):
    """What kind of campaign."""

    seed: int
    seconds: float
    """For which it strikes; up to twice as long until every kind of fault has landed."""
    store: str = "sqlite"
    """Or postgres: on a server of its own, which is struck too."""
    short: bool = False
    """It strikes quickly, plans have a little of everything, and the key is not searched in what commands say."""


class Campaign:
    """In a field; `stops` is asked whether it ends now instead of when its time is over."""

    def __init__(self, terms: Terms, at: Field, tell: Callable[[Told], None], stops: Callable[[], bool]) -> None:
        self._terms, self._at, self._stops = terms, at, stops
        self._store = store_path(at.commands.home)
        self._witness = Witness(self._store)
        self._person = Person(terms.seed, at.commands, at.model, self._witness, mixed=terms.short)
        self._monkey = Monkey(terms.seed, at.fleet, at.model, time.time, at.database, QUICK if terms.short else USUAL)
        self._so_far = SoFar(at, self._store, self._witness, self._person, self._monkey, tell)

    def strike(self) -> float:
        """From the first result on until its time is over; how long that was."""
        patience = time.time() + CALM_S
        while not self._witness.results and not self._stops() and time.time() < patience:
            self._go_on()
        self._monkey.begin()
        begin = time.time()
        while self._goes_on(time.time() - begin):
            if (struck := self._monkey.act()) and struck[:2] == ("freeze", "driver"):
                self._person.take_over()
            self._go_on()
        self._monkey.rest()
        return time.time() - begin

    def _go_on(self, *, new: bool = True) -> None:
        self._witness.look()
        self._person.act(new=new)
        self._so_far.tell(time.time())
        time.sleep(POLL_S)

    def _goes_on(self, after_s: float) -> bool:
        seconds = self._terms.seconds * (2 if self._monkey.void else 1)
        return after_s < seconds and not self._stops()

    def calm(self) -> list[str]:
        """Wait until every run is over and everything works again; what does not."""
        deadline = time.monotonic() + CALM_S
        while time.monotonic() < deadline:
            self._go_on(new=False)
            if self._person.is_done and not ailments(self._at):
                return []
        return ailments(self._at)

    def report(self, up_s: float) -> Report:
        """Strike, wait, judge, search; it took so long until the fleet was up."""
        lasted = self.strike()
        load, ended = os.getloadavg(), time.time()
        unhealed = self.calm()
        self._monkey.rest()
        well = time.time()
        at, person, witness, monkey = self._at, self._person, self._witness, self._monkey
        judged = verdict.judge(self._store, list(person.plans.values()), at.model, witness.those(monkey.struck))
        found = self._search()
        return Report(
            seed=self._terms.seed,
            store=self._terms.store,
            seconds=lasted,
            asked_s=self._terms.seconds,
            took={"up": up_s, "strikes": lasted, "calm": well - ended, "judged and searched": time.time() - well},
            load=load,
            judged=judged,
            struck=monkey.struck,
            kinds=monkey.kinds,
            results=witness.results,
            runs=len(person.plans),
            calls=sum(map(len, at.model.calls.values())),
            restarts=len(witness.restarts),
            unfinished=person.unfinished,
            broken=person.broken,
            refusals=dict(person.refusals),
            searched={place: told.searched for place, told in found.items()},
            canary={place: told.where for place, told in found.items()},
            unhealed=unhealed,
            growth=self._so_far.all,
        )

    def _search(self) -> dict[str, Found]:
        """For the key, wherever it may be; a place that cannot be searched is no clean one."""
        at = self._at
        try:
            if self._terms.short:
                return leaks.at_rest(at.mark, at.commands, at.fleet)
            at.commands.look(*list(self._person.plans)[-LOOKED_AT:])
            return leaks.everywhere(at.mark, at.commands, at.fleet)
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            return {"what could not be searched": Found(0, [f"{type(error).__name__}: {error}"])}


@contextmanager
def place(keep: Path | None) -> Iterator[Path]:
    """A new folder; a short name, since sockets are made below."""
    if keep:
        keep.mkdir()
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="mn-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def campaign(
    terms: Terms,
    keep: Path | None = None,
    tell: Callable[[Told], None] = lambda _: None,
    stops: Callable[[], bool] = lambda: False,
    ended: Callable[[Report], None] = lambda _: None,
) -> Report:
    """So long, then until all is over.

    `tell` gets what is known meanwhile, `stops` is asked whether to end now, `ended` gets the report while the fleet is
    still there.
    """
    begin = time.time()
    with place(keep) as folder:
        with field(folder, terms.store, QUICK_MODEL if terms.short else MODEL) as at:
            up_s = time.time() - begin
            report = Campaign(terms, at, tell, stops).report(up_s)
            ended(report)
            if keep:  # Ray's go with the fleet
                logs = at.fleet.folder / "session_latest" / "logs"
                shutil.copytree(logs, keep / "logs", ignore_dangling_symlinks=True)
        if report.code and not keep and (journal := spared(at.commands.home)):
            sys.stderr.write(f"its journal: {journal}\n")
        return report


def spared(home: Path) -> Path | None:
    """A copy of the journal, with a log that a killed store left; None if it is on a server. The fleet has ended."""
    if not (home / "store.db").exists():
        return None
    folder = Path(tempfile.mkdtemp(prefix="campaign-"))
    for file in home.glob("store.db*"):
        shutil.copy(file, folder)
    return folder / "store.db"
