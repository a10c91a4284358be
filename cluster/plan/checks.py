"""What must hold between the items of a plan: unique ids, known dependencies, no cycle, within the caps."""

import unicodedata

from actors.work import Item
from cluster.plan.caps import Caps
from cluster.plan.draft import Draft
from cluster.plan.items import ItemReader
from cluster.plan.mistakes import quote
from cluster.plan.phases import check_phases
from cluster.plan.spot import Spot
from cluster.run.graph import cycles

_SHOWN = 10
"""Items of a cycle that a message names."""


def read_items(spot: Spot, reader: ItemReader, caps: Caps) -> tuple[Item, ...]:
    """Those of a list that have no mistake of their own; what is wrong with them, or between them, is told."""
    entries = spot.listing("items")
    if entries is not None and not entries:
        spot.wrong("the plan has no items", "add one with id and description")
    if entries is not None and len(entries) > caps.items:
        spot.wrong(f"{len(entries)} items are too many", f"at most {caps.items} in one plan; split it")
        return ()
    drafts = [reader.read(entry) for entry in entries or ()]
    check_items(drafts, caps)
    return tuple(draft.item for draft in drafts if draft.item is not None)


def check_items(drafts: list[Draft], caps: Caps) -> None:
    """Add every mistake between items."""
    by_id = _unique(drafts)
    _check_edges(drafts, caps)
    _check_dependencies(drafts, by_id)
    _check_cycles(by_id)
    _check_loops(drafts, by_id)
    check_phases(drafts)


def _unique(drafts: list[Draft]) -> dict[str, Draft]:
    by_id: dict[str, Draft] = {}
    by_file: dict[str, str] = {}
    for draft in drafts:
        if draft.id is None:
            continue
        # File systems that ignore case or compose accents would put both results into one file.
        file = unicodedata.normalize("NFC", draft.id).casefold()
        if draft.id in by_id:
            first = by_id[draft.id].id_spot.line
            draft.id_spot.wrong(f"the id {quote(draft.id)} is there twice", f"rename one; the first is on line {first}")
        elif file in by_file:
            other = f"{quote(draft.id)} and {quote(by_file[file])} differ only in case"
            draft.id_spot.wrong(other, "rename one; their results could not be told apart everywhere")
        by_id.setdefault(draft.id, draft)
        by_file.setdefault(file, draft.id)
    return by_id


def _check_edges(drafts: list[Draft], caps: Caps) -> None:
    edges = 0
    for draft in drafts:
        edges += len(draft.dependencies)
        if edges > caps.edges:
            cure = f"at most {caps.edges} in one plan; let an item in between gather results"
            draft.spot.wrong("too many dependencies in the plan", cure)
            return


def _check_dependencies(drafts: list[Draft], by_id: dict[str, Draft]) -> None:
    for draft in drafts:
        for name, spot in draft.dependencies.items():
            if name == draft.id:
                spot.wrong(f"{quote(name)} depends on itself", "remove it from its own dependencies")
            elif name not in by_id:
                spot.unknown("no item", name, by_id, "add the item, or remove the dependency")


def _check_cycles(by_id: dict[str, Draft]) -> None:
    known = {
        id_: [name for name in draft.dependencies if name in by_id and name != id_] for id_, draft in by_id.items()
    }
    for cycle in cycles(known):
        start = cycle.index(min(cycle, key=lambda id_: by_id[id_].spot.line))
        turned = (*cycle[start:-1], *cycle[:start], cycle[start]) if start else cycle
        shown = turned if len(turned) <= _SHOWN else (*turned[: _SHOWN - 2], "...", turned[-1])
        path = " -> ".join(name if name == "..." else quote(name)[1:-1] for name in shown)
        spot = by_id[turned[0]].dependencies[turned[1]]
        spot.wrong(f"cycle of {len(cycle) - 1} items: {path}", "remove one of these dependencies")


def _check_loops(drafts: list[Draft], by_id: dict[str, Draft]) -> None:
    """No item has an id that one gets which is added for an entry of a list."""
    for draft in drafts:
        name, bracket, _ = (draft.id or "").rpartition("[")
        if bracket and name in by_id and (item := by_id[name].item) and item.foreach:
            draft.id_spot.wrong(f"{quote(draft.id or '')} may be the id of an item of {quote(name)}", "rename one")
