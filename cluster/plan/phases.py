"""The phases of a plan: all items have one or none has, none is left out, and each is fed by the one before."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from actors.vocabulary.phase import ORDER, WORK, Phase, first
from actors.work import Item
from cluster.plan.caps import Caps
from cluster.plan.draft import Draft
from cluster.plan.mistakes import quote
from cluster.plan.spot import Spot

PHASES = [phase.value for phase in WORK]


def read_phase(spot: Spot) -> Phase | None:
    """A phase that an item can have."""
    name = spot.text({})
    if name is None or name in PHASES:
        return None if name is None else Phase(name)
    spot.unknown("no phase", name, PHASES, f"phases are {', '.join(PHASES)}")
    return None


def check_phases(drafts: Sequence[Draft]) -> None:
    """Add every mistake with phases between items."""
    known = {draft.id: draft.item for draft in drafts if draft.item is not None}
    used = {item.phase for item in known.values()} - {None}
    if not used:
        return
    seen = {first(used), None}
    for draft in drafts:
        if draft.item is None:
            continue
        if (phase := draft.item.phase) is None:
            draft.spot.wrong(
                f"{quote(draft.item.id)} has no phase, and others have one", f"add phase: {_nearest(used)}"
            )
            continue
        if phase not in seen:
            seen.add(phase)
            _check_before(draft.spot, phase, used)
        _check_dependencies(draft, phase, known)


def _nearest(used: set[Phase | None]) -> str:
    found = first(used)
    assert found
    return found.value


def _check_before(spot: Spot, phase: Phase, used: set[Phase | None]) -> None:
    """The phase before is there. `spot`: the first item of the phase, which is not where the plan begins."""
    before = ORDER[ORDER.index(phase) - 1]
    if before not in used:
        told = f"no item has the phase before {phase.value}"
        spot.wrong(told, f"add one with phase: {before.value}; none is left out")


def _check_dependencies(draft: Draft, phase: Phase, known: dict[str | None, Item]) -> None:
    for name, spot in draft.dependencies.items():
        other = known.get(name)
        if other and other.phase and ORDER.index(other.phase) > ORDER.index(phase):
            told = f"{quote(name)} is of {other.phase.value}, a later phase than {phase.value}"
            spot.wrong(told, "remove the dependency, or give one of them another phase")


def layered(items: tuple[Item, ...], spot: Spot, caps: Caps) -> tuple[Item, ...]:
    """Every phase as a layer: the items that begin it depend on those that end the one before, and get their results.

    `spot`: the list of items, which is wrong if these are too many dependencies.
    """
    of: dict[Phase | None, dict[str, Item]] = {
        phase: {item.id: item for item in items if item.phase is phase} for phase in WORK
    }
    more: dict[Phase | None, list[str]] = {phase: _ends(of[before]) for before, phase in pairwise(WORK)}
    begin = {
        item.id: more[item.phase]
        for item in items
        if item.phase in more and of[item.phase].keys().isdisjoint(item.dependencies)
    }
    edges = sum(len(item.dependencies) + len(begin.get(item.id, ())) for item in items)
    if edges > caps.edges:
        cure = f"at most {caps.edges} in one plan; let one item end a phase"
        spot.wrong(f"with those between its phases the plan has {edges} dependencies", cure)
        return items
    return tuple(_after(item, begin.get(item.id, ())) for item in items)


def _ends(phase: Mapping[str, Item]) -> list[str]:
    return sorted(phase.keys() - {name for item in phase.values() for name in item.dependencies})


def _after(item: Item, names: Sequence[str]) -> Item:
    new = tuple(name for name in names if name not in item.dependencies)
    return item.model_copy(update={"dependencies": (*item.dependencies, *new)}) if new else item
