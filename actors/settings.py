"""Every number somebody may want to change, read once into frozen objects. Units are in the names."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import ConfigDict, Field, RootModel, model_validator

from actors.models.script import Script
from actors.models.windows import LOCAL, window_of
from actors.work import Frozen, Role, agent_id

POOL_MAX = 64
"""Agents of one role at most."""


class PatienceSettings(Frozen):
    """How long a call is tried again before its failure is the attempt's."""

    tries: int = Field(default=4, ge=1, le=100)
    """Of a call that fails for a moment: server errors, broken connections, answers that do not arrive whole."""
    backoff_base_s: float = Field(default=0.5, ge=0, le=3600)
    backoff_max_s: float = Field(default=8.0, ge=0, le=3600)
    limit_base_s: float = Field(default=1.0, gt=0, le=3600)
    """The first wait of a call that is rate limited or meets an overload, unless the API asks for a longer one."""
    limit_max_s: float = Field(default=30.0, gt=0, le=3600)
    limit_wait_s: float = Field(default=120.0, ge=0, le=86_400)
    """All these waits of one call together; then the model is unavailable, which people see."""


class Ceiling(Frozen):
    """Limits of one model per minute that a person sets; what the API tells can only lower them. 0: no limit."""

    requests: int = Field(default=0, ge=0)
    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)


Window = Annotated[int, Field(ge=512, le=100_000_000)]
"""Tokens that a model's context holds."""


class Windows(RootModel[Mapping[str, Window]]):
    """By model."""

    model_config = ConfigDict(frozen=True)
    root: Mapping[str, Window] = Field(default_factory=dict)


class Ceilings(RootModel[Mapping[str, Ceiling]]):
    """By model."""

    model_config = ConfigDict(frozen=True)
    root: Mapping[str, Ceiling] = Field(default_factory=dict)


class ModelSettings(Frozen):
    """How models are reached. Holds no key: each agent reads the key itself, at its first call."""

    base_url: str | None = None
    """Of a Messages-compatible API; None means the SDK's own."""
    max_tokens: int = Field(default=4096, ge=1)
    deadline_base_s: float = Field(default=60.0, gt=0)
    """Overall deadline of one call is base + per_token * max_tokens."""
    deadline_per_token_s: float = Field(default=0.05, ge=0)
    patience: PatienceSettings = PatienceSettings()
    ceilings: Mapping[str, Ceiling] = Field(default_factory=dict)
    """By model."""
    windows: Mapping[str, Window] = Field(default_factory=dict)
    """Tokens of their contexts, by model, where they are not those of actors/models/windows.py."""
    local_context_tokens: Window = 4096
    local_threads: int = Field(default=0, ge=0)
    """0 means one fewer than the cores: a thread that has to wait for its core makes all others of the model wait."""
    script: Script = Script()
    """What the scripted model does."""
    local_max_tokens: int = Field(default=256, ge=16)
    """Longest text of the local model, which may not stop by itself; an answer with a schema may be twice as long."""

    def window(self, model: str) -> int:
        """Tokens that the model's context holds."""
        return window_of(model, {LOCAL: self.local_context_tokens, **self.windows})


class Pools(Frozen):
    """Agents of each role, one process each."""

    executors: int = Field(default=2, ge=0, le=POOL_MAX)
    reviewers: int = Field(default=1, ge=0, le=POOL_MAX)
    optimizers: int = Field(default=1, ge=0, le=POOL_MAX)
    orchestrators: int = Field(default=1, ge=0, le=POOL_MAX)

    def size(self, role: Role) -> int:
        """Agents of this role."""
        return int(getattr(self, pool_name(role)))

    def agents(self) -> Mapping[str, Role]:
        """Every agent's id and role, the executors first."""
        roles = sorted(Role, key=lambda role: role is not Role.EXECUTOR)
        return {agent_id(role, number): role for role in roles for number in range(self.size(role))}

    def only(self, roles: Collection[Role]) -> Self:
        """Without the other roles."""
        return self.model_copy(update={pool_name(role): 0 for role in Role if role not in roles})


def pool_name(role: Role) -> str:
    """The field of a role's pool."""
    return f"{role}s"


class CommandSettings(Frozen):
    """What a command of an item may use; docs/tools.md says what it may not do."""

    timeout_s: float = Field(default=120.0, gt=0, le=86_400)
    memory_mb: int = Field(default=4096, ge=16)
    """Address space of each of its processes."""
    file_mb: int = Field(default=1024, ge=1)
    """Longest file that it writes."""
    output_mb: int = Field(default=64, ge=1)
    """A command that writes more to its output is ended."""
    readable: tuple[str, ...] = ()
    """Paths beside the system's programs and libraries, with all below."""
    writable: tuple[str, ...] = ()
    """Paths beside the workspace, with all below."""


class FleetSettings(Frozen):
    """The shape of a fleet."""

    pools: Pools = Pools()
    concurrency: int = Field(default=16, ge=1, le=1000)
    """Items that one agent works on at once."""
    agent_start_timeout_s: float = Field(default=60.0, gt=0)
    agent_cpus: float = Field(default=0.0, ge=0, le=1024)
    """What each agent asks Ray for in a job; 0: it always finds room. More, and an autoscaler adds nodes for those that
    find none."""
    node_start_timeout_s: float = Field(default=900.0, gt=0)
    """So long a fleet whose agents ask for CPUs waits for the first of them: it may need a new node."""


class HealthSettings(Frozen):
    """When supervision steps in; docs/reliability.md explains each."""

    window_s: float = Field(default=60.0, gt=0)
    """Faults older than this are not counted any more."""
    degraded_faults: int = Field(default=3, ge=1)
    restart_faults: int = Field(default=5, ge=1)
    restarts: int = Field(default=3, ge=0, le=1000)
    """Restarts within `restarts_window_s`; one more and the agent is failed. The intensity of OTP's supervisor."""
    restarts_window_s: float = Field(default=60.0, gt=0)
    backoff_base_s: float = Field(default=0.5, ge=0, le=3600)
    backoff_max_s: float = Field(default=30.0, ge=0, le=3600)
    stale_tick_s: float = Field(default=10.0, gt=0)
    """An agent that answers, but whose loop has not moved for this long, hangs."""
    silent_s: float = Field(default=15.0, gt=0)
    """An agent that does not answer for this long, while others of its node do, hangs."""
    silent_node_s: float = Field(default=90.0, gt=0)
    """An agent that does not answer for this long hangs, even if nobody of its node answers, or there is nobody else.
    Longer than the 63 s that Ray may take to declare a frozen node dead."""
    slow_answer_s: float = Field(default=5.0, gt=0)
    """Answers later than this are slow. As long as all of a node are slow, it is the machine, and nobody hangs."""
    monitor_late_s: float = Field(default=2.0, gt=0)
    """A round of pings that the monitor itself came to later than this is discarded."""
    overdue_grace_s: float = Field(default=5.0, ge=0)
    """An item this long over its timeout, that could not be cancelled, costs its agent the process."""
    memory_mb: int = Field(default=2048, ge=0)
    """An agent that holds more MiB is restarted; 0: no limit. One process with its items needs about 100."""
    patience_s: float = Field(default=5.0, gt=0)
    """What was asked for and did not happen is asked for again; an end that nobody told of is taken for a crash."""
    heartbeat_s: float = Field(default=30.0, gt=0)
    """So often each idle agent is on record as alive, for people; what hangs is found by pings, much sooner."""
    model_failures: int = Field(default=5, ge=1)
    """Failures of a model in a row that make it unavailable."""
    model_sources: int = Field(default=2, ge=1)
    """Of at least so many different items or agents."""
    model_backoff_base_s: float = Field(default=1.0, ge=0, le=3600)
    model_backoff_max_s: float = Field(default=60.0, ge=0, le=3600)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.degraded_faults > self.restart_faults:
            raise ValueError("degraded_faults must not be over restart_faults")
        if self.slow_answer_s >= self.silent_s:
            raise ValueError("slow_answer_s must be under silent_s")
        if self.silent_node_s < self.silent_s:
            raise ValueError("silent_node_s must not be under silent_s")
        return self


class Settings(Frozen):
    """Everything a fleet is started with."""

    home: Path
    fleet: FleetSettings = FleetSettings()
    health: HealthSettings = HealthSettings()
    models: ModelSettings = ModelSettings()
    commands: CommandSettings = CommandSettings()
    skills: tuple[Path, ...] = ()
    """Folders of skills; the first is the project's own."""
