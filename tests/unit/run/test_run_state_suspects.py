"""Agents that die with items: who is suspect, who works alone, who is quarantined, and who is not."""

from actors.events import AgentFailed, AgentStarted, Event, ItemAssigned, ItemClosed, ItemQuarantined, ItemStarted
from actors.vocabulary.failures import ATTEMPTS
from actors.work import Failure, FailureKind, ItemState, Lost, Role, Task
from cluster.run.commands import AgentAttached, Append, Command
from cluster.run.gone import outcomes, suspects
from cluster.run.item_view import ItemView
from cluster.run.state import RunState
from tests.support.runs import GOOD, apply, closed, executors, graph, started, suspected

FAULT = Failure(reason=FailureKind.AGENT_FAULT, message="boom", seconds=100.0)
RESET = Failure(reason=FailureKind.TRANSIENT, message="reset")


def began(task: Task, agent: str = "a") -> ItemStarted:
    return ItemStarted(run="r", item=task.item.id, epoch=task.epoch, agent=agent, generation=1)


def died(state: RunState, concurrency: int = 10, agent: str = "a") -> list[Command]:
    """The agent is back, and nobody knows why its process died."""
    return state.handle(AgentAttached(agent, 2, concurrency, explained=False))


def alone(facts: list[Event]) -> list[str]:
    return [fact.item for fact in facts if isinstance(fact, ItemAssigned) and fact.alone]


def view(*, begun: bool = False, is_alone: bool = False) -> ItemView:
    made = ItemView(0, 0)
    made.started, made.alone = begun, is_alone
    return made


def test_suspect_are_those_whose_start_is_on_disk_and_as_many_more_as_may_have_been_at_work() -> None:
    gone = [("one", view()), ("two", view(begun=True)), ("three", view()), ("four", view())]
    assert suspects(gone, 1) == {"two"}
    assert suspects(gone, 2) == {"one", "two"}
    assert suspects(gone, 3) == {"one", "two", "three"}
    assert suspects(gone, 10) == {"one", "two", "three", "four"}


def test_one_that_worked_alone_is_the_only_suspect_and_one_that_was_to_is_none() -> None:
    others = [("one", view()), ("two", view(begun=True))]
    assert suspects([*others, ("solo", view(begun=True, is_alone=True))], 10) == {"solo"}
    assert suspects([*others, ("solo", view(is_alone=True))], 10) == {"one", "two"}


def test_the_guilty_are_no_suspects_and_take_no_place_among_them() -> None:
    back = AgentAttached("a", 3, 2, explained=False, guilty={("late", 0): "went on after its timeout"})
    gone = [("late", view(begun=True), "m"), ("one", view(), "m"), ("two", view(), "m"), ("three", view(), "m")]
    ends = {id_: outcome for id_, _, outcome in outcomes(back, gone)}
    assert isinstance(ends["late"], Failure)
    assert [id_ for id_, end in ends.items() if isinstance(end, Lost) and end.suspect] == ["one", "two"]


def test_suspects_work_alone_one_after_the_other_and_the_others_beside_each_other() -> None:
    state, commands = started(graph(one=[], two=[], three=[], four=[]))
    tasks, _ = apply(state, commands)
    for task in tasks[:2]:
        state.handle(began(task))
    tasks, facts = apply(state, died(state, concurrency=2))
    assert alone(facts) == ["one"]
    assert [task.item.id for task in tasks] == ["one"], "nothing goes to an agent beside it"
    assert tasks[0].alone
    tasks, facts = apply(state, state.handle(closed(tasks[0], GOOD)))
    assert (alone(facts), [task.item.id for task in tasks]) == (["two"], ["two"])
    tasks, facts = apply(state, state.handle(closed(tasks[0], FAULT)))
    assert {task.item.id for task in tasks} == {"two", "three"}, "its charged failure cleared the other"
    assert not alone(facts)


def fleet(*agents: str, **dependencies: list[str]) -> tuple[RunState, list[Event], dict[str, Task]]:
    """A run with these executors of two slots each, all attached; each item's task."""
    state = RunState("r", graph(**dependencies), "scripted")
    commands = state.start(1, executors(*agents))
    for agent in agents:
        commands += state.handle(AgentAttached(agent, 1, 2))
    tasks, facts = apply(state, commands)
    return state, facts, {task.item.id: task for task in tasks}


def test_while_others_wait_half_of_the_agents_try_suspects_and_all_of_them_once_nothing_else_is_ready() -> None:
    wide = {f"i{n}": list[str]() for n in range(8)}
    state, facts, tasks = fleet("a", "b", **wide)
    of_a = [fact.item for fact in facts if isinstance(fact, ItemAssigned) and fact.agent == "a"]
    for item in of_a:
        state.handle(began(tasks[item]))
    given, facts = apply(state, died(state, concurrency=2))
    assert len(alone(facts)) == 1, "the other agent goes on with what nobody suspects"
    tasks |= {task.item.id: task for task in given}
    rest = [id_ for id_ in wide if id_ not in of_a]
    while rest:
        item = next(id_ for id_ in rest if id_ in tasks)
        rest.remove(item)
        given, facts = apply(state, state.handle(closed(tasks[item], GOOD, "b")))
        tasks |= {task.item.id: task for task in given}
    assert len(alone(facts)) == 1
    assert {view.agent for view in state.views.values() if view.state is ItemState.ACTIVE} == {"a", "b"}


def test_a_second_suspect_does_not_wait_for_what_an_agent_works_on() -> None:
    state, facts, tasks = fleet("a", "b", "c", one=[], two=[], three=[], four=[], five=[], six=[])
    of_a = [fact.item for fact in facts if isinstance(fact, ItemAssigned) and fact.agent == "a"]
    for item in of_a:
        state.handle(began(tasks[item]))
    _, facts = apply(state, died(state, concurrency=2))
    assert [fact.agent for fact in facts if isinstance(fact, ItemAssigned)] == ["a"], "b and c are at work"


def test_a_suspect_that_its_agent_loses_again_without_a_reason_is_quarantined() -> None:
    state, commands = started(graph(one=[], two=["one"]))
    apply(state, commands)
    (task,), _ = apply(state, died(state))
    state.handle(began(task))
    tasks, facts = apply(state, died(state))
    assert not tasks
    (end,) = [fact for fact in facts if isinstance(fact, ItemQuarantined)]
    assert end.item == "one"
    assert state.tally()["skipped"] == 1
    assert state.finished


def test_a_suspect_whose_agent_is_ended_by_order_stays_one_and_is_not_quarantined() -> None:
    state, commands = started(graph(one=[]))
    apply(state, commands)
    (task,), _ = apply(state, died(state))
    state.handle(began(task))
    (again,), facts = apply(state, state.handle(AgentAttached("a", 3, 10)))
    assert (again.alone, alone(facts)) == (True, ["one"])


def test_an_uncharged_failure_leaves_a_suspect_suspect_and_a_charged_one_clears_it() -> None:
    state, commands = started(graph(one=[]))
    apply(state, commands)
    (task,), _ = apply(state, died(state))
    (task,), _ = apply(state, state.handle(closed(task, RESET)))
    assert task.alone
    (task,), _ = apply(state, state.handle(closed(task, FAULT)))
    assert not task.alone


def test_a_lost_suspect_that_was_never_at_work_alone_gets_another_attempt() -> None:
    state, commands = started(graph(one=[]))
    apply(state, commands)
    apply(state, died(state))
    (again,), _ = apply(state, died(state))
    assert again.alone, "its start is not on disk: it waited for its turn"


def test_an_attempt_that_its_agent_was_ended_for_is_charged_and_its_neighbours_are_not_suspect() -> None:
    state, commands = started(graph(one=[], two=[]))
    (one, _), _ = apply(state, commands)
    for attempt in range(1, ATTEMPTS + 1):
        guilty = {("one", one.epoch): "it went on after its timeout"}
        closings = state.handle(AgentAttached("a", attempt + 1, 10, explained=True, guilty=guilty))
        assert not suspected(closings)
        tasks, _ = apply(state, closings)
        one = next((task for task in tasks if task.item.id == "one"), one)
    assert state.views["one"].attempts == ATTEMPTS
    assert state.tally()["failed"] == 1
    assert state.views["two"].attempts == 0


def test_the_next_attempt_after_a_fault_goes_to_another_agent_if_that_has_room() -> None:
    state = RunState("r", graph(one=[], two=[]), "scripted")
    commands = [*state.start(1, executors("a", "b")), *state.handle(AgentAttached("a", 1, 1), AgentAttached("b", 1, 1))]
    (one, two), _ = apply(state, commands)
    at = {fact: state.views[fact].agent for fact in ("one", "two")}
    (again,), _ = apply(state, state.handle(closed(one, FAULT)))
    assert (again.item.id, state.views["one"].agent) == ("one", at["one"]), "the other is busy"
    state.handle(closed(two, GOOD))
    apply(state, state.handle(closed(again, FAULT)))
    assert state.views["one"].agent == at["two"]


def test_what_a_failed_agent_had_is_lost_and_goes_to_its_sibling() -> None:
    state = RunState("r", graph(one=[], two=[]), "scripted")
    attached = AgentAttached("a", 1, 10), AgentAttached("b", 1, 10)
    commands = [*state.start(1, executors("a", "b")), *state.handle(*attached)]
    apply(state, commands)
    lost = [id_ for id_, item in state.views.items() if item.agent == "a"]
    closings = state.handle(AgentFailed(agent="a", reason="4 restarts in 60 s"))
    assert not suspected(closings)
    tasks, _ = apply(state, closings)
    assert [task.item.id for task in tasks] == lost
    assert {item.agent for item in state.views.values()} == {"b"}


def test_an_agent_that_failed_takes_no_work_until_it_is_attached_again() -> None:
    state, commands = started(graph(one=[], two=["one"]))
    (one,), _ = apply(state, commands)
    tasks, _ = apply(state, state.handle(closed(one, GOOD), AgentFailed(agent="a", reason="too often")))
    assert not tasks
    reset = AgentStarted(agent="a", role=Role.EXECUTOR, generation=2, pid=1, node="n")
    assert apply(state, state.handle(reset))[0] == []
    tasks, _ = apply(state, state.handle(AgentAttached("a", 2, 1)))
    assert [task.item.id for task in tasks] == ["two"]


def test_a_failure_that_is_read_after_its_next_process_was_attached_ends_nothing_for_good() -> None:
    state, commands = started(graph(one=[]))
    apply(state, commands)
    apply(state, state.handle(AgentAttached("a", 2, 1, frozenset({("one", 1)}))))
    tasks, _ = apply(state, state.handle(AgentFailed(agent="a", reason="too often")))
    assert not tasks
    reset = AgentStarted(agent="a", role=Role.EXECUTOR, generation=2, pid=1, node="n")
    (task,), _ = apply(state, state.handle(reset))
    assert (task.item.id, task.epoch) == ("one", 2)


def test_an_assignment_that_was_on_its_way_to_an_agent_that_failed_is_lost() -> None:
    state, commands = started(graph(one=[]))
    (assignment,) = [c for c in commands if isinstance(c, Append)]
    state.handle(AgentFailed(agent="a", reason="too often"))
    (lost,) = state.handle(assignment.event)
    assert isinstance(lost, Append)
    assert isinstance(lost.event, ItemClosed)
    assert not suspected([lost])


def test_a_new_driver_knows_suspects_and_owes_what_the_one_before_did_not_say() -> None:
    work = graph(one=[], two=[])
    state, commands = started(work)
    tasks, facts = apply(state, commands)
    (first, second) = (command.event for command in died(state) if isinstance(command, Append))
    after = RunState("r", work, "scripted")
    after.replay([*facts, first, second])
    tasks, more = apply(after, [*after.start(2, executors("a")), *after.handle(AgentAttached("a", 2, 4))])
    assert (len(tasks), alone(more)) == (1, ["one"])
    start = began(tasks[0])
    state_of_poison = [*facts, first, second, *more, start]
    third = RunState("r", work, "scripted")
    third.replay(state_of_poison)
    third.start(3, executors("a"))
    (loss,) = [c.event for c in died(third) if isinstance(c, Append) and isinstance(c.event, ItemClosed)]
    fourth = RunState("r", work, "scripted")
    fourth.replay([*state_of_poison, loss])
    _, owed = apply(fourth, fourth.start(4, executors("a")))
    assert [type(fact) for fact in owed] == [ItemQuarantined]
