"""What reviews said of an item before its newest attempt of work, out of its journal."""

from actors.events import Event, ItemClosed
from actors.vocabulary.review import Consolidated, Judgement, Requirements, Verdict
from actors.work import Content, Made, Result, Task


class Reviewed:
    """Sees the events of the run in their order."""

    def __init__(self) -> None:
        self._feedback: tuple[Judgement, ...] = ()
        self._data: Content | None = None
        self._requirements: tuple[str, ...] | None = None
        self._consolidated: Content | None = None
        """What was made of several reviews for the newest attempt."""

    def see(self, event: Event, item: str) -> None:
        """The next event."""
        match event:
            case ItemClosed(outcome=Result() as made) if event.item == item:
                self._data = made.data
            case ItemClosed(outcome=Verdict() as verdict) if event.item == item and not verdict.judgement.passed:
                self._feedback, self._consolidated = (*self._feedback, verdict.judgement), None
            case ItemClosed(outcome=Requirements() as found) if event.item == item:
                self._requirements = found.requirements
            case ItemClosed(outcome=Consolidated() as made) if event.item == item:
                self._consolidated = made.text

    def given(self, task: Task) -> Task:
        """The task of an attempt that begins now."""
        made = Made(data=self._data) if self._data and self._feedback else None
        requirements = task.item.requirements if self._requirements is None else self._requirements
        told = {"feedback": self._feedback, "made": made, "consolidated": self._consolidated}
        return task.model_copy(update={**told, "requirements": requirements})
