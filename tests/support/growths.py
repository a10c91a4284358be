"""A run state beside its journal, for tests of runs that grow: its driver may die between any two facts."""

import json
from collections.abc import Callable, Mapping
from random import Random

from actors.events import Event, ItemJoined, RunAccepted, TurnDone
from actors.vocabulary.limits import Limits
from actors.work import Content, Grows, Item, ItemState, Outcome, Result, Role, Task
from cluster.run.commands import AgentAttached, Append, Command, Fetch, Fetched, Submit
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.fakes import check
from tests.support.runs import closed

AGENTS = {"a": Role.EXECUTOR, "o": Role.ORCHESTRATOR}

Answer = Outcome | Callable[[Task], Outcome]


class Grown:
    """One run, driven to its end by as many drivers as it takes."""

    def __init__(self, *items: Item, limits: Limits | None = None) -> None:
        self.plan, self.tasks, self.texts = items, list[Task](), dict[str, str]()
        self.journal: list[Event] = [
            RunAccepted(run="r", name="n", items=len(items), digest="d", model="fake", limits=limits or Limits())
        ]

    def drive(self, answers: Mapping[str, Answer], rng: Random | None = None, kills: int = 0) -> RunState:
        """To the end. An item without an answer answers its id. The driver dies `kills` times, with all it owed."""
        term, state = 1, self._replayed()
        owed = self._start(state, term, set())
        while owed:
            if rng and kills and rng.random() < 0.2:
                kills, term, state = kills - 1, term + 1, self._replayed()
                held = {task for task in self._open(state) if rng.random() < 0.5}
                owed = self._start(state, term, {(id_, epoch) for id_, epoch in held})
                owed += [event for one in sorted(held) for event in self._work(self._task(*one), answers)]
                continue
            owed += self._carry_out(state, owed.pop(0), answers)
            check(state)
        return state

    def _replayed(self) -> RunState:
        state = RunState("r", WorkGraph(self.plan), "fake")
        state.replay(self.journal)
        return state

    def _start(self, state: RunState, term: int, held: set[tuple[str, int]]) -> list[Command]:
        there = [AgentAttached(name, term, 8, frozenset(held)) for name in AGENTS]
        return [*state.start(term, AGENTS), *state.handle(*there)]

    def _open(self, state: RunState) -> list[tuple[str, int]]:
        """Attempts that an agent has got and not closed."""
        active = [(id_, view.epoch) for id_, view in state.views.items() if view.state is ItemState.ACTIVE]
        return [one for one in active if any((task.item.id, task.epoch) == one for task in self.tasks)]

    def _task(self, item: str, epoch: int) -> Task:
        return next(task for task in self.tasks if (task.item.id, task.epoch) == (item, epoch))

    def _carry_out(self, state: RunState, command: Command, answers: Mapping[str, Answer]) -> list[Command]:
        match command:
            case Append(event, payloads):
                self.journal.append(event)
                self.texts.update(payloads)
                return state.handle(event)
            case Fetch(item, contents):
                texts = (c.text if c.ref is None else self.texts[c.ref] for c in contents)
                return state.handle(Fetched(item, tuple(text or "" for text in texts)))
            case Submit(_, task):
                self.tasks.append(task)
                return self._work(task, answers)
        return []

    def _work(self, task: Task, answers: Mapping[str, Answer]) -> list[Command]:
        """What the agent says of the task; a turn that it said before its driver died is not said again."""
        answer = answers.get(task.item.id, Result(data=Content(text=task.item.id), model="fake"))
        outcome = answer(task) if callable(answer) else answer
        if not isinstance(outcome, Grows):
            return [Append(closed(task, outcome))]
        turn = outcome.wants[0].turn
        said = TurnDone(
            run="r", item=task.item.id, epoch=task.epoch, agent="a", turn=turn, said=Content(text="{}"), model="fake"
        )
        known = any(isinstance(e, TurnDone) and (e.item, e.turn) == (said.item, turn) for e in self.journal)
        return [*([] if known else [Append(said)]), Append(closed(task, outcome))]

    def joined(self, item: str = "each") -> object:
        """The list that the item ended with."""
        (event,) = [e for e in self.journal if isinstance(e, ItemJoined) and e.item == item]
        data = event.outcome.data
        return json.loads((data.text if data.ref is None else self.texts[data.ref]) or "")
