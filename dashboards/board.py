"""Everything that the page shows, folded from the journal. Lives in one thread with its Reader."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from actors.errors import NotFound
from actors.events import FLEET, AgentStarting, Event, RunAccepted, RunFinished
from actors.journal.fleet import ModelAvailable, ModelHeld, ModelUnavailable
from actors.stores import queries
from actors.stores.protocol import RunRecord
from actors.stores.reader import Reader
from dashboards.known_run import KnownRun, Titles
from dashboards.plain import clean
from dashboards.ring import Batch, Frame
from dashboards.sse import TEXT, message
from dashboards.views.fleet_view import FleetView
from dashboards.views.projection import RunView
from dashboards.wire.events import WireEvent, wire
from dashboards.wire.table import HELD

SHOWN = 200
"""Runs in a list, and events that a new reader is told of."""

OPEN = 20
"""Finished runs that are kept as a whole: those that ended or were looked at last."""

PAGE = 2000
"""Rows read at once."""

Json = dict[str, Any]


class Board:
    """What the journal says up to row `seq`. `alive`: whether the fleet's processes are there at all."""

    def __init__(self, reader: Reader, alive: Callable[[], bool], clock: Callable[[], float] = time.time) -> None:
        self._reader, self._alive, self._clock = reader, alive, clock
        self.seq = queries.last_seq(reader.db)
        self.at = next((event.at for event in reader.events_of_all(self.seq - 1, 1)), None)
        """Of the last row, in Unix seconds."""
        self.version = 0
        """Another one whenever readers are told something."""
        self._runs: dict[str, KnownRun] = {}
        for record in reader.runs():
            self._runs[record.run] = KnownRun(reader, record)
        self._whole: list[str] = []  # newest first
        self._held: dict[str, ModelHeld] = {}
        self._out: dict[str, str] = {}
        self._read_fleet()
        self._told_agents = self.agents()

    def _read_fleet(self) -> None:
        events = self._reader.fleet()
        self._fleet_seq = events[-1].seq if events else 0
        self._fleet = FleetView(events, self._clock(), alive=self._alive())
        self._held, self._out = {}, {}
        for event in events:
            self._hear(event)

    def _hear(self, event: Event) -> None:
        match event:
            case ModelHeld(waiting=0):
                self._held.pop(event.model, None)
            case ModelHeld():
                self._held[event.model] = event
            case ModelUnavailable():
                self._out[event.model] = event.reason
            case ModelAvailable(probe=False):
                self._out.pop(event.model, None)

    def look(self) -> Batch | None:
        """What is new in the journal, and what became of the board by it; None if nothing is."""
        events = self._reader.events_of_all(self.seq, PAGE)
        frames = [Frame(event.run or None, self.told(event)) for event in events if self._learn(event)]
        for event in events:
            self._apply(event)
        frames += self._changes({event.run for event in events})
        for event in events:
            if isinstance(event, RunFinished):
                self._keep(event.run)
        if events:
            self.seq, self.at = events[-1].seq, events[-1].at
        if not frames:
            return None
        self.version += 1
        return Batch(self.version, frames)

    def _learn(self, event: Event) -> bool:
        """Know the run of the event. Always true."""
        if isinstance(event, RunAccepted) or (event.run and event.run not in self._runs):
            for record in self._reader.runs():  # a key may have moved to the new run
                known = self._runs.get(record.run)
                if known:
                    known.record = record
                else:
                    self._runs[record.run] = KnownRun(self._reader, record)
        return True

    def _apply(self, event: Event) -> None:
        if event.seq > self._fleet_seq:
            if isinstance(event, AgentStarting):  # perhaps of another fleet
                self._read_fleet()
            else:
                self._fleet.apply(event)
                self._hear(event)
        for known in [self._runs[event.run]] if event.run else self._runs.values():
            known.apply(event)

    def _changes(self, runs: set[str]) -> Iterable[Frame]:
        touched = [self._runs[run] for run in sorted(runs - {FLEET})]
        agents = self.agents()
        told: Json = {"runs": [known.brief() for known in touched]}
        if agents != self._told_agents:
            self._told_agents = agents
            told |= agents
        if touched or len(told) > 1:
            yield Frame(None, message("change", clean(told, TEXT)))
        for known in touched:
            if changed := known.changed():
                yield Frame(known.record.run, message("items", clean(changed, TEXT)))

    def told(self, event: Event) -> bytes:
        """A row of the journal for the stream."""
        return message("journal", clean(self.wire(event), TEXT), event.seq)

    def wire(self, event: Event) -> list[WireEvent]:
        """The wire events of a row; descriptions are those of the graph."""
        known = self._runs.get(event.run)
        return wire(event, known.titles if known else Titles())

    def agents(self) -> Json:
        """The fleet as of now: agents, and models that are held or that nobody gets an answer from."""
        alive = self._alive()
        self._fleet.look(self._clock(), alive=alive)
        working = self._fleet.agents
        agents = [{**told, "working_on": sorted(working[told["id"]].working_on)} for told in self._fleet.to_json()]
        held = [{**event.model_dump(include=set(HELD)), "at": event.at} for event in self._held.values()]
        out = [{"model": model, "reason": reason} for model, reason in self._out.items()]
        return {"alive": alive, "agents": agents, "held": held if alive else [], "out": out if alive else []}

    @property
    def held(self) -> Mapping[str, ModelHeld]:
        """The governor's last word on models whose calls it holds."""
        return self._held

    def unfinished(self) -> list[tuple[RunRecord, RunView]]:
        """Every run that goes on, waits or is paused."""
        return [(known.record, known.view) for known in self._runs.values() if known.view and not known.end]

    def runs(self) -> list[Json]:
        """Every run in brief, newest first."""
        return [known.brief() for known in reversed(self._runs.values())]

    def run(self, name: str) -> KnownRun:
        """The run with this id or key, as a whole. Raises NotFound."""
        known = self._runs.get(self._reader.run(name).run)
        if known is None:
            raise NotFound(f"run {name!r} was accepted a moment ago; ask again")
        known.open(self._reader)
        self._keep(known.record.run)
        return known

    def _keep(self, run: str) -> None:
        """This one as a whole, and not for longer than OPEN others."""
        self._whole = [run, *(other for other in self._whole if other != run)]
        for other in self._whole[OPEN:]:
            self._runs[other].shut()
        del self._whole[OPEN:]

    def snapshot(self, run: str | None) -> Json:
        """Everything as it is at `seq`, with this run as a whole. Raises NotFound."""
        known = self.run(run) if run else None
        return {
            "version": 1,
            "seq": self.seq,
            "now": self._clock(),
            "runs": self.runs()[:SHOWN],
            **self.agents(),
            "run": known.whole() if known else None,
        }

    def size(self) -> tuple[int, int, int]:
        """The last row, runs, items."""
        return self.seq, len(self._runs), sum(known.record.items for known in self._runs.values())

    def recent(self, run: str | None) -> list[WireEvent]:
        """The latest wire events of the run and the fleet, or of all, oldest first."""
        return [told for event in self._reader.newest(run, self.seq, SHOWN) for told in self.wire(event)]
