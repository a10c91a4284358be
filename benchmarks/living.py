"""A fleet at work, as its journal tells: who is up, what was finished when, what was restarted why."""

import bisect
import json
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from actors.errors import StoreUnusable
from actors.events import (
    AgentFailed,
    AgentRestarted,
    AgentStarted,
    Event,
    ItemAssigned,
    ItemClosed,
    ItemStarted,
)
from actors.journal.rows import from_rows
from actors.stores.reader import Reader
from actors.work import RestartCause, Result
from tests.support.processes import Commands, Process

POLL_S = 0.01
PATIENCE_S = 120.0
UNREAD = ("agent_heartbeat", "run_accepted", "run_started")

PORTION, AHEAD = 3000, 1500
"""Items of one run that keeps the fleet busy, and how many are left when the next is started."""


class Finished(NamedTuple):
    """A result."""

    at: float
    agent: str
    generation: int


def work(items: int) -> list[dict[str, str]]:
    """So many items that keep an agent busy."""
    return [{"id": f"i{n}", "description": "work"} for n in range(items)]


class Living:
    """The fleet and the runs that keep it busy. Call `look` to take in what has happened since."""

    def __init__(self, commands: Commands) -> None:
        self.commands = commands
        self.agents: dict[str, AgentStarted] = {}
        """The newest process of each that has not ended."""
        self.restarts: list[AgentRestarted] = []
        self.finished: list[Finished] = []
        self.started: dict[tuple[str, int], ItemStarted] = {}
        """Of items that are not the living run's, by item and epoch."""
        self.open: dict[tuple[str, str], str] = {}
        """(run, item) of open attempts and their agents."""
        self.done: set[tuple[str, str]] = set()
        """(run, item) with a result."""
        self._newest: dict[str, int] = {}  # process of each agent that finished something last
        self._reader: Reader | None = None
        self._cursor = 0
        self._portions: list[Process] | None = None

    def feed(self) -> None:
        """From now on start a run of further items whenever most of the last one's are done."""
        self._portions = [self._portion(0)]

    def sate(self) -> None:
        """No further items."""
        for process in self._portions or ():
            process.communicate()
        self._portions = None

    def _portion(self, number: int) -> Process:
        return self.start(f"portion-{number}", work(PORTION), "--detach")

    def start(self, key: str, items: Iterable[object], *options: str) -> Process:
        """Start a run."""
        plan = self.commands.folder / f"{key}.json"
        plan.write_text(json.dumps({"name": key, "model": "scripted", "items": list(items)}))
        return self.commands.start("run", plan.name, "--key", key, *options)

    def look(self) -> None:
        """Take in what is new."""
        if self._reader is None:
            try:
                self._reader = Reader(self.commands.home / "store.db")
            except StoreUnusable:  # not made yet
                return
        for event in from_rows(self._reader.rows(None, self._cursor, UNREAD, 100_000)):
            self._cursor = event.seq
            self._hear(event)
        if self._portions and len(self.done) > PORTION * len(self._portions) - AHEAD:
            self._portions.append(self._portion(len(self._portions)))

    def _hear(self, event: Event) -> None:
        match event:
            case AgentStarted():
                self.agents[event.agent] = event
            case AgentRestarted():
                self.agents.pop(event.agent, None)
                self.restarts.append(event)
            case AgentFailed():
                raise SystemExit(f"{event.agent} was given up: {event.reason}")
            case ItemStarted() if not event.item.startswith("i"):
                self.started[event.item, event.epoch] = event
            case ItemAssigned():
                self.open[event.run, event.item] = event.agent
            case ItemClosed():
                self.open.pop((event.run, event.item), None)
                if isinstance(event.outcome, Result):
                    self.finished.append(Finished(event.at, event.agent, event.generation))
                    self.done.add((event.run, event.item))
                    self._newest[event.agent] = event.generation

    def until(self, wanted: Callable[[], bool], what: str) -> None:
        """Look until it is so."""
        deadline = time.monotonic() + PATIENCE_S
        self.look()
        while not wanted():
            if time.monotonic() > deadline:
                raise SystemExit(f"waited {PATIENCE_S:g} s in vain for: {what}")
            time.sleep(POLL_S)
            self.look()

    def held(self, agent: str) -> set[tuple[str, str]]:
        """(run, item) of what the agent was given and has not closed."""
        return {key for key, holder in self.open.items() if holder == agent}

    def next_result(self, after: float, agent: str | None = None, generation: int = 0) -> float | None:
        """When the next item was finished, by anybody or by a newer process of this agent."""
        first = bisect.bisect_left(self.finished, (after, "", 0))
        for finished in self.finished[first:]:
            if agent is None or (finished.agent == agent and finished.generation > generation):
                return finished.at
        return None

    def works(self, agent: str) -> bool:
        """Whether its process is up and has finished something."""
        now = self.agents.get(agent)
        return now is not None and self._newest.get(agent) == now.generation

    def unasked(self, struck: Iterable[tuple[str, int]]) -> list[AgentRestarted]:
        """Restarts of processes that were not struck and that nobody asked for."""
        known = set(struck)
        return [
            event
            for event in self.restarts
            if (event.agent, event.generation) not in known and event.cause is not RestartCause.REQUEST
        ]
