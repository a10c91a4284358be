"""What is known of a campaign while it goes on, so that nothing is lost when it is ended."""

import resource
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from actors.errors import StoreUnusable
from actors.stores.place import is_on_server
from actors.stores.reader import Reader
from tests.campaign.field import Field
from tests.campaign.monkey import Monkey
from tests.campaign.person import Person
from tests.campaign.verdict import Judge
from tests.campaign.witness import Witness
from tests.support.fleets import PROCESSES, processes

EVERY_S = 30.0
MIB = 2**20


class Told(NamedTuple):
    """At one moment."""

    after_s: float
    faults: int
    results: int
    runs: int
    """That have ended, and were judged."""
    wrong: list[str]
    """What was found in those."""
    own_mib: int
    """Memory of the campaign's own process, at most so far."""
    journal_mib: float
    """0 if it is on a server."""
    fleet_mib: dict[str, int]
    """Memory of the fleet's processes, by kind."""

    def line(self) -> str:
        """For people."""
        held = ", ".join(f"{kind} {mib}" for kind, mib in self.fleet_mib.items())
        return (
            f"{self.after_s:5.0f} s: {self.faults} faults, {self.results} results, {self.runs} runs over, "
            f"{len(self.wrong)} wrong; MiB: {self.own_mib} campaign, {self.journal_mib:.1f} journal, {held}"
        )


class SoFar:
    """Tells every EVERY_S seconds."""

    def __init__(
        self, at: Field, store: Path, witness: Witness, person: Person, monkey: Monkey, tell: Callable[[Told], None]
    ) -> None:
        self._at, self._store, self._witness, self._person, self._monkey = at, store, witness, person, monkey
        self._tell, self._begin, self._next = tell, 0.0, 0.0
        self._seen: set[str] = set()
        self._wrong: list[str] = []
        self.all: list[Told] = []

    def tell(self, now: float) -> None:
        """If it is time."""
        self._begin = self._begin or now
        self._next = self._next or now + EVERY_S
        if now < self._next:
            return
        self._next = now + EVERY_S
        self._judge()
        self.all.append(self._told(now))
        self._tell(self.all[-1])

    def _judge(self) -> None:
        """The runs that are over by now, each once; if the store cannot be read, the next time."""
        over = [key for key in self._witness.finished if key not in self._seen]
        for key in over:
            try:
                with closing(Reader(self._store)) as reader:
                    struck = self._witness.those(self._monkey.struck)
                    judge = Judge(reader, self._at.model, struck, self._store.parent)
                    judge.run(self._person.plans[key])
            except StoreUnusable:
                return
            self._seen.add(key)
            self._wrong += judge.judged.wrong

    def _told(self, now: float) -> Told:
        return Told(
            after_s=now - self._begin,
            faults=len(self._monkey.struck),
            results=len(self._witness.results),
            runs=len(self._seen),
            wrong=self._wrong,
            own_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // MIB,
            journal_mib=0.0 if is_on_server(self._store) else self._store.stat().st_size / MIB,
            fleet_mib={kind: sum(map(held_mib, processes(self._at.fleet, kind))) for kind in PROCESSES},
        )


def held_mib(pid: int) -> int:
    """Memory that the process has to itself and shares; 0 if it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * resource.getpagesize() // MIB
