"""The items of a run as a person sees them, each in one state. A pure value."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from actors.work import TERMINAL, Item, ItemState
from dashboards.views.item_view import ItemView


class ItemViews(dict[str, ItemView]):
    """By id, in the order of the plan, then those that the run grew by. Moments are Unix seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._dependents: dict[str, list[ItemView]] = {}
        self._ends: dict[str, ItemView] = {}
        """Who waits for the end of an item, whatever that is."""
        self._ends_left = Counter[str]()
        """Of how many, by who waits."""
        self._in: dict[ItemState, dict[str, ItemView]] = {state: {} for state in ItemState}

    @property
    def counts(self) -> Mapping[str, int]:
        """Items by state; adds up to the number of items."""
        return {state.value: len(views) for state, views in self._in.items()}

    def in_state(self, state: ItemState) -> Collection[ItemView]:
        """Those in this state, in the order in which they came into it."""
        return self._in[state].values()

    def add(self, items: Iterable[tuple[Item, ItemView]], at: float) -> None:
        """New ones: what an item depends on is among them, or here already."""
        new = list(items)
        for item, view in new:
            self[item.id], self._dependents[item.id] = view, []
        for item, view in new:
            for name in item.dependencies:
                self._dependents[name].append(view)
                view.dependencies_left += self[name].state is not ItemState.COMPLETE
            view.state, view.since = ItemState.WAITING if view.dependencies_left else ItemState.READY, at
            self._in[view.state][view.id] = view

    def wait_for(self, waiting: ItemView, ids: Iterable[str]) -> None:
        """The item waits for these too."""
        for id_ in ids:
            waiting.dependencies_left += 1
            self._dependents[id_].append(waiting)

    def wait_for_ends(self, waiting: ItemView, ids: Iterable[str]) -> None:
        """The item goes on once these have ended, with a result or without."""
        new = dict.fromkeys(ids, waiting)
        self._ends |= new
        self._ends_left[waiting.id] += len(new)

    def move(self, id_: str, state: ItemState, at: float) -> ItemView:
        """The item is in this state from now on."""
        view = self._in[self[id_].state].pop(id_)
        view.state, view.since = state, at
        self._in[state][id_] = view
        if state in TERMINAL and (waiting := self._ends.pop(id_, None)):
            self._ends_left[waiting.id] -= 1
            if waiting.state is ItemState.WAITING and not self._ends_left[waiting.id]:
                self.move(waiting.id, ItemState.READY, at)
        return view

    def complete(self, view: ItemView, at: float) -> None:
        """The item has a result: what waited for it alone is ready."""
        self.move(view.id, ItemState.COMPLETE, at)
        view.error, view.finished_at = None, at
        for dependent in self._dependents[view.id]:
            dependent.dependencies_left -= 1
            if not dependent.dependencies_left and dependent.state is ItemState.WAITING:
                self.move(dependent.id, ItemState.READY, at)
