"""What reviews said of an item before its newest attempt of work, out of its journal."""

from actors.context import Part, Piece, Share, part_of
from actors.events import Event, ItemClosed, TurnDone
from actors.models.blocks import text_of
from actors.review import Judgement, Requirements, Verdict
from actors.roles.turns import Said
from actors.stores.reader import Reader
from actors.work import Content, Made, Result, Task


class Reviewed:
    """Sees the events of the run in their order."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._feedback: tuple[Judgement, ...] = ()
        self._data: Content | None = None
        self._requirements: tuple[str, ...] | None = None
        self.consolidated: list[Part] = []
        """What was made of several reviews for the newest attempt."""

    def see(self, event: Event, item: str) -> None:
        """The next event."""
        match event:
            case ItemClosed(outcome=Result() as made) if event.item == item:
                self._data = made.data
            case ItemClosed(outcome=Verdict() as verdict) if event.item == item and not verdict.judgement.passed:
                self._feedback = (*self._feedback, verdict.judgement)
            case ItemClosed(outcome=Requirements() as found) if event.item == item:
                self._requirements = found.requirements
            case TurnDone() if event.item == item:
                self._hear(event)

    def _hear(self, event: TurnDone) -> None:
        said = Said.model_validate_json(self._text(event.said))
        if said.consolidated:
            piece = Piece(Share.CRITICAL, "consolidated", f"of {len(self._feedback)}", text_of(said.blocks))
            self.consolidated = [part_of(piece)]

    def _text(self, content: Content) -> str:
        return content.text or "" if content.ref is None else self._reader.payloads({content.ref})[content.ref]

    def given(self, task: Task) -> Task:
        """The task of an attempt that begins now."""
        if self.consolidated and self.consolidated[0].name != f"of {len(self._feedback)}":
            self.consolidated = []
        made = Made(data=self._data) if self._data and self._feedback else None
        requirements = task.item.requirements if self._requirements is None else self._requirements
        return task.model_copy(update={"feedback": self._feedback, "made": made, "requirements": requirements})
