"""Reads the journal while it is written: who lives as which process, which runs go on, when something was finished."""

from contextlib import suppress
from pathlib import Path

from actors.errors import StoreUnusable
from actors.events import (
    AgentRestarted,
    AgentStarted,
    Event,
    RunAccepted,
    RunFinished,
    RunPaused,
    RunResumed,
    completed,
)
from actors.journal.rows import from_rows
from actors.stores.reader import Reader

UNREAD = ("agent_heartbeat", "item_assigned", "item_started", "turn_done", "tool_done", "context_filled")
PAGE = 100_000


class Witness:
    """What has happened so far; `look` takes in what is new."""

    def __init__(self, store: Path) -> None:
        self._store, self._cursor = store, 0
        self._reader: Reader | None = None
        self.agents: dict[int, tuple[str, int]] = {}
        """(agent, generation) by process id."""
        self.restarts: list[AgentRestarted] = []
        self.keys: dict[str, str] = {}
        """Of accepted runs, by id."""
        self.finished: set[str] = set()
        """Keys of runs."""
        self.paused: set[str] = set()
        """Keys of runs."""
        self.results: list[float] = []
        """When items were completed, oldest first; Unix seconds."""

    def look(self) -> None:
        """Take in what is new; nothing while there is no store yet."""
        if self._reader is None:
            with suppress(StoreUnusable):
                self._reader = Reader(self._store)
        if self._reader is not None:
            for event in from_rows(self._reader.rows(None, self._cursor, UNREAD, PAGE)):
                self._cursor = event.seq
                self._hear(event)

    def _hear(self, event: Event) -> None:
        match event:
            case AgentStarted():
                self.agents[event.pid] = (event.agent, event.generation)
            case AgentRestarted():
                self.restarts.append(event)
            case RunAccepted():
                self.keys[event.run] = event.key or event.run
            case RunPaused():
                self.paused.add(self.keys[event.run])
            case RunResumed():
                self.paused.discard(self.keys[event.run])
            case RunFinished():
                self.finished.add(self.keys[event.run])
                self.paused.discard(self.keys[event.run])
        if completed(event):
            self.results.append(event.at)
