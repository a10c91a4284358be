"""The phases of one run: where it is, and what is next. Pure. A missing key is an illegal transition.

`docs/states.md` is drawn from the table.
"""

from collections import Counter
from typing import Final

from actors.vocabulary.phase import Phase, PhaseChanged, first
from cluster.run.graph import WorkGraph
from cluster.run.transitions import InvalidTransition

DONE: Final = "items_complete"

PHASE: Final[dict[tuple[Phase, str], Phase]] = {
    (Phase.PROMPT_TO_SPEC, DONE): Phase.SPEC_TO_FULL_SPEC,
    (Phase.SPEC_TO_FULL_SPEC, DONE): Phase.FULL_SPEC_TO_PLAN,
    (Phase.FULL_SPEC_TO_PLAN, DONE): Phase.PLAN_TO_ARTIFACTS,
    (Phase.PLAN_TO_ARTIFACTS, DONE): Phase.COMPLETE,
}
"""The next step only: none is left out, and there is no way back."""


def phase_after(phase: Phase | None, event: str = DONE) -> Phase:
    """The next phase. Raises InvalidTransition."""
    try:
        return PHASE[phase, event]  # type: ignore[index]
    except KeyError:
        told = f"in the phase {phase.value}" if phase else "without phases"
        raise InvalidTransition(f"a run {told} cannot take {event}") from None


class Phases:
    """Of one run. What it grows by belongs to the item that it was added for, which is complete after it."""

    def __init__(self, graph: WorkGraph) -> None:
        self._of = {item.id: item.phase for item in graph.items if item.phase}
        self._left = Counter(self._of.values())
        self._coming = False
        self.now = first(self._left)
        """None in a run without phases."""

    def restart(self) -> None:
        """Another driver: what was about to be said is not on its way any more."""
        self._coming = False

    def complete(self, item: str) -> None:
        """The item has its result."""
        if phase := self._of.pop(item, None):
            self._left[phase] -= 1

    def changed(self, event: PhaseChanged) -> None:
        """The next phase has begun. Raises InvalidTransition, and changes nothing, if it is not the next one."""
        after = phase_after(self.now)
        if (event.before, event.after) != (self.now, after):
            raise InvalidTransition(f"after {self.now} comes {after}, not {event.after.value}")
        self.now, self._coming = after, False

    def due(self, run: str, term: int) -> PhaseChanged | None:
        """The fact that is owed: every item of the phase is complete, and there is a next one."""
        if self._coming or self.now in (None, Phase.COMPLETE) or self._left[self.now]:
            return None
        after = phase_after(self.now)
        if after is not Phase.COMPLETE and after not in self._left:
            return None  # the plan ends here
        self._coming = True
        return PhaseChanged(run=run, before=self.now, after=after, term=term)
