"""An item as its run's driver sees it."""

from actors.failures import CLASSES, is_charged, is_final
from actors.turn_events import TurnDone, TurnEvent
from actors.work import Failure, FailureKind, Grows, ItemState, Lost, Outcome, Ran, Result, Turn, Want


class ItemView:
    """What the run knows of one item."""

    __slots__ = (
        "agent",
        "alone",
        "attempts",
        "avoid",
        "awaits",
        "epoch",
        "failed_of",
        "last",
        "left",
        "requeues",
        "started",
        "state",
        "story",
        "suspect",
        "turns",
        "users",
        "wants",
    )

    def __init__(self, left: int, users: int) -> None:
        self.state = ItemState.WAITING
        self.left = left  # dependencies that are not complete
        self.users = users  # dependents that are not terminal
        self.epoch = 0
        self.attempts = 0  # what is charged to the item
        self.requeues = 0  # failures of its model that count against a bound
        self.agent = ""
        self.avoid = ""  # the agent that failed it
        self.failed_of: FailureKind | None = None  # how its newest attempt failed, if it did
        self.started = False  # whether the start of its newest attempt is on disk
        self.alone = False  # whether its newest attempt works alone
        self.suspect = False  # it may have ended its agent: its next attempt works alone
        self.last: Failure | Lost | None = None  # the outcome that leaves it no other attempt
        self.turns: tuple[Turn, ...] = ()  # finished ones of an item that is not
        self.wants: tuple[Want, ...] = ()  # what it asked the run for, and has not got
        self.awaits: dict[str, tuple[int, int]] = {}  # sub-agents' items that are not over, with turn and call
        self.story: list[str] = []

    def open(self, epoch: int, agent: str, *, alone: bool) -> None:
        """An attempt begins."""
        self.epoch, self.agent, self.alone, self.started = epoch, agent, alone, False

    def note(self, event: TurnEvent) -> None:
        """The newest attempt came further."""
        if isinstance(event, TurnDone):
            self.turns = (*self.turns, Turn(said=event.said))
            return
        self.answer(event.turn, event.call, Ran(result=event.result, is_error=event.is_error))

    def answer(self, turn: int, call: int, ran: Ran) -> None:
        """A call of a turn has ended."""
        told = self.turns[turn - 1]
        self._amend(turn, told.model_copy(update={"ran": {**told.ran, call: ran}}))

    def refuse(self, turn: int, complaint: str) -> None:
        """The answer of a turn could not be used."""
        self._amend(turn, self.turns[turn - 1].model_copy(update={"complaint": complaint}))

    def _amend(self, turn: int, told: Turn) -> None:
        self.turns = (*self.turns[: turn - 1], told, *self.turns[turn:])

    def close(self, outcome: Outcome) -> None:
        """The attempt ended so."""
        self.failed_of = outcome.reason if isinstance(outcome, Failure) else None
        match outcome:
            case Result():
                self.attempts += 1
                self.suspect, self.turns = False, ()
            case Failure():
                self._fail(outcome)
            case Grows():
                self.suspect, self.wants = False, outcome.wants
            case Lost(suspect=True):
                self.last = outcome if self.alone else None
                self.suspect = True

    def _fail(self, failure: Failure) -> None:
        kind = failure.reason
        row = CLASSES[kind]
        if is_charged(kind):
            self.attempts += 1
            self.suspect = self.suspect and not self.alone
        elif row.requeues is not None:
            self.requeues += 1
        self.avoid = self.agent if row.agent_fault else ""
        self.last = failure if is_final(kind, self.attempts, self.requeues) else None
