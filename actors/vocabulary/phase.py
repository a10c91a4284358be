"""The phases in which a goal becomes its artifacts."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

from actors.journal.recorded import Recorded


class Phase(StrEnum):
    """One after the other, in this order; each begins when every item of the one before is complete."""

    PROMPT_TO_SPEC = "prompt_to_spec"
    SPEC_TO_FULL_SPEC = "spec_to_full_spec"
    FULL_SPEC_TO_PLAN = "full_spec_to_plan"
    PLAN_TO_ARTIFACTS = "plan_to_artifacts"
    COMPLETE = "complete"
    """Nothing is left to do; no item has it."""


ORDER = tuple(Phase)

WORK = ORDER[:-1]
"""Those that items have."""


def first(phases: Iterable[Phase | None]) -> Phase | None:
    """The earliest; None if there is none."""
    return min((phase for phase in phases if phase is not None), key=ORDER.index, default=None)


class PhaseChanged(Recorded):
    """Every item of a phase is complete, and the next one has begun."""

    type: Literal["phase_changed"] = "phase_changed"
    before: Phase
    after: Phase
    term: int
