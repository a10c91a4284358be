"""Whether a run may grow by some items: the caps on items, fan-out and depth, and the room in its budget. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from actors.errors import GrowthRefused, OverLimit
from actors.vocabulary.limits import Limits
from actors.work import Item
from cluster.plan.names import name_fault
from cluster.run.budget import RunBudget

GROWTH_BYTES = 4 * 1024 * 1024
"""Of the items that are added at once, as JSON: as much as a plan may have."""


class Admission:
    """For one run as it stands now."""

    def __init__(
        self,
        limits: Limits,
        by_id: Mapping[str, Item],
        children: Mapping[str, Sequence[str]],
        added: int,
        budget: RunBudget | None,
    ) -> None:
        """`budget`: None if a person has allowed what it has no room for; each attempt is reserved all the same."""
        self._limits, self._by_id, self._children, self._added, self._budget = limits, by_id, children, added, budget

    def check(self, parent: Item, items: Sequence[Item]) -> None:
        """Raise GrowthRefused, with the counts, unless these may be added for the parent."""
        if not items:
            return
        limits, new = self._limits, len(items)
        self._within(len(self._children.get(parent.id, ())) + new, limits.fan_out, "items for this one item", "fan_out")
        self._within(self._added + new, limits.items, "items beyond the plan", "items")
        self._within(1 + sum(1 for _ in self.above(parent)), limits.depth, "items above each other", "depth")
        size = sum(len(one.model_dump_json()) for one in items)
        if size > GROWTH_BYTES:
            raise GrowthRefused(f"the items to add have {size} bytes, and {GROWTH_BYTES} is the most; shorten them")
        for one in items:
            if fault := name_fault(one.id):
                raise GrowthRefused("; ".join(fault))
            if one.id in self._by_id:
                raise GrowthRefused(f"the run has an item {one.id!r} already; name it otherwise")

    def _within(self, wanted: int, most: int, what: str, name: str) -> None:
        if wanted > most:
            raise OverLimit(f"there would be {wanted} {what}, and {most} is the most ({name} in the plan's limits)")

    def check_budget(self, items: Sequence[Item]) -> None:
        """Raise OverLimit unless the budget has room for an attempt of each."""
        if self._budget and not self._budget.affords(items):
            raise OverLimit(f"what is left of the run's budget is too little for {len(items)} more items")

    def above(self, item: Item) -> Iterator[Item]:
        """The items that it was added for, the nearest first."""
        while item.parent is not None:
            item = self._by_id[item.parent]
            yield item
