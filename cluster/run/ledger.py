"""Where every item of a run stands, and the results that are still needed."""

from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence

from actors.work import TERMINAL, Content, Item, ItemState
from cluster.run.graph import WorkGraph
from cluster.run.item_view import ItemView
from cluster.run.rounds import rounds_of
from cluster.run.transitions import item_after

NAMED = 3
"""Items that a reason names."""


class Ledger:
    """The items' views, and what follows from one for the next; the graph is never rescanned."""

    def __init__(self, graph: WorkGraph) -> None:
        self.graph = graph
        self.views = {
            item.id: ItemView(len(item.dependencies), len(graph.dependents[item.id]), rounds_of(item))
            for item in graph.items
        }
        self.counts: Counter[ItemState] = Counter({ItemState.WAITING: len(self.views)})
        self.results: dict[str, Content] = {}
        """Data of complete items that an unfinished item depends on."""

    @property
    def over(self) -> bool:
        """Whether every item is terminal."""
        return sum(self.counts[state] for state in TERMINAL) == len(self.views)

    def tally(self) -> Mapping[str, int]:
        """Items by state; adds up to the number of items."""
        return {state.value: self.counts[state] for state in ItemState}

    def move(self, item: str, event: str, told: str = "") -> ItemView:
        """The item's next state. Raises InvalidTransition, and changes nothing, if the event does not fit."""
        view = self.views[item]
        after = item_after(item, view.state, event, view.story)
        if told:
            view.story.append(told)
        if after is not view.state:
            self.counts[view.state] -= 1
            self.counts[after] += 1
            view.state = after
        return view

    def grow(self, parent: str, items: Sequence[Item], *, joined: bool) -> list[str]:
        """The graph has these, and the parent depends on them if they are `joined`; those that have all they need."""
        for item in items:
            self.views[item.id] = ItemView(0, len(self.graph.dependents[item.id]), rounds_of(item))
        self.counts[ItemState.WAITING] += len(items)
        self.views[parent].left += len(items) if joined else 0
        for item in items:
            for name in item.dependencies:
                self.views[item.id].left += self.views[name].state is not ItemState.COMPLETE
        new = {item.id for item in items}
        for name in (name for item in items for name in item.dependencies if name not in new):
            self.views[name].users += 1
        return [item.id for item in items if not self.views[item.id].left]

    def complete(self, item: str, data: Content) -> list[str]:
        """The item has this result; the items that have all they need now."""
        if self.views[item].users:
            self.results[item] = data
        free = []
        for child in self.graph.dependents[item]:
            view = self.views[child]
            view.left -= 1
            if not view.left and view.state is ItemState.WAITING:
                free.append(child)
        self.forget(item)
        return free

    def waiting_below(self, cause: str, known: Collection[str]) -> list[str]:
        """The items that can never run because this one ended without a result, but those that are `known`."""
        found: dict[str, None] = {}
        ahead = deque(self.graph.dependents[cause])
        while ahead:
            id_ = ahead.popleft()
            if self.views[id_].state is ItemState.WAITING and id_ not in known and id_ not in found:
                found[id_] = None
                ahead.extend(self.graph.dependents[id_])
        return list(found)

    def people(self) -> list[str]:
        """What people are waited for, as a reason."""
        if not self.counts[ItemState.BLOCKED]:
            return []
        names = [id_ for id_, view in self.views.items() if view.state is ItemState.BLOCKED]
        told = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        return [f"a person is asked about {told}"]

    def forget(self, item: str) -> None:
        """The item is terminal: let go of results that no unfinished item depends on any more."""
        for parent in self.graph.by_id[item].dependencies:
            view = self.views[parent]
            view.users -= 1
            if not view.users:
                self.results.pop(parent, None)
