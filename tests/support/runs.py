"""Building blocks for tests of the run state."""

from collections.abc import Iterable

from actors.events import Event, ItemClosed
from actors.work import Content, Failure, FailureKind, Item, Lost, Outcome, Result, Role, Task
from cluster.run.commands import AgentAttached, Append, Command, Submit
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.fakes import check

GOOD = Result(data=Content(text="done"), model="scripted")
BAD = Failure(reason=FailureKind.REFUSAL, message="no")
GONE = Lost(message="killed")


def graph(**dependencies: Iterable[str]) -> WorkGraph:
    return WorkGraph(tuple(Item(id=k, description=k, dependencies=tuple(v)) for k, v in dependencies.items()))


def executors(*names: str) -> dict[str, Role]:
    """Agents of the usual role."""
    return dict.fromkeys(names, Role.EXECUTOR)


def started(work: WorkGraph, concurrency: int = 10) -> tuple[RunState, list[Command]]:
    state = RunState("r", work, "scripted")
    return state, [*state.start(1, executors("a")), *state.handle(AgentAttached("a", 1, concurrency))]


def apply(state: RunState, commands: Iterable[Command]) -> tuple[list[Task], list[Event]]:
    """Put every append on 'disk' until nothing is owed; the tasks that went out and the facts that went in."""
    owed, tasks, facts = list(commands), [], []
    while owed:
        command = owed.pop(0)
        match command:
            case Append(event):
                facts.append(event)
                owed += state.handle(event)
            case Submit(_, task):
                tasks.append(task)
        check(state)
    return tasks, facts


def closed(task: Task, outcome: Outcome, agent: str = "a") -> ItemClosed:
    return ItemClosed(
        run=task.run,
        item=task.item.id,
        epoch=task.epoch,
        attempt=task.attempt,
        agent=agent,
        generation=1,
        outcome=outcome,
    )


def suspected(commands: list[Command]) -> set[str]:
    """Items that are closed as lost and are suspects."""
    events = [command.event for command in commands if isinstance(command, Append)]
    return {e.item for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Lost) and e.outcome.suspect}
