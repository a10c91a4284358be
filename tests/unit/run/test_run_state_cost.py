"""What a step of the run state costs, as a number of visited items: the event loop stands still meanwhile."""

from actors.events import CancelRequested, Event, ItemCancelled, ItemSkipped
from actors.work import Item, RunStatus
from cluster.run.commands import AgentAttached, Append, Command, Submit
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.runs import BAD, closed, executors

LENGTH = 4000


class Counted(dict[str, tuple[str, ...]]):
    """Counts the items whose dependents were looked up."""

    visited = 0

    def __getitem__(self, item: str) -> tuple[str, ...]:
        self.visited += 1
        return super().__getitem__(item)


def chain() -> tuple[RunState, list[Command], Counted]:
    """A run whose items wait for each other in one long row, with an agent."""
    work = WorkGraph(
        tuple(Item(id=f"i{n}", description="x", dependencies=(f"i{n - 1}",) * (n > 0)) for n in range(LENGTH))
    )
    counted = Counted(work.dependents)
    object.__setattr__(work, "dependents", counted)
    state = RunState("r", work, "m")
    commands = [*state.start(1, executors("a")), *state.handle(AgentAttached("a", 1, 1))]
    counted.visited = 0
    return state, commands, counted


def facts(commands: list[Command]) -> list[Event]:
    return [command.event for command in commands if isinstance(command, Append)]


def test_the_end_of_a_long_chain_visits_each_item_a_few_times_when_the_run_is_cancelled() -> None:
    state, owed, counted = chain()
    (submit,) = [c for c in state.handle(*facts(owed)) if isinstance(c, Submit)]
    cancelled = facts(state.handle(CancelRequested(run="r")))
    assert [type(fact) for fact in cancelled] == [ItemCancelled] * (LENGTH - 1)
    last = facts(state.handle(*cancelled, closed(submit.task, BAD)))
    state.handle(*facts(state.handle(*last)))
    assert state.status is RunStatus.CANCELLED
    assert counted.visited <= 4 * LENGTH


def test_the_end_of_a_long_chain_visits_each_item_a_few_times_when_its_first_item_fails() -> None:
    state, owed, counted = chain()
    (submit,) = [c for c in state.handle(*facts(owed)) if isinstance(c, Submit)]
    failed = facts(state.handle(closed(submit.task, BAD)))
    skipped = facts(state.handle(*failed))
    assert [type(fact) for fact in skipped] == [ItemSkipped] * (LENGTH - 1)
    state.handle(*facts(state.handle(*skipped)))
    assert state.status is RunStatus.COMPLETED_WITH_FAILURES
    assert counted.visited <= 4 * LENGTH


def test_a_driver_that_goes_on_after_half_of_the_skips_visits_each_item_a_few_times() -> None:
    first, owed, _ = chain()
    journal = facts(owed)
    (submit,) = [c for c in first.handle(*journal) if isinstance(c, Submit)]
    journal.append(closed(submit.task, BAD))
    failed = facts(first.handle(journal[-1]))
    journal += [*failed, *facts(first.handle(*failed))[: LENGTH // 2]]
    second, _, counted = chain()
    second = RunState("r", second.graph, "m")
    second.replay(journal)
    counted.visited = 0
    owed = second.start(2, executors("a"))
    assert [type(fact) for fact in facts(owed)] == [ItemSkipped] * (LENGTH - 1 - LENGTH // 2)
    assert counted.visited <= 4 * LENGTH
