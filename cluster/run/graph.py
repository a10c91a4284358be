"""The work graph: items and who waits for whom. Valid when it exists, linear to build, no recursion at any depth."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from actors.errors import PlanRefused
from actors.work import Item
from cluster.run.siblings import Siblings

Dependencies = Mapping[str, Sequence[str]]
"""Item id -> ids it waits for. Every id named is also a key."""


def cycles(dependencies: Dependencies) -> Iterator[tuple[str, ...]]:
    """Cycles as (a, b, a), a waits for b; at least one for each group of items that wait for each other."""
    told: set[str] = set()
    finished: set[str] = set()
    for start in dependencies:
        path: dict[str, Iterator[str]] = {} if start in finished else {start: iter(dependencies[start])}
        while path:
            here = next(reversed(path))
            following = next(path[here], None)
            if following is None:
                finished.add(here)
                path.popitem()
            elif following in path:
                if following not in told and here not in told:
                    cycle = _closed(tuple(path), following)
                    told.update(cycle)
                    yield cycle
            elif following not in finished:
                path[following] = iter(dependencies[following])


def _closed(path: tuple[str, ...], back_to: str) -> tuple[str, ...]:
    return (*path[path.index(back_to) :], back_to)


@dataclass(frozen=True)
class WorkGraph:
    """An acyclic graph of items, which may grow. Raises PlanRefused for doubled ids, unknown dependencies, cycles."""

    items: tuple[Item, ...]
    """Of the plan; `by_id` has those as well that were added."""
    by_id: Mapping[str, Item] = field(init=False, repr=False, compare=False)
    dependents: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    """Ids that wait for an item, in the order of the plan."""
    dependency_counts: Mapping[str, int] = field(init=False, repr=False, compare=False)
    order: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Every item after its dependencies."""
    height: Mapping[str, int] = field(init=False, repr=False, compare=False)
    """Items on the longest path from an item to the end, itself included. The higher, the earlier it should start."""

    siblings: Siblings = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_id = {item.id: item for item in self.items}
        if len(by_id) < len(self.items):
            raise PlanRefused("two items of the graph have the same id; ids must be unique")
        dependents = _dependents(self.items)
        counts = {item.id: len(item.dependencies) for item in self.items}
        order = _order(dependents, counts)
        if len(order) < len(by_id):
            raise PlanRefused("items of the graph wait for each other in a cycle; remove one of the dependencies")
        found = {"by_id": by_id, "dependents": dependents, "dependency_counts": counts, "order": order}
        for name, value in {**found, "height": _height(order, dependents), "siblings": Siblings(self.items)}.items():
            object.__setattr__(self, name, value)

    def add(self, parent: str, items: Iterable[Item], *, joined: bool) -> None:
        """Items, each after its dependencies; if they are `joined`, the parent depends on them. Linear in them."""
        new = tuple(items)
        self.siblings.add(new)
        by_id, dependents, counts, height = (
            cast(dict[str, Any], found) for found in (self.by_id, self.dependents, self.dependency_counts, self.height)
        )
        waits = by_id[parent]
        if joined:
            names = (*waits.dependencies, *(item.id for item in new))
            by_id[parent] = waits.model_copy(update={"dependencies": names})
            counts[parent] += len(new)
        for item in new:
            by_id[item.id], counts[item.id] = item, len(item.dependencies)
            dependents[item.id] = (parent,) if joined else ()
            for name in item.dependencies:
                dependents[name] = (*dependents[name], item.id)
        for item in reversed(new):
            height[item.id] = 1 + max((height[name] for name in dependents[item.id]), default=height[parent])

    def layers(self) -> tuple[tuple[str, ...], ...]:
        """Ids by the longest path from a root; an item's dependencies are all in earlier layers."""
        depth: dict[str, int] = {}
        for item_id in self.order:
            depth[item_id] = 1 + max((depth[name] for name in self.by_id[item_id].dependencies), default=-1)
        found: list[list[str]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
        for item in self.items:
            found[depth[item.id]].append(item.id)
        return tuple(tuple(layer) for layer in found)

    def critical_path(self) -> tuple[str, ...]:
        """One longest path from a root to the end; the first in the order of the plan where several are as long."""
        path: list[str] = []
        candidates: Iterable[str] = self.by_id
        while highest := max(candidates, key=self.height.__getitem__, default=None):
            path.append(highest)
            candidates = self.dependents[highest]
        return tuple(path)


def _dependents(items: tuple[Item, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {item.id: [] for item in items}
    for item in items:
        if len(set(item.dependencies)) < len(item.dependencies):
            raise PlanRefused(f"item {item.id!r} names a dependency twice; name it once")
        for name in item.dependencies:
            if name not in found:
                raise PlanRefused(f"item {item.id!r} depends on {name!r}, which is not in the graph; add it")
            found[name].append(item.id)
    return {name: tuple(ids) for name, ids in found.items()}


def _order(dependents: Mapping[str, tuple[str, ...]], counts: Mapping[str, int]) -> tuple[str, ...]:
    missing = dict(counts)
    order = [name for name, count in missing.items() if count == 0]
    for name in order:  # grows while it is walked
        for dependent in dependents[name]:
            missing[dependent] -= 1
            if missing[dependent] == 0:
                order.append(dependent)
    return tuple(order)


def _height(order: tuple[str, ...], dependents: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    height: dict[str, int] = {}
    for name in reversed(order):
        height[name] = 1 + max((height[dependent] for dependent in dependents[name]), default=0)
    return height
