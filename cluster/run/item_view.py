"""An item as its run's driver sees it."""

from actors.events import ItemAssigned
from actors.journal.turns import TurnDone, TurnEvent
from actors.vocabulary.failures import CLASSES, is_charged, is_final
from actors.vocabulary.review import Consolidated, Purpose, Questions, Requirements, Ruling, Verdict
from actors.work import (
    Content,
    Failure,
    FailureKind,
    Grows,
    ItemState,
    Lost,
    Outcome,
    Ran,
    Result,
    Turn,
    Want,
)
from cluster.run.rounds import Rounds


class ItemView:
    """What the run knows of one item."""

    __slots__ = (
        "agent",
        "alone",
        "attempts",
        "avoid",
        "awaits",
        "before",
        "epoch",
        "failed_of",
        "last",
        "left",
        "requeues",
        "rounds",
        "started",
        "state",
        "story",
        "suspect",
        "turns",
        "users",
        "wants",
    )

    def __init__(self, left: int, users: int, rounds: Rounds | None = None) -> None:
        self.state = ItemState.WAITING
        self.left = left  # dependencies that are not complete
        self.users = users  # dependents that are not terminal
        self.epoch = 0
        self.attempts = 0  # what is charged to the item
        self.requeues = 0  # failures of its model that count against a bound
        self.agent = ""
        self.avoid = ""  # the agent that failed it
        self.failed_of: FailureKind | Ruling | None = None  # how its newest attempt failed, if it did
        self.started = False  # whether the start of its newest attempt is on disk
        self.alone = False  # whether its newest attempt works alone
        self.suspect = False  # it may have ended its agent: its next attempt works alone
        self.last: Failure | Lost | None = None  # the outcome that leaves it no other attempt
        self.turns: tuple[Turn, ...] = ()  # finished ones of a conversation that is not
        self.before = 0  # turns of conversations that are
        self.rounds = rounds  # None: there is no more to it than its work
        self.wants: tuple[Want, ...] = ()  # what it asked the run for, and has not got
        self.awaits: dict[str, tuple[int, int]] = {}  # sub-agents' items that are not over, with turn and call
        self.story: list[str] = []

    @property
    def purpose(self) -> Purpose:
        """Of the attempt that is under way, or comes next."""
        return self.rounds.purpose if self.rounds else Purpose.WORK

    @property
    def number(self) -> int:
        """Of that attempt, among those of its purpose that are charged."""
        return 1 + (self.rounds.tries if self.rounds and self.purpose is not Purpose.WORK else self.attempts)

    @property
    def failures(self) -> int:
        """Charged ones of this purpose so far; an attempt that a review sent back is none."""
        if self.rounds is None:
            return self.attempts
        return self.attempts - self.rounds.rejected if self.purpose is Purpose.WORK else self.rounds.tries

    @property
    def after(self) -> FailureKind | Ruling | None:
        """How the attempt before failed that the next one is made instead of; None if it is another step."""
        goes_on = self.purpose is Purpose.CONSOLIDATE and self.failed_of is Ruling.REVIEW_FAILED
        return None if goes_on else self.failed_of

    def open(self, event: ItemAssigned) -> None:
        """An attempt begins."""
        self.epoch, self.agent, self.alone, self.started = event.epoch, event.agent, event.alone, False
        if self.rounds and event.purpose is Purpose.WORK:
            if self.purpose is Purpose.CONSOLIDATE:  # a journal from before there was such a thing
                self.rounds.settle(None)
            self.rounds.result = self.rounds.judgement = None

    def note(self, event: TurnEvent) -> None:
        """The newest attempt came further."""
        if isinstance(event, TurnDone):
            self.turns = (*self.turns, Turn(said=event.said))
            return
        self.answer(event.turn, event.call, Ran(result=event.result, is_error=event.is_error))

    def answer(self, turn: int, call: int, ran: Ran) -> None:
        """A call of a turn has ended."""
        told = self.turns[turn - 1 - self.before]
        self._amend(turn, told.model_copy(update={"ran": {**told.ran, call: ran}}))

    def refuse(self, turn: int, complaint: str) -> None:
        """The answer of a turn could not be used."""
        told = self.turns[turn - 1 - self.before]
        self._amend(turn, told.model_copy(update={"complaint": complaint}))

    def _amend(self, turn: int, told: Turn) -> None:
        index = turn - 1 - self.before
        self.turns = (*self.turns[:index], told, *self.turns[index + 1 :])

    def close(self, outcome: Outcome) -> None:
        """The attempt ended so."""
        self.failed_of = outcome.reason if isinstance(outcome, Failure) else None
        match outcome:
            case Result():
                self.attempts += 1
                if self.rounds and self.rounds.item.review:
                    self.rounds.worked(outcome, self.turns)
                self._end_conversation()
            case Verdict() | Questions() | Requirements() | Consolidated():
                self._hear(outcome)
            case Failure():
                self._fail(outcome)
            case Grows():
                self.suspect, self.wants = False, outcome.wants
            case Lost(suspect=True) if self.alone and self.purpose is Purpose.CONSOLIDATE:
                self._settle(None)
            case Lost(suspect=True):
                self.last = outcome if self.alone else None
                self.suspect = True

    def _end_conversation(self) -> None:
        self.suspect, self.before, self.turns = False, self.before + len(self.turns), ()

    def _settle(self, text: Content | None) -> None:
        """The next attempt is one of work, whatever became of the consolidation."""
        assert self.rounds
        self.rounds.settle(text)
        self.failed_of, self.requeues, self.last = Ruling.REVIEW_FAILED, 0, None
        self._end_conversation()

    def _hear(self, outcome: Verdict | Questions | Requirements | Consolidated) -> None:
        assert self.rounds
        match outcome:
            case Verdict():
                self.rounds.judged(outcome)
                self.failed_of = None if outcome.judgement.passed else Ruling.REVIEW_FAILED
                self._end_conversation()
            case Requirements():
                self.rounds.extracted(outcome)
                self._end_conversation()
            case Consolidated():
                self._settle(outcome.text)
            case Questions():  # the conversation goes on with the answer
                self.rounds.questions, self.suspect = outcome, False

    def _fail(self, failure: Failure) -> None:
        kind = failure.reason
        row = CLASSES[kind]
        if is_charged(kind):
            self._charge()
            self.suspect = self.suspect and not self.alone
        elif row.requeues is not None:
            self.requeues += 1
        self.avoid = self.agent if row.agent_fault else ""
        is_over = is_final(kind, self.failures, self.requeues)
        if is_over and self.purpose is Purpose.CONSOLIDATE:
            self._settle(None)
        else:
            self.last = failure if is_over else None

    def _charge(self) -> None:
        if self.rounds and self.purpose is not Purpose.WORK:
            self.rounds.tries += 1
        else:
            self.attempts += 1
