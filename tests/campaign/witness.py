"""Reads the journal while it is written: who lives as which process, which runs go on, when something was finished."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from actors.errors import StoreUnusable
from actors.events import (
    AgentRestarted,
    AgentStarted,
    AnswerGiven,
    ApprovalGranted,
    ApprovalRequested,
    Event,
    ItemClosed,
    RunAccepted,
    RunFinished,
    RunPaused,
    RunResumed,
    completed,
)
from actors.journal.rows import from_rows
from actors.stores.reader import Reader
from actors.vocabulary.review import Questions
from tests.campaign.monkey import Struck

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
        self.asked: dict[tuple[str, str], str] = {}
        """The command that a person is waited for with, by the run's key and the item."""
        self.results: list[float] = []
        """When items were completed, oldest first; Unix seconds."""

    def look(self) -> None:
        """Take in what is new; nothing while no store can be read."""
        with suppress(StoreUnusable):
            self._reader = self._reader or Reader(self._store)
            for event in from_rows(self._reader.rows(None, self._cursor, UNREAD, PAGE)):
                self._cursor = event.seq
                self._hear(event)

    def those(self, struck: Iterable[Struck]) -> set[tuple[str, int]]:
        """(agent, generation) of the agents that a signal was sent to."""
        return {self.agents[one.pid] for one in struck if one.pid in self.agents}

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
            case ApprovalRequested():
                self.asked[self.keys[event.run], event.item] = "approve"
            case ItemClosed(outcome=Questions()):
                self.asked[self.keys[event.run], event.item] = "answer"
            case ApprovalGranted() | AnswerGiven():
                self.asked.pop((self.keys[event.run], event.target), None)
        if completed(event):
            self.results.append(event.at)
