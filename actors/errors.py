"""Every exception of ours: the docstring is the message, with the cure.

    MnemosyneError
    ├── UserError            yours: the plan, the command line, the home, the keys
    │   ├── PlanRefused      one or more mistakes in a plan
    │   ├── GrowthRefused    what a run was to grow by (OverLimit: a person may allow it)
    │   ├── HomeUnusable     the folder of the fleet cannot be used
    │   ├── NotFound         no such run, item or secret
    │   ├── SecretsUnusable  the secrets file cannot be opened
    │   └── UnknownRole      no such role of agents
    ├── ModelError           a model's; each class names the kind of failure it becomes
    │   ├── RateLimited, Overloaded, QuotaExhausted, BudgetExhausted, CredentialsRefused
    │   ├── ModelFaulty (transient), ModelMissing
    │   └── ContextTooLong, RequestRefused, AnswerRefused, AnswerCutOff, AnswerInvalid
    ├── ItemGrows            no failure: the attempt goes on once items that it asks for are done
    ├── NeedsPerson          no failure: the attempt goes on once a person has answered
    ├── ToolFailed           a tool's; the message goes to the model, which may do better
    ├── ToolsUnavailable     what an item may use cannot be had
    ├── StoreError           the store's
    │   ├── StoreLocked, PayloadMissing
    │   ├── StoreUnusable (StoreUnreachable, StoreMissing, StoreOutdated, StoreDamaged)
    │   └── StaleTerm, AttemptClosed    fenced: another driver holds the run, another attempt the item
    └── FleetError           the cluster's: Ray or an actor cannot be had
        ├── AgentGone        the agent does not answer
        ├── RunDriven        another process drives the run
        └── BuildDiffers     the fleet runs other sources than this process

Constructors take one argument, so every one of them survives pickling; none holds a request, a response or a key.
"""

from dataclasses import dataclass
from typing import ClassVar

from actors.models.blocks import Block
from actors.models.limits import RateLimits
from actors.work import FailureKind, Reservation, Usage


class MnemosyneError(Exception):
    """Something mnemosyne expects to go wrong went wrong."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class UserError(MnemosyneError):
    """The request cannot be carried out as it was made."""

    exit_code = 2


@dataclass(frozen=True)
class Mistake:
    """One mistake of a plan and what to do about it. `line` counts from 1; None: the file as a whole."""

    line: int | None
    where: str
    """Path within the plan, as in items[3].dependencies; empty for the whole."""
    message: str
    cure: str


class PlanRefused(UserError):
    """The plan has mistakes; nothing was started and nothing was written."""

    mistakes: tuple[Mistake, ...] = ()
    """What the message lists, for machines. Set after construction, so it survives pickling."""


class GrowthRefused(UserError):
    """The run does not grow by this: it is not what it has to be, or more than its limits allow."""


class OverLimit(GrowthRefused):
    """The run would grow over its limits; a person may allow it once."""


class ItemGrows(MnemosyneError):
    """The item goes on once the run has done what it wants."""

    wants: tuple[tuple[int, int, str], ...] = ()
    """(turn, call, JSON)."""


class HomeUnusable(UserError):
    """The home cannot be used; name another with --home or MNEMOSYNE_HOME."""


class NotFound(UserError):
    """There is no such run; `mnemosyne status` lists the runs of this home."""


class UnknownRole(UserError):
    """There is no such role; roles are orchestrator, optimizer, executor, reviewer."""


class SecretsUnusable(UserError):
    """The secrets file cannot be opened; it is left as it is."""


class ModelError(MnemosyneError):
    """A model call failed."""

    kind: ClassVar[FailureKind] = FailureKind.TRANSIENT
    usage: Usage = Usage()
    """What the failed call is billed for, as far as the reply told."""
    lost: bool = False
    """Whether the call may be billed for more than that: it was on its way, and its end never came."""
    retry_after_s: float | None = None
    """How long the API asks to wait."""
    limits: RateLimits | None = None
    """What the API said about the pace."""
    blocks: tuple[Block, ...] = ()
    """What was answered nevertheless."""


class RateLimited(ModelError):
    """The API asks for a slower pace (429)."""

    kind = FailureKind.RATE_LIMITED


class Overloaded(ModelError):
    """The API is overloaded (529)."""

    kind = FailureKind.OVERLOADED


class QuotaExhausted(ModelError):
    """The account's spending limit is reached; raise it in the console, then continue the run."""

    kind = FailureKind.QUOTA


class BudgetExhausted(ModelError):
    """The attempt's share of the run's budget is too small for this call, which was not made."""

    kind = FailureKind.BUDGET
    needs: Reservation | None = None
    """What it may take."""


class CredentialsRefused(ModelError):
    """The API refused the key; change it, then continue the run."""

    kind = FailureKind.CREDENTIALS


class ModelFaulty(ModelError):
    """The model's answer did not arrive whole: connection, timeout, server error or a malformed body."""

    kind = FailureKind.TRANSIENT


class ModelMissing(ModelError):
    """There is no such model here."""

    kind = FailureKind.NO_MODEL
    exit_code = 4


class ContextTooLong(ModelError):
    """The prompt does not fit into the model's context; shorten the inputs or choose a larger model."""

    kind = FailureKind.CONTEXT_TOO_LONG


class RequestRefused(ModelError):
    """The API refused the request as malformed (400); this prompt cannot succeed unchanged."""

    kind = FailureKind.BAD_REQUEST


class AnswerRefused(ModelError):
    """The model declined to answer this prompt."""

    kind = FailureKind.REFUSAL


class AnswerCutOff(ModelError):
    """The answer reached max_tokens before it was complete."""

    kind = FailureKind.CUT_OFF
    raisable: bool = True
    """Whether a higher max_tokens would help: false where the model has a limit of its own."""


class AnswerInvalid(ModelError):
    """The answer does not fit the item's output schema."""

    kind = FailureKind.INVALID_ANSWER


class NeedsPerson(MnemosyneError):
    """The work cannot be done before a person has answered; `mnemosyne status RUN` shows the questions."""

    questions: tuple[str, ...] = ()
    turn: int = 0
    call: int = 0


class ToolFailed(MnemosyneError):
    """A tool could not do what it was asked for."""


class ToolsUnavailable(MnemosyneError):
    """A tool that the item asks for cannot be had; see mcp.json in the home."""


class StoreError(MnemosyneError):
    """The store refused or could not be reached."""

    exit_code = 4


class StoreLocked(StoreError):
    """Another process writes to this store; use another home or end that process first."""


class StoreUnusable(StoreError):
    """The store's file cannot be used."""


class StoreUnreachable(StoreUnusable):
    """The store's server does not answer; see to it, then try again. Nothing that was acknowledged is lost."""


class StoreMissing(StoreUnusable):
    """There is no store here yet; `mnemosyne run PLAN` makes one."""


class StoreOutdated(StoreUnusable):
    """An earlier version wrote the store; `mnemosyne status` brings it forward once no process writes it."""


class StoreDamaged(StoreUnusable):
    """The store's file is damaged; `mnemosyne store check` says what, then bring back a backup."""


class PayloadMissing(StoreError):
    """The store does not have a text that an event refers to; restore it from a backup."""


class AttemptClosed(StoreError):
    """Somebody else closed the attempt; what it does now counts for nothing."""


class StaleTerm(StoreError):
    """Another driver holds this run now; this one must not write any more."""


class FleetError(MnemosyneError):
    """Ray or one of the fleet's actors cannot be had."""

    exit_code = 4


class AgentGone(FleetError):
    """The agent does not answer; it may come back as a new generation."""


class RunDriven(FleetError):
    """Another process drives this run; watch it with `status RUN --watch`, or take it over with --take-over."""


class BuildDiffers(FleetError):
    """The fleet runs other sources than this command; `mnemosyne down`, then `mnemosyne up`."""
