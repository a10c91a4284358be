"""Every number somebody may want to change, read once into frozen objects. Units are in the names."""

from pathlib import Path

from pydantic import Field

from actors.models.script import Script
from actors.work import Frozen


class ModelSettings(Frozen):
    """How models are reached. Holds no key: each agent reads the key itself, at its first call."""

    base_url: str | None = None
    """Of a Messages-compatible API; None means the SDK's own."""
    max_tokens: int = Field(default=4096, ge=1)
    deadline_base_s: float = Field(default=60.0, gt=0)
    """Overall deadline of one call is base + per_token * max_tokens."""
    deadline_per_token_s: float = Field(default=0.05, ge=0)
    local_context_tokens: int = Field(default=4096, ge=512)
    local_threads: int = Field(default=0, ge=0)
    """0 means one fewer than the cores: a thread that has to wait for its core makes all others of the model wait."""
    script: Script = Script()
    """What the scripted model does."""
    local_max_tokens: int = Field(default=256, ge=16)
    """Longest text of the local model, which may not stop by itself; an answer with a schema may be twice as long."""


class FleetSettings(Frozen):
    """The shape of a fleet."""

    executors: int = Field(default=2, ge=1, le=64)
    concurrency: int = Field(default=16, ge=1, le=1000)
    """Items that one agent works on at once."""
    agent_start_timeout_s: float = Field(default=60.0, gt=0)


class Settings(Frozen):
    """Everything a fleet is started with."""

    home: Path
    model: str | None = None
    fleet: FleetSettings = FleetSettings()
    models: ModelSettings = ModelSettings()
