"""What is asked of the governor and what it gives: values that cross processes as plain tuples."""

from typing import NamedTuple

from actors.work import Usage


class Amounts(NamedTuple):
    """What calls take from the three limits of a model."""

    requests: float
    input_tokens: float
    output_tokens: float

    def less(self, other: "Amounts") -> "Amounts":
        """The difference, limit by limit."""
        return Amounts(
            self.requests - other.requests,
            self.input_tokens - other.input_tokens,
            self.output_tokens - other.output_tokens,
        )


NOTHING = Amounts(0, 0, 0)


def counted(usage: Usage) -> Amounts:
    """What a call of this usage took: tokens read from a cache do not count against the limit of input tokens."""
    return Amounts(1, usage.input_tokens + usage.cache_write_tokens, usage.output_tokens)


class Need(NamedTuple):
    """One call that waits for its permit."""

    id: str
    """Unique for ever; the permit has it too, so asking twice is asking once."""
    agent: str
    generation: int
    model: str
    run: str
    priority: float
    """Higher first among the calls of a run: the items on the longest path from this one to the end."""
    characters: int
    """Of everything that is sent."""
    max_tokens: int
    prefix: str = ""
    """Names what the API is to keep of it for others, if anything."""


class Marks(NamedTuple):
    """Where a model's counters stood when a permit was granted."""

    charged: Amounts
    """Right after this grant."""
    given: Amounts
    """Before the calls that may arrive at the server later than this one."""


class Permit(NamedTuple):
    """The right to make one call, until it is settled or its generation is gone."""

    need: Need
    reserved: Amounts
    granted_at: float
    marks: Marks | None
    """None if an earlier governor granted it."""
    leads: bool = False
    """Others wait until its answer begins."""


class Window(NamedTuple):
    """What a reply told of one limit."""

    limit: float
    """Per minute."""
    remaining: float
    grain: float = 0.0
    """`remaining` is told in multiples of this; 0: as it is."""


class Told(NamedTuple):
    """What a reply told of the model's limits; None where it said nothing."""

    requests: Window | None = None
    input_tokens: Window | None = None
    output_tokens: Window | None = None
