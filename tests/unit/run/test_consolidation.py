"""What several reviews found is made one text between the attempts: by whom, once, and never in the way of the work."""

import pytest

from actors.events import AgentFailed, Event, ItemAssigned
from actors.vocabulary.review import Purpose, Ruling
from actors.work import Failure, FailureKind, Item, ItemState, Lost, Outcome, Role, RunStatus
from cluster.cli.way import helpers_of
from tests.support.reviews import CONSOLIDATED, reviewed, verdict
from tests.support.runs import GONE, GOOD
from tests.unit.run.test_review_loop import AGENTS, Play, assigned

WITH_OPTIMIZER = {**AGENTS, "optimizer-0": Role.OPTIMIZER}
PASSED = verdict(passed=True)
REFUSED = Failure(reason=FailureKind.REFUSAL, message="no")
FAULT = Failure(reason=FailureKind.AGENT_FAULT, message="KeyError")
CRASHED = Lost(message="crashed", suspect=True)
GIVEN_UP = AgentFailed(agent="optimizer-0", reason="restarted too often")


def sent_back_twice(item: Item | None = None, *, optimizer: bool = True) -> Play:
    play = Play(item or reviewed(max_attempts=4), agents=WITH_OPTIMIZER if optimizer else AGENTS)
    play.send_back()
    play.end(GOOD)
    play.end(verdict(passed=False))
    return play


def after(facts: list[Event]) -> list[object]:
    return [fact.after for fact in facts if isinstance(fact, ItemAssigned)]


def test_an_optimizer_does_it_once_before_the_next_attempt() -> None:
    play = sent_back_twice()
    assert (play.task.purpose, play.state.views["a"].agent) == (Purpose.CONSOLIDATE, "optimizer-0")
    assert (play.task.attempt, len(play.task.feedback), play.task.turns) == (1, 2, ())
    facts = play.end(CONSOLIDATED)
    assert assigned(facts) == [("executor-0", Purpose.WORK, 3)]
    assert after(facts) == [Ruling.REVIEW_FAILED]
    assert play.task.consolidated == CONSOLIDATED.text
    play.end(GONE)
    assert (play.task.purpose, play.task.consolidated) == (Purpose.WORK, CONSOLIDATED.text), "it is paid for once"
    play.end(GOOD)
    assert assigned(play.end(verdict(passed=False))) == [("optimizer-0", Purpose.CONSOLIDATE, 1)], "of three now"
    assert play.task.consolidated is None
    play.end(CONSOLIDATED)
    play.end(GOOD)
    play.end(PASSED)
    assert play.state.status is RunStatus.COMPLETED


def test_the_retry_is_told_with_the_work_and_not_with_the_step_before_it() -> None:
    play = sent_back_twice()
    told = [event.after for event in play.journal if isinstance(event, ItemAssigned)]
    assert told == [None, None, Ruling.REVIEW_FAILED, None, None]


def test_after_one_review_and_after_the_last_there_is_nothing_to_make_one_text_of() -> None:
    play = Play(reviewed(max_attempts=2), agents=WITH_OPTIMIZER)
    play.send_back()
    assert play.task.purpose is Purpose.WORK
    play.end(GOOD)
    play.end(verdict(passed=False))
    assert play.state.status is RunStatus.COMPLETED_WITH_FAILURES
    assert all(event.purpose is not Purpose.CONSOLIDATE for event in play.journal if isinstance(event, ItemAssigned))


@pytest.mark.parametrize("ends", [(REFUSED,), (FAULT, FAULT, FAULT), (CRASHED, CRASHED)])
def test_if_nobody_can_the_work_goes_on_without(ends: tuple[Outcome, ...]) -> None:
    play = sent_back_twice()
    for outcome in ends:
        assert play.task.purpose is Purpose.CONSOLIDATE
        facts = play.end(outcome)
    assert assigned(facts) == [("executor-0", Purpose.WORK, 3)]
    assert after(facts) == [Ruling.REVIEW_FAILED]
    assert (play.task.consolidated, play.task.alone, len(play.task.feedback)) == (None, False, 2)
    play.end(FAULT)
    play.end(FAULT)
    assert play.stands() is ItemState.ACTIVE, "the work has its own three attempts"


@pytest.mark.parametrize("ends", [(), (GONE,), (CRASHED,), (FAULT,), (CONSOLIDATED,), (REFUSED,)])
def test_a_driver_that_dies_anywhere_is_followed_by_one_that_goes_on_there(ends: tuple[Outcome, ...]) -> None:
    play = sent_back_twice()
    for outcome in ends:
        play.end(outcome)
    held = play.task
    play.new_driver()  # its agents have lost what they held
    told = (play.task.purpose, play.task.attempt, play.task.consolidated)
    assert told == (held.purpose, held.attempt, held.consolidated)
    if play.task.purpose is Purpose.CONSOLIDATE:
        play.end(CONSOLIDATED)
    play.end(GOOD)
    play.end(PASSED)
    assert play.state.status is RunStatus.COMPLETED


def test_a_text_on_disk_whose_driver_died_before_it_read_it_is_not_made_again() -> None:
    play = sent_back_twice()
    play.end(CONSOLIDATED)
    before, play.journal = play.journal, play.journal[:-1]  # the assignment that followed did not get there
    play.new_driver()
    assert isinstance(before[-1], ItemAssigned)
    assert (play.task.purpose, play.task.consolidated) == (Purpose.WORK, CONSOLIDATED.text)


def test_a_fleet_without_an_optimizer_has_an_agent_of_the_items_role_do_it() -> None:
    play = sent_back_twice(optimizer=False)
    assert (play.task.purpose, play.state.views["a"].agent) == (Purpose.CONSOLIDATE, "executor-0")


def test_an_optimizer_that_is_given_up_while_the_item_waits_for_it_is_not_waited_for() -> None:
    play = sent_back_twice()
    facts = play.say(GIVEN_UP)
    assert assigned(facts) == [("executor-0", Purpose.CONSOLIDATE, 1)], "the attempt that it held is lost"
    play.end(CONSOLIDATED)
    assert play.task.purpose is Purpose.WORK


def test_a_busy_optimizer_is_waited_for_and_one_that_is_given_up_meanwhile_is_not() -> None:
    others = [Item(id=f"o{n}", description="x", agent=Role.OPTIMIZER) for n in range(4)]
    play = Play(reviewed(max_attempts=4), *others, agents=WITH_OPTIMIZER)
    play.tasks = [task for task in play.tasks if task.item.id == "a"]
    play.send_back()
    play.end(GOOD)
    play.end(verdict(passed=False))
    assert play.stands() is ItemState.READY, "the optimizer has no room"
    facts = play.say(GIVEN_UP)
    assert ("executor-0", Purpose.CONSOLIDATE, 1) in assigned(facts)


def test_an_embedded_fleet_is_asked_for_an_optimizer_where_there_may_be_several_reviews() -> None:
    assert helpers_of([reviewed(max_attempts=3), Item(id="b", description="x")]) == {Role.OPTIMIZER}
    assert helpers_of([reviewed(max_attempts=2), Item(id="b", description="x")]) == set()


def test_an_item_with_files_does_not_wait_for_its_node_to_have_it_done() -> None:
    play = sent_back_twice(reviewed(max_attempts=4, tools=("files:write",)))
    assert play.state.views["a"].agent == "optimizer-0"


def test_a_journal_from_before_there_was_such_a_thing_goes_on() -> None:
    play = sent_back_twice()
    new = play.journal.pop()
    assert isinstance(new, ItemAssigned)
    play.journal.append(new.model_copy(update={"purpose": Purpose.WORK, "agent": "executor-0", "attempt": 3}))
    play.new_driver()
    assert (play.task.purpose, play.task.attempt) == (Purpose.WORK, 3)
