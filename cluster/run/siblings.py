"""Which items of a run are given the same texts: their prompts begin alike, and the API keeps that beginning once."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from actors.vocabulary.contents import NOTHING_SHARED, Shared
from actors.work import Item


class Siblings:
    """Counts items that could share a prompt's beginning: same role, model and tools, same dependencies."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._groups: Counter[Any] = Counter()
        self._inputs: Counter[Any] = Counter()
        self.add(items)

    def add(self, items: Iterable[Item]) -> None:
        """The run grew by these."""
        for item in items:
            group = _group(item)
            self._groups[group] += 1
            self._inputs.update((group, name, content) for name, content in item.inputs.items())

    def of(self, item: Item) -> Shared:
        """What it and the most of its siblings are given alike; nothing if it has none."""
        group = _group(item)
        alike = self._groups[group] if item.dependencies else 0
        inputs = {name: self._inputs[group, name, content] for name, content in item.inputs.items()}
        most = max((alike, *inputs.values()))
        if most < 2:
            return NOTHING_SHARED
        return Shared(inputs=tuple(name for name, count in inputs.items() if count == most), results=alike == most)


def _group(item: Item) -> Any:
    return item.agent, item.model, item.tools, item.dependencies
