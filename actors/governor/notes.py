"""What an agent and the governor say to each other: many calls in one message, each message safe to repeat."""

from typing import NamedTuple

from actors.governor.needs import Amounts, Need, Told


class Settlement(NamedTuple):
    """The end of a call."""

    model: str
    id: str
    took: Amounts | None
    """None: nobody knows."""
    told: Told | None = None
    refused: bool = False
    """With 429 or 529."""
    retry_after_s: float | None = None


class Note(NamedTuple):
    """From an agent: what is new since its last note, or everything."""

    boot: str
    """Of the governor that it believes it speaks to."""
    needs: tuple[Need, ...] = ()
    withdrawn: tuple[Need, ...] = ()
    settled: tuple[Settlement, ...] = ()
    began: tuple[Need, ...] = ()
    """Calls that lead, and whose answers have begun."""
    waits: bool = False
    """Whether the answer may take its time until there is a grant."""
    whole: bool = False
    """`needs` are all that wait, and the two below are told."""
    held: tuple[Need, ...] = ()
    limits: tuple[tuple[str, Told], ...] = ()
    """Of the models, as last told."""


class Answer(NamedTuple):
    """From the governor."""

    boot: str
    """Another one for every process of the governor."""
    granted: tuple[str, ...] = ()
    leads: frozenset[str] = frozenset()
    """Those of the granted ones whose beginning is waited for; see actors/governor/leaders.py."""
    unknown: bool = False
    """It does not know this agent: the note was not taken, and a whole one is asked for."""
