"""What must be true of every journal. Knows the events and the plan, and nothing of the run state."""

from collections import Counter
from collections.abc import Callable, Sequence

from actors.events import (
    CancelRequested,
    Event,
    ItemAccepted,
    ItemAssigned,
    ItemCancelled,
    ItemClosed,
    ItemFailed,
    ItemJoined,
    ItemQuarantined,
    ItemReused,
    ItemsAdded,
    ItemSkipped,
    ItemStarted,
    RunFinished,
    RunStarted,
)
from actors.vocabulary.review import Purpose
from actors.work import Failure, Item
from tests.simulation.story import ItemStory, nobody

ATTEMPTS = 3
"""An item is charged so many at most."""

REQUEUES = 10
"""It is put back uncharged so often for a failure of its model."""

FINAL = {"context_too_long", "bad_request", "refusal", "cut_off"}
CHARGED = {"agent_fault", "timeout", "invalid_answer", *FINAL}
BOUNDED = {"transient", "rate_limited", "overloaded"}

ENDS = frozenset({"complete", "failed", "skipped", "cancelled", "quarantined"})
FINISHED = frozenset({"completed", "completed_with_failures", "cancelled"})


class Violation(AssertionError):
    """The journal says something that must never be."""


class Checker:
    """Takes in every commit and raises Violation."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = {item.id: ItemStory(item) for item in items}
        self.drivers: set[str] = set()
        """Names of those that have begun."""
        self.strict = True
        """No message was lost, repeated or slow so far, so nobody may take a living agent's word for lost."""
        self.term = 0
        self.status = "running"
        self.poison: set[str] = set()
        """Items that end their agent whenever they are worked on."""
        self._wanted: set[str | None] = set()  # what people asked to end; None: the run

    def claimed(self, term: int) -> None:
        """A driver was given this term."""
        self.must(term == self.term + 1, f"term {term} was given after term {self.term}")
        self.term = term

    def paid(self, item: str, epoch: int, living: Callable[[], bool]) -> None:
        """A model call for this attempt has finished in a process that is `living`."""
        story = self.items[item]
        story.paid += 1
        if story.open and story.epoch == epoch:
            story.outcome_lives = living

    def must(self, true: bool, otherwise: str) -> None:
        """Raise Violation with this unless it is true."""
        if not true:
            raise Violation(otherwise)

    def see(self, events: Sequence[Event]) -> None:
        """Take in one commit."""
        for event in events:
            fields = event.__dict__
            if term := fields.get("term", 0):
                self.must(term == self.term, f"term {term} wrote {event.type} in term {self.term}")
            if self.status in FINISHED:
                late = isinstance(event, ItemAssigned | ItemClosed | ItemStarted) or term
                self.must(not late, f"{event.type} after the run has finished")
            if item := fields.get("item"):
                self._see_item(event, item, self.items[item])
            else:
                self._see_run(event)

    def _see_run(self, event: Event) -> None:
        match event:
            case CancelRequested():
                self._wanted.add(event.target)
            case RunStarted():
                self.drivers.add(event.driver)
            case RunFinished():
                self._finished(event)
            case _ if event.type == "run_paused":
                self.must(self.status in ("running", "waiting"), f"run_paused while {self.status}")
                self.status = "paused"
            case _ if event.type == "run_waiting":
                self.must(self.status == "running", f"run_waiting while {self.status}")
                active = [item for item, story in self.items.items() if story.open]
                self.must(not active, f"run_waiting while {active} are active")
                self.status = "waiting"
            case _ if event.type == "run_resumed":
                self.must(self.status in ("paused", "waiting"), f"run_resumed while {self.status}")
                self.status = "running"

    def _finished(self, event: RunFinished) -> None:
        counts = self.counts()
        said = {state: count for state, count in event.counts.items() if count}
        self.must(said == counts, f"run_finished counts {said}, the events say {counts}")
        self.must(sum(said.values()) == len(self.items), f"run_finished counts {said} of {len(self.items)} items")
        self.must(set(counts) <= ENDS, f"run_finished with {counts}")
        allowed = {"completed" if set(counts) == {"complete"} else "completed_with_failures"}
        if None in self._wanted and counts.get("cancelled"):  # a request may come while the end is on its way
            allowed.add("cancelled")
        self.must(event.status.value in allowed, f"run_finished as {event.status.value}, the events say {allowed}")
        self.status = event.status.value

    def _see_item(self, event: Event, item: str, story: ItemStory) -> None:
        self.must(not story.end, f"{item} is {story.end} and takes {event.type}")
        match event:
            case ItemAssigned():
                self._assigned(event, item, story)
            case ItemStarted():
                self.must(story.open and event.epoch == story.epoch, f"{item} #{event.epoch} began and is not open")
                self.must(not story.started, f"{item} #{event.epoch} began twice")
                story.started = True
            case ItemClosed():
                self._closed(event, item, story)
            case ItemReused():
                self.must(self.term == 0, f"{item} is reused while the run goes on")
                story.end, story.reused = "complete", True
            case ItemsAdded():
                self._added(event, item, story)
            case ItemJoined():
                self.must(self._state(story) == "ready" and story.lists, f"{item} is joined and {self._state(story)}")
                story.end = "complete"
            case ItemAccepted():
                self.must(story.reviews.passed and not story.open, f"{item} is accepted and was not passed")
                story.end = "complete"
            case ItemFailed() | ItemQuarantined() | ItemSkipped() | ItemCancelled():
                self._ended(event, item, story)

    def _added(self, event: ItemsAdded, item: str, story: ItemStory) -> None:
        self.must(bool(event.term) == bool(self.term), f"{item} grows with the term {event.term} in {self.term}")
        self.must(self._state(story) == "ready" and story.lists, f"{item} grows and is {self._state(story)}")
        new = {one.id: ItemStory(one) for one in event.items}
        self.must(not self.items.keys() & new, f"{item} grows by {list(new)}, and some are there")
        self.must(item not in [one.parent for one in self.items.values()], f"{item} grows twice")
        story.dependencies = (*story.dependencies, *new)
        self.items |= new

    def _asked(self, item: str, story: ItemStory) -> bool:
        """Whether somebody asked for its end."""
        return bool({None, item, story.parent} & self._wanted)

    def _assigned(self, event: ItemAssigned, item: str, story: ItemStory) -> None:
        self.must(not story.open, f"{item} #{event.epoch} is assigned while #{story.epoch} is open")
        self.must(not story.lists, f"{item} is assigned, and is a list's")
        self.must(event.epoch == story.epoch + 1, f"{item} #{event.epoch} is assigned after #{story.epoch}")
        step = story.reviews.next
        self.must(event.purpose is step, f"{item} #{event.epoch} is for {event.purpose}, and {step} comes next")
        before = story.charged if step is Purpose.WORK else story.reviews.tries
        self.must(event.attempt == before + 1, f"{item} attempt {event.attempt} after {before} charged")
        early = [name for name in story.dependencies if self.items[name].end != "complete"]
        self.must(not early, f"{item} is assigned before {early}")
        self.must(self.status == "running", f"{item} is assigned while the run is {self.status}")
        self.must(not story.over, f"{item} is assigned, and was {story.over}")
        self.must(event.alone == story.suspect, f"{item}: alone is {event.alone}, suspect {story.suspect}")
        alone = [name for name, other in self.items.items() if other.open and other.alone]
        held = [name for name, other in self.items.items() if other.open and other.agent == event.agent]
        told = f"{item} is to be alone in {event.agent} while {alone} are, and {event.agent} has {held}"
        self.must(not (event.alone and alone and held), told)
        beside = [name for name in held if name in alone]
        self.must(not beside, f"{item} goes to {event.agent}, where {beside} is to be alone")
        story.epoch, story.open, story.started, story.agent = event.epoch, True, False, event.agent
        story.alone, story.purpose = event.alone, event.purpose
        story.outcome_lives = nobody

    def _closed(self, event: ItemClosed, item: str, story: ItemStory) -> None:
        self.must(story.open and event.epoch == story.epoch, f"{item} #{event.epoch} is closed and was not open")
        self.must(event.agent == story.agent, f"{item} #{event.epoch} is closed by {event.agent}, not {story.agent}")
        story.open = False
        if event.outcome.kind == "lost":
            story.lost += 1
            if event.outcome.suspect:
                self._suspect(story)
            waste = self.strict and story.outcome_lives() and not self._asked(item, story)
            alone = "not in the fleet" in event.outcome.message
            self.must(
                alone or not waste, f"{item} #{event.epoch} is lost, and its agent was about to write its outcome"
            )
            return
        if isinstance(event.outcome, Failure):
            self._failed(event.outcome.reason.value, story)
        else:
            story.charged += event.outcome.kind == "result"
            story.done, story.suspect = story.done + 1, False
            story.end = "complete" if story.reviews.closed(event) else ""
            story.over = "failed" if story.reviews.over else ""
            story.requeues = 0 if story.purpose is Purpose.CONSOLIDATE else story.requeues
        charged = story.charged - story.reviews.sent_back
        self.must(charged <= ATTEMPTS, f"{item} was charged {charged} attempts beside those that reviews sent back")

    def _suspect(self, story: ItemStory) -> None:
        story.suspected += 1
        story.suspect, story.over = True, "quarantined" if story.alone else ""
        if story.alone and story.purpose is Purpose.CONSOLIDATE:
            story.skip()

    def _failed(self, reason: str, story: ItemStory) -> None:
        story.failures += 1
        if story.purpose is Purpose.WORK:
            story.charged += reason in CHARGED
        else:
            story.reviews.tries += reason in CHARGED
        story.requeues += reason in BOUNDED
        story.suspect = story.suspect and not (reason in CHARGED and story.alone)
        tries = story.charged - story.reviews.sent_back if story.purpose is Purpose.WORK else story.reviews.tries
        spent = tries == ATTEMPTS and reason in CHARGED
        story.over = "failed" if spent or reason in FINAL or story.requeues > REQUEUES else ""
        if story.over and story.purpose is Purpose.CONSOLIDATE:
            story.skip()

    def _ended(
        self, event: ItemFailed | ItemQuarantined | ItemSkipped | ItemCancelled, item: str, story: ItemStory
    ) -> None:
        self.must(not story.open, f"{event.type} of {item} while #{story.epoch} is open")
        match event:
            case ItemFailed():
                self.must(event.attempts == story.charged, f"{item} failed after {story.charged} attempts")
                self.must(story.over == "failed", f"{item} failed and had another attempt")
            case ItemQuarantined():
                self.must(story.over == "quarantined", f"{item} is quarantined and was not lost alone")
                self.must(story.suspected > 1, f"{item} is quarantined after {story.suspected} losses")
            case ItemSkipped():
                causes = {self.items[name].end for name in story.dependencies}
                self.must(bool(causes & (ENDS - {"complete"})), f"{item} is skipped and nothing before it failed")
                why = self.items[event.cause].end
                self.must(
                    why in ("failed", "cancelled", "quarantined"), f"{item} is skipped because {event.cause} is {why}"
                )
            case ItemCancelled():
                self.must(self._asked(item, story), f"{item} is cancelled and nobody asked for it")
        story.end = event.type.removeprefix("item_")

    def states(self) -> dict[str, str]:
        """Of every item, by its events."""
        return {item: self._state(story) for item, story in self.items.items()}

    def _state(self, story: ItemStory) -> str:
        if story.end or story.open:
            return story.end or "active"
        if story.reviews.pending:
            return "pending_review"
        return "ready" if all(self.items[name].end == "complete" for name in story.dependencies) else "waiting"

    def counts(self) -> dict[str, int]:
        """Items by state; those that there are."""
        return dict(Counter(self.states().values()))

    def bill(self) -> None:
        """Raise Violation if an item was paid more often than its losses explain."""
        for item, story in self.items.items():
            limit = story.lost + story.failures + story.done
            self.must(story.paid <= limit, f"{item} was paid {story.paid} times in {limit} attempts")
            self.must(story.done <= story.paid, f"{item} has {story.done} outcomes of {story.paid} model calls")

    def judge(self, *, calm: bool) -> None:
        """Raise Violation unless poison, and in a `calm` world nothing else, came to a bad end."""
        for item, story in self.items.items():
            poisonous = item in self.poison and not story.reused
            self.must(not poisonous or story.end != "complete", f"{item} is poison and complete")
            if calm and poisonous:
                self.must(story.end in ("quarantined", "skipped"), f"{item} is poison and {story.end}")
            elif calm:
                self.must(story.end != "quarantined", f"{item} is quarantined and did nothing")
