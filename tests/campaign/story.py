"""When each thing that a model is asked for was finished and on disk, as the journal tells it."""

from collections.abc import Mapping

from actors.events import Event, ItemClosed, TurnDone
from actors.vocabulary.review import Consolidated, Requirements, Verdict
from actors.work import Result
from tests.campaign.lines import Asked


class Work:
    """What has become of one item so far."""

    def __init__(self) -> None:
        self.made = 0
        """Versions that are finished."""
        self.before = self.turns = 0
        """Turns of those, and all."""


def finished_at(events: list[Event], tags: Mapping[str, str]) -> dict[Asked, float]:
    """In Unix seconds; `tags` by item."""
    finished: dict[Asked, float] = {}
    works: dict[str, Work] = {}
    for event in events:
        if isinstance(event, ItemClosed | TurnDone) and event.item in tags:
            work = works.setdefault(event.item, Work())
            if asked := _finished(event, tags[event.item], work):
                finished[asked] = event.at
    return finished


def _finished(event: ItemClosed | TurnDone, tag: str, work: Work) -> Asked | None:
    if isinstance(event, TurnDone):
        work.turns = max(work.turns, event.turn)
        return Asked(tag, "work", event.turn - work.before, work.made + 1)
    match event.outcome:
        case Result():
            turn, work.before = work.turns + 1 - work.before, work.turns
            work.made += 1
            return Asked(tag, "work", turn, work.made)
        case Verdict():
            return Asked(tag, "review", 1, work.made)
        case Requirements():
            return Asked(tag, "extract", 1, work.made)
        case Consolidated():
            return Asked(tag, "consolidate", 1, work.made)
    return None
