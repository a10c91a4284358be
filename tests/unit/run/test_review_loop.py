"""The review loop in a run's state: what a verdict does, that it ends, what the next attempt is told."""

from collections.abc import Mapping

import pytest

from actors.events import ApprovalRequested, Event, ItemAccepted, ItemAssigned, ItemFailed, RunFinished, RunWaiting
from actors.journal.people import AnswerGiven, Approval, ApprovalDenied, ApprovalGranted
from actors.vocabulary.review import Answered, Exhausted, Purpose, Ruling
from actors.work import Failure, FailureKind, Item, ItemState, Lost, Outcome, Result, Role, RunStatus, Task
from cluster.run.commands import AgentAttached, Append
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.reviews import CONSOLIDATED, QUESTIONS, REQUIREMENTS, reviewed, verdict
from tests.support.runs import GONE, GOOD, apply, closed

AGENTS = {"executor-0": Role.EXECUTOR, "reviewer-0": Role.REVIEWER}
PASSED, SENT_BACK = verdict(passed=True), verdict(passed=False)
INVALID = Failure(reason=FailureKind.INVALID_ANSWER, message="gates is missing")


class Play:
    """A run whose attempts end as they are told."""

    def __init__(self, *items: Item, agents: Mapping[str, Role] = AGENTS) -> None:
        self.agents = agents
        self.work = WorkGraph(items)
        self.journal: list[Event] = []
        self.state = RunState("r", self.work, "scripted")
        self.tasks: list[Task] = []
        self._take(self._begun(self.state, 1))

    def _begun(self, state: RunState, term: int) -> list[object]:
        attached = (AgentAttached(name, 1, 4) for name in self.agents)
        return [*state.start(term, self.agents), *state.handle(*attached)]

    def _take(self, commands: list[object]) -> list[Event]:
        self.tasks, facts = apply(self.state, commands)  # type: ignore[arg-type]
        self.journal += facts
        return facts

    @property
    def task(self) -> Task:
        (task,) = self.tasks
        return task

    def end(self, outcome: Outcome) -> list[Event]:
        """The attempt under way ends so."""
        pending = isinstance(outcome, Result) and self.task.item.review is not None
        agent = self.state.views[self.task.item.id].agent
        event = closed(self.task, outcome).model_copy(update={"agent": agent, "pending": pending})
        return self.say(event)

    def send_back(self) -> None:
        """The attempt under way has a result, a review does not pass it, and several reviews are made one text."""
        self.end(GOOD)
        self.end(SENT_BACK)
        if self.task.purpose is Purpose.CONSOLIDATE:
            self.end(CONSOLIDATED)

    def say(self, event: Event) -> list[Event]:
        self.journal.append(event)
        return self._take(list(self.state.handle(event)))

    def new_driver(self) -> list[Event]:
        """Another driver replays the journal and begins."""
        self.state = RunState("r", self.work, "scripted")
        self.state.replay(self.journal)
        return self._take(self._begun(self.state, 2))

    def stands(self, item: str = "a") -> ItemState:
        return self.state.views[item].state


def assigned(facts: list[Event]) -> list[tuple[str, Purpose, int]]:
    return [(fact.agent, fact.purpose, fact.attempt) for fact in facts if isinstance(fact, ItemAssigned)]


def test_a_result_is_reviewed_before_it_counts() -> None:
    play = Play(reviewed(), Item(id="b", description="x", dependencies=("a",)))
    assert assigned(play.end(GOOD)) == [("reviewer-0", Purpose.REVIEW, 1)]
    assert play.task.made is not None
    assert (play.task.made.data, play.stands("b")) == (GOOD.data, ItemState.WAITING)
    facts = play.end(PASSED)
    (accepted,) = [fact for fact in facts if isinstance(fact, ItemAccepted)]
    assert (accepted.passed, accepted.outcome) == (True, GOOD)
    assert play.task.results == {"a": GOOD.data}


def test_a_negative_verdict_sends_it_back_with_all_that_was_found() -> None:
    play = Play(reviewed(requirements=("It is blue.",)))
    play.end(GOOD)
    facts = play.end(verdict(passed=False, requirements=("It is blue.",)))
    assert assigned(facts) == [("executor-0", Purpose.WORK, 2)]
    assert [fact.after for fact in facts if isinstance(fact, ItemAssigned)] == [Ruling.REVIEW_FAILED]
    (found,) = play.task.feedback
    assert (found.issues, found.suggested_tests) == (("say that it is blue",), ("look for blue",))
    assert [(one.requirement, one.satisfied) for one in found.requirements] == [("It is blue.", False)]
    assert play.task.made is not None
    assert play.task.made.data == GOOD.data
    play.end(GOOD)
    play.end(PASSED)
    assert play.state.status is RunStatus.COMPLETED


@pytest.mark.parametrize("on_exhausted", Exhausted)
def test_the_loop_ends_as_the_plan_says(on_exhausted: Exhausted) -> None:
    play = Play(reviewed(max_attempts=2, on_exhausted=on_exhausted))
    for _ in range(2):
        play.end(GOOD)
        facts = play.end(SENT_BACK)
    told = [(fact.reason, fact.attempts) for fact in facts if isinstance(fact, ItemFailed)]
    taken = [fact.passed for fact in facts if isinstance(fact, ItemAccepted)]
    asked = [fact.what for fact in facts if isinstance(fact, ApprovalRequested)]
    assert (told, taken, asked) == {
        Exhausted.FAIL: ([(Ruling.REVIEW_FAILED, 2)], [], []),
        Exhausted.ACCEPT: ([], [False], []),
        Exhausted.ASK: ([], [], [Approval.RESULT]),
    }[on_exhausted]
    assert not play.tasks


def test_a_lost_review_is_done_again_and_the_work_is_not() -> None:
    play = Play(reviewed())
    play.end(GOOD)
    assert assigned(play.end(GONE)) == [("reviewer-0", Purpose.REVIEW, 1)]
    play.end(PASSED)
    assert play.state.views["a"].attempts == 1


def test_a_verdict_that_cannot_be_had_is_never_a_pass_and_costs_the_work_no_attempt() -> None:
    play = Play(reviewed(max_attempts=1))
    play.end(GOOD)
    assert assigned(play.end(INVALID)) == [("reviewer-0", Purpose.REVIEW, 2)]
    play.end(INVALID)
    facts = play.end(INVALID)
    (failed,) = [fact for fact in facts if isinstance(fact, ItemFailed)]
    assert (failed.reason, failed.attempts) == (FailureKind.INVALID_ANSWER, 1)
    assert "no verdict: gates is missing" in failed.message


def test_failures_of_the_work_are_bounded_beside_the_reviews() -> None:
    play = Play(reviewed(max_attempts=10))
    for _ in range(4):
        play.send_back()
    play.end(INVALID)
    play.end(INVALID)
    play.send_back()
    facts = play.end(INVALID)
    assert [(fact.reason, fact.attempts) for fact in facts if isinstance(fact, ItemFailed)] == [
        (FailureKind.INVALID_ANSWER, 8)
    ]


@pytest.mark.parametrize("ends", [(), (GOOD,), (GOOD, SENT_BACK), (GOOD, SENT_BACK, GOOD), (GOOD, GONE)])
def test_a_driver_that_dies_anywhere_is_followed_by_one_that_goes_on_there(ends: tuple[Outcome, ...]) -> None:
    play = Play(reviewed())
    for outcome in ends:
        play.end(outcome)
    agents = {"executor-0", "reviewer-0"}
    held, before = play.task, play.state.views["a"].number
    play.new_driver()  # its agents have lost what they held
    assert (play.task.purpose, play.task.attempt, play.task.feedback) == (held.purpose, before, held.feedback)
    assert play.state.views["a"].agent in agents
    while play.tasks:
        play.end(GOOD if play.task.purpose is Purpose.WORK else PASSED)
    assert play.state.status is RunStatus.COMPLETED


def test_a_verdict_on_disk_whose_driver_died_before_it_said_so_is_not_asked_for_again() -> None:
    play = Play(reviewed())
    play.end(GOOD)
    play.journal.append(closed(play.task, PASSED).model_copy(update={"agent": "reviewer-0"}))
    facts = play.new_driver()
    assert [type(fact) for fact in facts if not isinstance(fact, RunFinished)] == [ItemAccepted]
    assert play.state.status is RunStatus.COMPLETED


def test_requirements_are_extracted_once_and_told_to_all_that_follow() -> None:
    play = Play(reviewed(extract=True))
    assert play.task.purpose is Purpose.EXTRACT
    assert assigned(play.end(REQUIREMENTS)) == [("executor-0", Purpose.WORK, 1)]
    assert play.task.requirements == ("It is blue.",)
    play.new_driver()
    assert (play.task.purpose, play.task.requirements) == (Purpose.WORK, ("It is blue.",))
    play.end(GOOD)
    assert (play.task.purpose, play.task.requirements) == (Purpose.REVIEW, ("It is blue.",))


def test_questions_block_the_item_until_the_answer_and_the_first_answer_counts() -> None:
    play = Play(Item(id="a", description="x", clarify=True))
    facts = play.end(QUESTIONS)
    assert [fact.reason for fact in facts if isinstance(fact, RunWaiting)] == ["a person is asked about a"]
    assert (play.stands(), play.state.views["a"].attempts) == (ItemState.BLOCKED, 0)
    assert play.say(AnswerGiven(run="r", target="a", epoch=7, text="another question's")) == []
    assert play.say(ApprovalGranted(run="r", target="a", epoch=1)) == [], "an answer is asked for"
    play.say(AnswerGiven(run="r", target="a", epoch=1, text="blue"))
    assert play.task.answers == (Answered(turn=1, call=1, questions=("Which colour?",), text="blue"),)
    assert play.say(AnswerGiven(run="r", target="a", epoch=1, text="red")) == []


@pytest.mark.parametrize("answered_first", [True, False])
def test_a_word_is_heard_also_while_no_driver_lives(answered_first: bool) -> None:
    play = Play(Item(id="a", description="x", clarify=True))
    play.end(QUESTIONS)
    if answered_first:
        play.journal.append(AnswerGiven(run="r", target="a", epoch=1, text="blue"))
        play.new_driver()
    else:
        play.new_driver()
        play.say(AnswerGiven(run="r", target="a", epoch=1, text="blue"))
    assert [said.text for said in play.task.answers] == ["blue"]


def test_an_item_that_needs_approval_begins_with_it_and_fails_without() -> None:
    play = Play(Item(id="a", description="x", approve=True), Item(id="b", description="x", dependencies=("a",)))
    assert not play.tasks
    assert play.stands() is ItemState.BLOCKED
    play.say(ApprovalGranted(run="r", target="a", epoch=0))
    assert play.task.item.id == "a"
    play = Play(Item(id="a", description="x", approve=True), Item(id="b", description="x", dependencies=("a",)))
    facts = play.say(ApprovalDenied(run="r", target="a", epoch=0, reason="too dear"))
    (failed,) = [fact for fact in facts if isinstance(fact, ItemFailed)]
    assert (failed.reason, failed.message) == (Ruling.DENIED, "a person denied it: too dear")
    assert play.state.status is RunStatus.COMPLETED_WITH_FAILURES


def test_a_word_that_is_read_before_the_driver_knows_its_own_question_is_not_lost() -> None:
    item = Item(id="a", description="x", approve=True)
    state = RunState("r", WorkGraph((item,)), "scripted")
    commands = [*state.start(1, AGENTS), *state.handle(*(AgentAttached(name, 1, 4) for name in AGENTS))]
    (asked,) = [one for one in commands if isinstance(one, Append)]
    state.handle(ApprovalGranted(run="r", target="a", epoch=0))
    tasks, _ = apply(state, [asked])
    assert [task.item.id for task in tasks] == ["a"]


@pytest.mark.parametrize("granted", [True, False])
def test_a_person_decides_about_the_last_result(granted: bool) -> None:
    play = Play(reviewed(max_attempts=1, on_exhausted=Exhausted.ASK))
    play.end(GOOD)
    play.end(SENT_BACK)
    play.new_driver()
    assert play.stands() is ItemState.BLOCKED
    word = ApprovalGranted if granted else ApprovalDenied
    facts = play.say(word(run="r", target="a", epoch=play.state.views["a"].epoch))
    assert [fact.passed for fact in facts if isinstance(fact, ItemAccepted)] == [False] * granted
    assert play.stands() is (ItemState.COMPLETE if granted else ItemState.FAILED)


def test_a_suspected_review_works_alone_and_is_quarantined_if_it_ends_its_agent_again() -> None:
    play = Play(reviewed())
    play.end(GOOD)
    play.end(Lost(message="crashed", suspect=True))
    assert (play.task.alone, play.task.purpose) == (True, Purpose.REVIEW)
    play.end(Lost(message="crashed", suspect=True))
    assert play.stands() is ItemState.QUARANTINED
