"""A run as the page keeps it: as a whole while it goes on, some time after its end and after a look; else in brief."""

from typing import Any

from actors.events import Event, ItemsAdded, RunAccepted, RunFinished, completed
from actors.journal.people import Word
from actors.journal.recorded import ENDS
from actors.stores.protocol import RunRecord
from actors.stores.reader import Reader
from actors.work import Item
from dashboards.plain import cut
from dashboards.run_reading import read_end, read_view
from dashboards.views.projection import RunView

TITLE = 300
"""Characters of an item's description in the graph."""


class Titles(dict[str, str]):
    """Beginnings of descriptions by item; of a run that is kept in brief there are none."""

    def __missing__(self, item: str) -> str:
        return ""


class KnownRun:
    """One run of the journal."""

    def __init__(self, reader: Reader, record: RunRecord) -> None:
        self.record = record
        self.view: RunView | None = None
        self.plan: tuple[Item, ...] = ()
        self.titles = Titles()
        self._dependents: dict[str, list[str]] = {}
        self._touched: set[str] = set()
        self._added: list[Item] = []
        self.end = read_end(reader, record)
        self._accepted = _accepted(reader, record)
        if self.end is None:
            self.open(reader)

    def open(self, reader: Reader) -> RunView:
        """The whole run as it is now."""
        if self.view is None:
            self.view = read_view(reader, self.record)  # first: a run may grow meanwhile
            self._know(reader.items(self.record.run))
        return self.view

    def shut(self) -> None:
        """Keep it in brief."""
        if self.end:
            self.view, self.plan, self.titles, self._dependents = None, (), Titles(), {}

    def apply(self, event: Event) -> None:
        """Take in the next event of the journal, its own or the fleet's."""
        if self.end:
            return
        if self.view:
            self.view.apply(event)
            self._touch(event)
        if isinstance(event, RunFinished):
            self.end = event

    def brief(self) -> dict[str, Any]:
        """The run in a list of runs."""
        record, accepted = self.record, self._accepted
        told: dict[str, Any] = {
            **{name: getattr(record, name) for name in ("run", "key", "name", "model", "items", "revises")},
            "accepted_at": accepted.at if accepted else None,
        }
        if view := self.view:
            spent = view.accounts.run.to_json()
            names = ("state", "reason", "started_at", "finished_at")
            told |= {name: getattr(view, name) for name in names} | {"counts": view.items.counts}
            told |= {"budget": view.budget.model_dump() if view.budget else None, **spent}
        elif end := self.end:
            told |= {"state": end.status.value, "reason": None, "counts": dict(end.counts), "finished_at": end.at}
        return told

    def whole(self) -> dict[str, Any]:
        """The run with its graph; only while it is open."""
        assert self.view
        return {
            **self.brief(),
            "plan": [_planned(item) for item in self.plan],
            "items": [item.to_json() for item in self.view.items.values()],
            **self.spent(),
        }

    def changed(self) -> dict[str, Any] | None:
        """The items that changed since this was asked last, and what was used; None if nobody has it open."""
        touched, self._touched = self._touched, set()
        if not self.view:
            return None
        items = [view.to_json() for id_ in sorted(touched) if (view := self.view.items.get(id_))]
        added, self._added = self._added, []
        return {"run": self.record.run, "added": list(map(_planned, added)), "items": items, **self.spent()}

    def spent(self) -> dict[str, Any]:
        """What was used, by agent and by model; only while it is open."""
        assert self.view
        accounts = self.view.accounts
        return {
            "agents": {id_: spent.to_json() for id_, spent in accounts.agents.items()},
            "models": {name: spent.to_json() for name, spent in accounts.models.items()},
        }

    def _know(self, items: tuple[Item, ...]) -> None:
        self.plan += items
        for item in items:
            self.titles[item.id], self._dependents[item.id] = cut(item.description, TITLE), []
        for item in items:
            for dependency in item.dependencies:
                self._dependents[dependency].append(item.id)
            if item.parent:  # it goes on after them
                self._dependents[item.id].append(item.parent)

    def _grow(self, event: ItemsAdded) -> None:
        if new := tuple(item for item in event.items if item.id not in self.titles):
            self._know(new)
            self._added += new
        self._touched.update(item.id for item in event.items)

    def _touch(self, event: Event) -> None:
        """Its item, and those that became ready by it."""
        if isinstance(event, ItemsAdded):
            self._grow(event)
        id_ = event.target if isinstance(event, Word) else getattr(event, "item", None)
        if id_ is not None:
            self._touched.add(id_)
            if completed(event) or event.type in ENDS:  # a sub-agent's end frees its parent, whatever it is
                self._touched.update(self._dependents.get(id_, ()))


def _planned(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": cut(item.description, TITLE),
        "dependencies": list(item.dependencies),
        "role": item.agent.value,
        "priority": item.priority,
        "parent": item.parent,
        "model": item.model,
    }


def _accepted(reader: Reader, record: RunRecord) -> RunAccepted | None:
    events = reader.events(record.run, record.accepted_seq - 1, limit=1)
    return next((event for event in events if isinstance(event, RunAccepted)), None)
