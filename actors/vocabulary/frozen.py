"""What every value is that crosses a process."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that crosses a process: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
