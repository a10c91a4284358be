"""What follows from a failed attempt: one table, for run states, agents, the health monitor and the docs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from actors.work import FailureKind

ATTEMPTS: Final = 3
"""Charged attempts that an item gets at most, over its whole run, whatever they failed of."""

REQUEUES: Final = 10
"""Times that an item is put back uncharged for failures of its model, before the last of them is its end."""


class Charged(StrEnum):
    """Whose fault it is."""

    NOBODY = "nobody"
    MODEL = "model"
    ITEM = "item"
    AGENT = "agent"


class Class(NamedTuple):
    """One class of failures."""

    charged: Charged
    attempts: int
    """Charged attempts that an item gets if it fails so; 1 makes the first its last, 0 charges none."""
    response: str
    """What happens, for people."""
    agent_fault: bool = False
    """Whether the health monitor counts it against the agent."""
    breaks_model: bool = False
    """Whether the health monitor counts it against the model."""
    requeues: int | None = 0
    """Times that an item is put back uncharged; None: as often as it takes."""
    pauses: bool = False
    """Whether the run is paused, with the kind as its reason, until a person continues it."""


_TRANSIENT = Class(
    Charged.MODEL,
    0,
    f"tried again in the attempt, then put back, at most {REQUEUES} times, then failed; "
    "where it goes on, the model is unavailable and its items wait",
    breaks_model=True,
    requeues=REQUEUES,
)

CLASSES: Final[Mapping[FailureKind, Class]] = {
    FailureKind.RATE_LIMITED: _TRANSIENT,
    FailureKind.OVERLOADED: _TRANSIENT,
    FailureKind.QUOTA: Class(
        Charged.NOBODY, 0, "put back; the run is paused until `mnemosyne continue`", requeues=None, pauses=True
    ),
    FailureKind.CREDENTIALS: Class(
        Charged.NOBODY, 0, "put back; the run is paused until `mnemosyne continue`", requeues=None, pauses=True
    ),
    FailureKind.BUDGET: Class(
        Charged.NOBODY, 0, "put back; the run is paused if its budget has no room for it", requeues=None
    ),
    FailureKind.TRANSIENT: _TRANSIENT,
    FailureKind.NO_MODEL: Class(
        Charged.NOBODY, 0, "put back until there is such a model", breaks_model=True, requeues=None
    ),
    FailureKind.CONTEXT_TOO_LONG: Class(
        Charged.ITEM,
        1,
        "skills and memories are left out and results of tools shortened, once; then failed with the counts",
    ),
    FailureKind.BAD_REQUEST: Class(Charged.ITEM, 1, "failed: the same request would be refused again"),
    FailureKind.REFUSAL: Class(Charged.ITEM, 1, "failed with what the model said"),
    FailureKind.CUT_OFF: Class(
        Charged.ITEM,
        1,
        "asked once more with four times the limit, then failed; "
        "plain text that was cut off is a result, marked truncated",
    ),
    FailureKind.INVALID_ANSWER: Class(
        Charged.ITEM, ATTEMPTS, f"asked again with the mistakes, at most {ATTEMPTS} attempts"
    ),
    FailureKind.TIMEOUT: Class(
        Charged.ITEM, ATTEMPTS, f"cancelled, if need be with its process; at most {ATTEMPTS} attempts"
    ),
    FailureKind.AGENT_FAULT: Class(
        Charged.AGENT,
        ATTEMPTS,
        f"another attempt, by another agent if there is one, at most {ATTEMPTS}; the agent's faults are counted",
        agent_fault=True,
    ),
}
"""Every kind has its row. An attempt that is lost is nobody's and always put back."""


def is_charged(kind: FailureKind) -> bool:
    """Whether a failure of this kind uses up one of the item's attempts."""
    return CLASSES[kind].attempts > 0


def is_final(kind: FailureKind, attempts: int, requeues: int) -> bool:
    """Whether an item that failed so is at its end.

    `attempts`: its charged attempts, `requeues`: how often it was put back for failures with a bound; both with this.
    """
    row = CLASSES[kind]
    if row.attempts:
        return attempts >= min(row.attempts, ATTEMPTS)
    return row.requeues is not None and requeues > row.requeues


def has_answered(kind: FailureKind) -> bool:
    """Whether such a failure shows that the model can be had."""
    return CLASSES[kind].charged is Charged.ITEM and kind is not FailureKind.TIMEOUT
