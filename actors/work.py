"""The vocabulary of work: what a plan says, what an agent gets, what comes back. Frozen, checked in the constructor."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from actors.spending.budget import Budget, Reservation
from actors.spending.usage import Effort, Usage
from actors.tools.capability import PATTERN
from actors.vocabulary.contents import INLINE_LIMIT, NOTHING_SHARED, Content, Shared
from actors.vocabulary.frozen import Frozen
from actors.vocabulary.phase import Phase
from actors.vocabulary.restarts import UNEXPLAINED, RestartCause
from actors.vocabulary.review import (
    ONE_BY_ONE,
    REQUIREMENTS,
    Answered,
    Consolidated,
    Judgement,
    Purpose,
    Questions,
    Requirements,
    Review,
    Verdict,
    Words,
)
from actors.vocabulary.states import FINISHED, TERMINAL, ItemState, RunStatus

__all__ = ["FINISHED", "TERMINAL", "UNEXPLAINED", "Effort", "Frozen", "ItemState", "RestartCause", "RunStatus", "Usage"]
__all__ += ["INLINE_LIMIT", "Consolidated", "Content", "Reservation"]
"""Those from budget.py, contents.py, frozen.py, restarts.py, review.py, states.py and usage.py."""

ItemId = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Role(StrEnum):
    """The four kinds of agents."""

    ORCHESTRATOR = "orchestrator"
    OPTIMIZER = "optimizer"
    EXECUTOR = "executor"
    REVIEWER = "reviewer"


def agent_id(role: Role, number: int) -> str:
    """The id of an agent, everywhere."""
    return f"{role}-{number}"


def role_of(agent: str) -> Role:
    """The role in an agent's id. Raises ValueError."""
    return Role(agent.rpartition("-")[0])


class FailureKind(StrEnum):
    """Why an attempt failed; what follows from it is in the table of actors/vocabulary/failures.py."""

    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    QUOTA = "quota"
    CREDENTIALS = "credentials"
    TRANSIENT = "transient"
    NO_MODEL = "no_model"
    CONTEXT_TOO_LONG = "context_too_long"
    BAD_REQUEST = "bad_request"
    REFUSAL = "refusal"
    CUT_OFF = "cut_off"
    INVALID_ANSWER = "invalid_answer"
    TIMEOUT = "timeout"
    AGENT_FAULT = "agent_fault"
    BUDGET = "budget"


class Over(Frozen):
    """A list that an item of the run produces."""

    item: ItemId
    path: str = ""
    """Keys on the way to the list, with dots between them; "" where the whole result is the list."""
    budget: Budget | None = None
    """Of each of the items that are added; that of the item itself caps them all together."""


class Expand(StrEnum):
    """What becomes of items that an item answers with."""

    RUN = "run"
    """The run grows by them, and the item ends with their results."""
    DRAFT = "draft"
    """They are checked, and are the item's result."""


class Item(Frozen):
    """One work item as the plan, or what it grew by, says it. Never changes."""

    id: ItemId
    description: Annotated[str, StringConstraints(min_length=1, max_length=50_000)]
    agent: Role = Role.EXECUTOR
    priority: Annotated[int, Field(ge=0, le=10)] = 5
    dependencies: tuple[ItemId, ...] = ()
    timeout: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    """Seconds of work, not of waiting."""
    inputs: Mapping[str, Content] = Field(default_factory=dict)
    output: Mapping[str, Any] | None = None
    """JSON schema the answer must fit; None means plain text."""
    model: str | None = None
    max_tokens: Annotated[int, Field(ge=1, le=128_000)] | None = None
    tools: tuple[Annotated[str, StringConstraints(pattern=PATTERN, max_length=64)], ...] = ()
    """Capabilities; see actors/tools/capability.py."""
    workspace: Content | None = None
    """The files that the run's workspace begins with, packed by actors/tools/workspace.py."""
    foreach: Over | None = None
    """The item is done once for each entry of this list, and ends with the list of the results."""
    expand: Expand | None = None
    """The answer is a list of items, in the form of a plan."""
    phase: Phase | None = None
    parent: ItemId | None = None
    """The item that it was added for while the run went on; None for the items of the plan."""
    budget: Budget | None = None
    """Caps on what all its attempts, and all items that it brings into its run, may take together."""
    requirements: Annotated[tuple[Words, ...], Field(max_length=REQUIREMENTS)] = ()
    extract: bool = False
    """Whether an agent finds the requirements, since the plan names none."""
    review: Review | None = None
    clarify: bool = False
    """Whether its agent may ask a person instead of working."""
    approve: bool = False
    """Whether a person is asked before it begins."""

    @property
    def roles(self) -> frozenset[Role]:
        """Of the agents that it takes."""
        return frozenset({self.agent, Role.REVIEWER} if self.review else {self.agent})

    @property
    def helpers(self) -> frozenset[Role]:
        """Of agents that make it better, and without which it does as well as it can."""
        return frozenset({Role.OPTIMIZER} if self.review and self.review.max_attempts > ONE_BY_ONE else ())

    @property
    def models(self) -> tuple[str | None, ...]:
        """That it names; None stands for the plan's."""
        return (self.model, *([self.review.model] if self.review and self.review.model else []))


_ITEMS: TypeAdapter[tuple[Item, ...]] = TypeAdapter(tuple[Item, ...])


def items_from(bodies: Iterable[str]) -> tuple[Item, ...]:
    """Items from their JSON. Raises ValidationError."""
    return _ITEMS.validate_json(f"[{','.join(bodies)}]")


class Ran(Frozen):
    """What came of a call of a tool."""

    result: Content
    is_error: bool = False
    by: ItemId | None = None
    """The sub-agent's item whose end this is."""


class Turn(Frozen):
    """A finished turn of an item that goes on."""

    said: Content
    """What the model said, as JSON."""
    ran: Mapping[int, Ran] = Field(default_factory=dict)
    """The calls of tools that have ended, by their number in the turn."""
    complaint: str = ""
    """Why the answer could not be used, if that was found out after it had ended its attempt."""


class Made(Frozen):
    """The data and the turns of an attempt, for its review and for the attempt that comes after it."""

    data: Content
    turns: tuple[Turn, ...] = ()


class Task(Frozen):
    """One attempt of an item: what an agent gets."""

    run: str
    item: Item
    epoch: int
    """Number of the attempt's assignment; fences its outcome."""
    attempt: int
    """Counts what is charged to the item; a lost attempt is not."""
    model: str
    results: Mapping[ItemId, Content] = Field(default_factory=dict)
    """The data of the item's dependencies, by id."""
    turns: tuple[Turn, ...] = ()
    """What earlier attempts of the item have done; it goes on after them."""
    path: int = 0
    """Items on the longest path from this one to the end of its graph."""
    allowance: Reservation | None = None
    """What the attempt may use up; None in a run without a budget."""
    alone: bool = False
    """The agent works on it with nothing else beside it, and its ItemStarted is on disk before the work begins."""
    purpose: Purpose = Purpose.WORK
    requirements: tuple[str, ...] = ()
    """Of the item: the plan's, or those that were extracted."""
    before: int = 0
    """Turns of the item's earlier conversations, which are over."""
    made: Made | None = None
    """What is reviewed, or what a review sent back."""
    feedback: tuple[Judgement, ...] = ()
    """Of the reviews that sent it back, oldest first."""
    consolidated: Content | None = None
    """What an agent made of the feedback, where there are several reviews; None if none could."""
    answers: tuple[Answered, ...] = ()
    """Of a person."""
    shared: Shared = NOTHING_SHARED


class Result(Frozen):
    """The attempt made what was asked for."""

    kind: Literal["result"] = "result"
    data: Content
    json_data: bool = False
    """Whether `data` is JSON that fits the item's output schema."""
    memory_ids: tuple[str, ...] = ()
    """The memory that this is, and those that were made on the way; none in results from before there were any."""
    truncated: bool = False
    """Plain text that reached max_tokens."""
    model: str
    usage: Usage = Usage()
    cost_usd: float | None = None
    """None when the price is unknown; never 0 for unknown."""
    estimated_usd: float = 0.0
    """The part of `cost_usd` that is for calls whose end never came: an upper bound of what they may be billed for."""
    estimated_tokens: int = 0
    """What those calls may have used beyond `usage`."""
    effort: Effort = Effort()
    seconds: float = 0.0
    prompt: str = ""
    """Version of the role's prompt that made it; "" for results from before this was kept."""


class Failure(Frozen):
    """The attempt ended without a result."""

    kind: Literal["failure"] = "failure"
    reason: FailureKind
    message: str
    """The real, redacted message."""
    model: str | None = None
    usage: Usage = Usage()
    cost_usd: float | None = None
    estimated_usd: float = 0.0
    estimated_tokens: int = 0
    effort: Effort = Effort()
    seconds: float = 0.0
    needs: Reservation | None = None
    """What the call that was not made may take, if the attempt's allowance was too small for it."""


class Want(Frozen):
    """Something that an item asks the run for."""

    turn: int
    call: int = 0
    """Which of the turn's calls, from 1; 0: the answer itself."""
    text: Content
    """JSON of what is asked for."""


class Grows(Frozen):
    """The attempt stopped, not charged, until the run has done what it wants; then the item goes on, or ends."""

    kind: Literal["grows"] = "grows"
    wants: tuple[Want, ...]
    model: str | None = None
    usage: Usage = Usage()
    cost_usd: float | None = None
    estimated_usd: float = 0.0
    estimated_tokens: int = 0
    effort: Effort = Effort()
    seconds: float = 0.0


class Lost(Frozen):
    """The attempt ended because its agent went away; nobody's fault."""

    kind: Literal["lost"] = "lost"
    message: str
    suspect: bool = False
    """Whether the item may be what ended its agent."""
    reserved: Reservation | None = None
    """What the attempt is counted as, since nobody knows what its calls cost; an estimate."""


Outcome = Annotated[
    Result | Failure | Grows | Lost | Verdict | Questions | Requirements | Consolidated, Field(discriminator="kind")
]
