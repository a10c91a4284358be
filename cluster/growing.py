"""The items of a run that grow it: what is read for them, what is added for them, how they end. Pure."""

from collections.abc import Sequence

from actors.errors import GrowthRefused
from actors.events import ItemsAdded
from actors.limits import Limits
from actors.roles.prompt import VERSIONS
from actors.work import Content, Failure, FailureKind, Item
from cluster import foreach
from cluster.commands import Append, Fetch, Fetched
from cluster.facts import Facts
from cluster.foreach import Growth
from cluster.graph import WorkGraph
from cluster.ledger import Ledger
from cluster.placement import Placement

GROWTH_BYTES = 4 * 1024 * 1024
"""Of the items that are added at once, as JSON: as much as a plan may have."""


class Growing:
    """Which items are due to grow, or to be joined; the graph, the ledger and the placement grow with them."""

    def __init__(self, graph: WorkGraph, ledger: Ledger, placement: Placement, facts: Facts) -> None:
        self.limits = Limits()
        self._graph, self._ledger, self._placement, self._facts = graph, ledger, placement, facts
        self._children: dict[str, tuple[str, ...]] = {}
        self._added = 0
        self._due: dict[str, bool] = {}
        """Ready items that no agent gets, and whether their texts were asked for."""

    def due(self, item: str) -> bool:
        """The item is ready; whether it is one that grows, and no agent's."""
        if self._graph.by_id[item].foreach is None:
            return False
        self._due[item] = False
        return True

    def forget(self, item: str) -> None:
        """The item is terminal."""
        self._due.pop(item, None)

    def restart(self) -> None:
        """Another driver: what was asked for is not on its way any more."""
        self._due = dict.fromkeys(self._due, False)

    def fetches(self) -> list[Fetch]:
        """What is to be read now."""
        wanted = [item for item, asked in self._due.items() if not asked]
        self._due.update(dict.fromkeys(wanted, True))
        return [Fetch(item, self._contents(item)) for item in wanted]

    def _contents(self, item: str) -> tuple[Content, ...]:
        over = self._graph.by_id[item].foreach
        assert over is not None
        names = self._children.get(item, (over.item,))
        return tuple(self._ledger.results[name] for name in names)

    def next(self, fetched: Fetched) -> Append | None:
        """The fact that follows from the texts; None if the item does not wait for them any more."""
        if not self._due.get(fetched.item):
            return None
        item = self._graph.by_id[fetched.item]
        try:
            if fetched.problem:
                raise GrowthRefused(fetched.problem)
            if item.id in self._children:
                return self._joined(item, fetched.texts)
            growth = self._admitted(item, foreach.for_each(item, self._entries(item, fetched.texts[0])))
        except GrowthRefused as refusal:
            return self._facts.failed(item.id, 0, Failure(reason=FailureKind.BAD_REQUEST, message=str(refusal)))
        return self._facts.added(item.id, growth) if growth.items else self._joined(item, ())

    def _entries(self, item: Item, text: str) -> list[object]:
        found = foreach.entries(item, text)
        if len(found) > self.limits.fan_out:
            raise GrowthRefused(
                f"the list has {len(found)} entries, and one item may add {self.limits.fan_out}; "
                f"shorten the list, or raise fan_out in the plan's limits"
            )
        return found

    def _joined(self, item: Item, texts: Sequence[str]) -> Append:
        model, prompt = self._placement.model_of(item.id), VERSIONS[item.agent]
        return self._facts.joined(item.id, model, prompt, foreach.joined(item, texts))

    def _admitted(self, item: Item, growth: Growth) -> Growth:
        """The growth, if it is within the caps. Raises GrowthRefused."""
        items, limits = growth.items, self.limits
        if self._added + len(items) > limits.items:
            raise GrowthRefused(
                f"{len(items)} items would be added to the {self._added} that the run was given so far, "
                f"and {limits.items} is the most; raise items in the plan's limits"
            )
        if items and self._depth(item.id) >= limits.depth:
            raise GrowthRefused(
                f"{item.id} is {self._depth(item.id)} deep, and {limits.depth} is the most; "
                f"raise depth in the plan's limits"
            )
        if (size := sum(len(one.model_dump_json()) for one in items)) > GROWTH_BYTES:
            raise GrowthRefused(f"the items to add have {size} bytes, and {GROWTH_BYTES} is the most; shorten the item")
        if taken := [one.id for one in items if one.id in self._graph.by_id]:
            raise GrowthRefused(f"the run has an item {taken[0]!r} already; rename it")
        return growth

    def _depth(self, item: str) -> int:
        """Items above this one."""
        depth, parent = 0, self._graph.by_id[item].parent
        while parent is not None:
            depth, parent = depth + 1, self._graph.by_id[parent].parent
        return depth

    def grow(self, event: ItemsAdded) -> list[str]:
        """The items are on disk; those that have all they need."""
        self._due.pop(event.item, None)
        self._children[event.item] = tuple(item.id for item in event.items)
        self._added += len(event.items)
        self._graph.add(event.item, event.items)
        self._placement.add(event.items)
        return self._ledger.grow(event.item, event.items)

    def below(self, item: str) -> list[str]:
        """What was added for the item, and for that."""
        found = [item]
        for id_ in found:  # grows while it is walked
            found += self._children.get(id_, ())
        return found[1:]
