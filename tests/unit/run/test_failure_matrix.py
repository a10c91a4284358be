"""Every class of failure through a real driver: how the item ends, what is charged to it, what the journal says."""

import asyncio
from typing import NamedTuple

import pytest

from actors.errors import (
    AnswerCutOff,
    AnswerInvalid,
    AnswerRefused,
    BudgetExhausted,
    ContextTooLong,
    CredentialsRefused,
    ModelFaulty,
    ModelMissing,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
)
from actors.events import (
    ContinueRequested,
    ItemAssigned,
    ItemClosed,
    ItemFailed,
    ItemSkipped,
    ModelAvailable,
    ModelUnavailable,
    RunPaused,
    RunResumed,
    RunWaiting,
)
from actors.vocabulary.failures import ATTEMPTS, CLASSES, REQUEUES
from actors.work import Failure, FailureKind, RunStatus
from cluster.driving.driver import Driver
from tests.support.failing import LIMIT_S, Journal, drive, failing, item
from tests.support.fakes import FakeModel, LocalAgent, accepted

K = FailureKind


class Row(NamedTuple):
    """What a model does and what becomes of the item, if it always does that."""

    error: BaseException | None
    """None: it never answers."""
    attempts: int
    """Charged."""
    closings: int


ALWAYS = {
    K.RATE_LIMITED: Row(RateLimited("slower"), 0, REQUEUES + 1),
    K.OVERLOADED: Row(Overloaded("overloaded"), 0, REQUEUES + 1),
    K.TRANSIENT: Row(ModelFaulty("reset"), 0, REQUEUES + 1),
    K.CONTEXT_TOO_LONG: Row(ContextTooLong("too long"), 1, 1),
    K.BAD_REQUEST: Row(RequestRefused("malformed"), 1, 1),
    K.REFUSAL: Row(AnswerRefused("cyber"), 1, 1),
    K.CUT_OFF: Row(AnswerCutOff("max_tokens"), 1, 1),
    K.INVALID_ANSWER: Row(AnswerInvalid("no JSON"), ATTEMPTS, ATTEMPTS),
    K.TIMEOUT: Row(None, ATTEMPTS, ATTEMPTS),
    K.AGENT_FAULT: Row(KeyError("x"), ATTEMPTS, ATTEMPTS),
}
HELD = {
    K.QUOTA: QuotaExhausted("spent"),
    K.CREDENTIALS: CredentialsRefused("401"),
    K.NO_MODEL: ModelMissing("none"),
    K.BUDGET: BudgetExhausted("dear"),
}
"""These never end an item."""

ANSWERS = {kind: row.error for kind, row in ALWAYS.items()} | HELD


def test_the_matrix_has_every_kind() -> None:
    assert set(ALWAYS) | set(HELD) == set(FailureKind) == set(CLASSES)


@pytest.mark.parametrize("kind", ALWAYS)
async def test_an_item_that_always_fails_so_ends_as_the_table_says(kind: FailureKind) -> None:
    journal, row = Journal(), ALWAYS[kind]
    agent = LocalAgent("e0", journal.store, failing(row.error))
    assert await drive(journal, [item("a"), item("b", "a")], agent) is RunStatus.COMPLETED_WITH_FAILURES
    outcomes = [closing.outcome for closing in journal.closings()]
    assert [o.reason for o in outcomes if isinstance(o, Failure)] == [kind] * row.closings
    (end,) = [e for e in journal.store.journal if isinstance(e, ItemFailed)]
    assert (end.item, end.reason, end.attempts) == ("a", kind, row.attempts)
    assert end.message == outcomes[-1].message  # type: ignore[union-attr]  # every one is a failure
    assert [e.cause for e in journal.store.journal if isinstance(e, ItemSkipped)] == ["a"]
    again = [None, *[kind] * (row.closings - 1)]
    assert [e.after for e in journal.assigned()] == again
    numbers = range(1, row.closings + 1) if row.attempts else [1] * row.closings
    assert [e.attempt for e in journal.assigned()] == list(numbers)


@pytest.mark.parametrize("kind", [kind for kind, row in CLASSES.items() if row.attempts != 1 and not row.pauses])
async def test_an_item_that_fails_so_once_completes_and_is_charged_as_the_table_says(kind: FailureKind) -> None:
    journal = Journal()
    agent = LocalAgent("e0", journal.store, failing(ANSWERS[kind], times=1))
    assert await drive(journal, [item("a"), item("b", "a")], agent) is RunStatus.COMPLETED
    first, second = journal.closings()
    assert (first.outcome.kind, second.outcome.kind) == ("failure", "result")
    assert (first.attempt, second.attempt) == (1, 2 if CLASSES[kind].attempts else 1)


@pytest.mark.parametrize("kind", [K.QUOTA, K.CREDENTIALS])
async def test_what_only_a_person_can_mend_pauses_the_run_until_it_is_continued(kind: FailureKind) -> None:
    journal = Journal()
    agent = LocalAgent("e0", journal.store, failing(HELD[kind], times=1))

    async def mended() -> None:
        await journal.until(lambda event: isinstance(event, RunPaused))
        assert [type(e) for e in journal.store.journal[-2:]] == [ItemClosed, RunPaused], "nothing new was assigned"
        await journal.say(ContinueRequested(run="r"))

    assert await drive(journal, [item("a"), item("b", "a")], agent, meanwhile=mended()) is RunStatus.COMPLETED
    (pause,) = [e for e in journal.store.journal if isinstance(e, RunPaused)]
    assert pause.reason == kind.value
    assert [e.attempt for e in journal.assigned()] == [1, 1]


async def test_a_run_that_was_paused_for_a_quota_stays_so_under_its_next_driver() -> None:
    journal = Journal()
    agent = LocalAgent("e0", journal.store, failing(QuotaExhausted("spent"), times=1))
    record = await accepted(journal.store, item("a"))
    first = asyncio.create_task(Driver(record, journal.store, {"e0": agent}, "first").drive())
    await journal.until(lambda event: isinstance(event, RunPaused))
    first.cancel()
    await asyncio.wait([first])
    second = Driver(await journal.store.run("r"), journal.store, {"e0": agent}, "second")
    driving = asyncio.create_task(second.drive())
    await journal.until(lambda event: event.type == "run_started" and event.term == 2)
    async with asyncio.timeout(LIMIT_S):
        while not second.paused:
            await asyncio.sleep(0.01)
        assert len(journal.assigned()) == 1
        await journal.say(ContinueRequested(run="r"))
        assert await driving is RunStatus.COMPLETED
    await agent.stop()


async def test_without_a_model_an_item_is_never_charged_and_never_given_up() -> None:
    journal = Journal()
    agent = LocalAgent("e0", journal.store, failing(HELD[K.NO_MODEL], times=4 * REQUEUES))
    assert await drive(journal, [item("a")], agent) is RunStatus.COMPLETED
    assert len(journal.closings()) == 4 * REQUEUES + 1
    assert {e.attempt for e in journal.assigned()} == {1}


async def test_a_run_waits_for_a_model_that_is_unavailable_and_goes_on_by_itself() -> None:
    journal = Journal()
    agent = LocalAgent("e0", journal.store, FakeModel())

    async def back() -> None:
        await journal.until(lambda event: isinstance(event, RunWaiting))
        assert not journal.assigned()
        await journal.say(ModelAvailable(model="fake", probe=True))

    await journal.say(ModelUnavailable(model="fake", reason="no such host"))
    items = [item(name) for name in "abcd"]
    assert await drive(journal, items, agent, meanwhile=back()) is RunStatus.COMPLETED
    (wait,) = [e for e in journal.store.journal if isinstance(e, RunWaiting)]
    assert wait.reason == "model fake is unavailable: no such host"
    told = [e.type for e in journal.store.journal if isinstance(e, (RunResumed, ItemAssigned, ItemClosed))]
    assert told[:4] == ["run_resumed", "item_assigned", "item_closed", "item_assigned"], "one goes first, alone"
    assert told[4] == "item_assigned", "then all"


async def test_another_agent_gets_the_next_attempt_after_a_fault() -> None:
    journal = Journal()
    agents = [LocalAgent(f"e{n}", journal.store, failing(KeyError("x"), times=2), 1) for n in range(2)]
    assert await drive(journal, [item("a")], *agents) is RunStatus.COMPLETED_WITH_FAILURES
    first, second, third = [e.agent for e in journal.assigned()]
    assert first == third != second
