"""What calls of models took."""

from actors.vocabulary.frozen import Frozen


class Usage(Frozen):
    """Tokens of one or more model calls."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
        )

    @property
    def total(self) -> int:
        """Of all kinds."""
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens


class Effort(Frozen):
    """What the answers of an attempt took beside tokens."""

    calls: int = 0
    """To a model, with those that failed."""
    retries: int = 0
    """Calls that were made again because the one before failed."""
    permit_s: float = 0.0
    """Seconds of waiting for permits; this and the next do not count to the item's timeout."""
    limit_s: float = 0.0
    """Seconds of waiting because the API was overloaded or asked for a slower pace."""
    backoff_s: float = 0.0
    """Seconds of waiting before calls that were made again after other failures."""

    def __add__(self, other: "Effort") -> "Effort":
        return Effort(**{name: getattr(self, name) + getattr(other, name) for name in Effort.model_fields})
