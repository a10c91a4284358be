"""What became of each run of a campaign: read from its journal when all is over, and held against what was promised."""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from actors.events import (
    AgentStarted,
    Event,
    ItemAssigned,
    ItemClosed,
    ItemFailed,
    ItemQuarantined,
    ItemSkipped,
    RunStarted,
    completed,
)
from actors.stores.inspection import inspect
from actors.stores.reader import Reader
from actors.tools.capability import SUBAGENTS
from actors.tools.workspace import workspace_of
from actors.work import TERMINAL, Failure, Item, Lost, Result, RunStatus
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.campaign.lines import Asked
from tests.campaign.model import CampaignModel
from tests.campaign.plans import Plan
from tests.campaign.story import finished_at
from tests.simulation.checker import Checker
from tests.support.fakes import check


def is_known(item: Item) -> bool:
    """Whether the simulation's checker knows everything that can become of it."""
    grows = item.foreach or item.expand or item.parent or SUBAGENTS in item.tools
    return not (grows or item.extract or item.clarify or item.approve)


@dataclass
class Judged:
    """Sums over all runs; every text says which run and item."""

    items: int = 0
    done: int = 0
    lost: list[str] = field(default_factory=list)
    """Accepted items without an end."""
    twice: list[str] = field(default_factory=list)
    """Items with more than one result."""
    again: list[str] = field(default_factory=list)
    """Calls for something that was finished and on disk."""
    false: list[str] = field(default_factory=list)
    """Results that no model gave, and items that failed although nothing but the infrastructure did."""
    poison: list[str] = field(default_factory=list)
    """Items that were alone with an agent that was struck, and had been with one before: taken for poison."""
    violations: list[str] = field(default_factory=list)
    paid_twice: int = 0
    """Answers beyond the first to the same question."""
    attempts_lost: int = 0

    @property
    def wrong(self) -> list[str]:
        """Everything that must not be."""
        return [*self.lost, *self.twice, *self.again, *self.false, *self.violations]


class Journal(Protocol):
    """What is read of a store; see Reader."""

    def events(self, run: str, /) -> list[Event]:
        """Of the run with this key, and of the fleet."""
        ...

    def items(self, run: str, /) -> tuple[Item, ...]:
        """Those that the run has by now."""
        ...

    def payloads(self, refs: Collection[str], /) -> dict[str, str]:
        """Long texts."""
        ...


class Judge:
    """Judges one run after the other. `struck`: (agent, generation) of processes that a signal was sent to."""

    def __init__(
        self, reader: Journal, model: CampaignModel, struck: Collection[tuple[str, int]], home: Path = Path()
    ) -> None:
        self._reader, self._model, self._struck, self._home = reader, model, struck, home
        self.judged = Judged()

    def run(self, plan: Plan) -> None:
        """Take this one in."""
        told = self._reader.events(plan.key)
        events = [event for event in told if event.run]
        state = self._replay(plan, events)
        judged = self.judged
        judged.items += len(state.views)
        judged.done += sum(view.state in TERMINAL for view in state.views.values())
        judged.lost += [f"{plan.key} {id_}: {v.state}" for id_, v in state.views.items() if v.state not in TERMINAL]
        if state.status not in (RunStatus.COMPLETED, RunStatus.COMPLETED_WITH_FAILURES):
            judged.lost.append(f"{plan.key}: {state.status.value}")
        self._results(plan, events)
        self._failures(plan, told)
        lost = Counter(e.item for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Lost | Failure))
        self._calls(plan, events, lost)
        self._files(plan, workspace_of(self._home, events[0].run), lost)

    def _replay(self, plan: Plan, events: list[Event]) -> RunState:
        items = self._reader.items(plan.key)
        state = RunState(events[0].run, WorkGraph(tuple(item for item in items if item.parent is None)), "campaign")
        checker = Checker(items) if all(map(is_known, items)) else None
        try:
            for event in events:
                state.replay([event])
                if isinstance(event, RunStarted):
                    check(state)
                    if checker:
                        checker.must(event.term > checker.term, f"term {event.term} after term {checker.term}")
                        checker.term = event.term
                if checker:
                    checker.strict = False
                    checker.see([event])
            check(state)
        except Exception as error:
            self.judged.violations.append(f"{plan.key}: {type(error).__name__}: {error}")
        return state

    def _results(self, plan: Plan, events: list[Event]) -> None:
        done = [told for told in map(completed, events) if told]
        self.judged.twice += [
            f"{plan.key} {id_}" for id_, count in Counter(id_ for id_, _ in done).items() if count > 1
        ]
        for item, result in done:
            if not self._is(plan.ends.get(item), result):
                self.judged.false.append(f"{plan.key} {item}: {self._text(result)[:200]!r}")

    def _is(self, expected: str | None, result: Result) -> bool:
        if expected is None:
            return False
        text = self._text(result)
        return json.loads(text) == json.loads(expected) if result.json_data else text == expected

    def _text(self, result: Result) -> str:
        if (ref := result.data.ref) is not None:
            return self._reader.payloads([ref])[ref]
        return result.data.text or ""

    def _failures(self, plan: Plan, events: list[Event]) -> None:
        for event in events:
            match event:
                case ItemFailed():
                    self.judged.false.append(f"{plan.key} {event.item}: {event.message}")
                case ItemQuarantined():
                    self._poison(plan, event.item, events)
                case ItemSkipped() if not self._was_quarantined(event.cause, events):
                    self.judged.false.append(f"{plan.key} {event.item}: skipped for {event.cause}")
                case ItemClosed(outcome=Lost()):
                    self.judged.attempts_lost += 1

    def _poison(self, plan: Plan, item: str, events: list[Event]) -> None:
        of = [event for event in events if isinstance(event, ItemClosed) and event.item == item]
        ends = [event for event in of if isinstance(event.outcome, Lost) and event.outcome.suspect]
        held = [holders(end, events) for end in ends]
        is_poison = all(any(process in self._struck for process in processes) for processes in held)
        (self.judged.poison if is_poison else self.judged.false).append(f"{plan.key} {item}: {held}")

    def _was_quarantined(self, cause: str, events: list[Event]) -> bool:
        return any(isinstance(event, ItemQuarantined) and event.item == cause for event in events)

    def _calls(self, plan: Plan, events: list[Event], lost: Mapping[str, int]) -> None:
        finished = finished_at(events, {item: tag for tag, item in plan.tags.items()})
        for asked, calls in self._of(plan).items():
            end = finished.get(asked)
            if late := [at for at in calls if end is not None and at > end]:
                told = f"{asked}: asked for {len(late)} times, the last {late[-1] - (end or 0):.3f} s after its end"
                self.judged.again.append(told)
            beyond = max(0, self._model.paid[asked] - 1)
            self.judged.paid_twice += beyond
            if beyond > lost[plan.tags[asked.tag]]:
                item = plan.tags[asked.tag]
                told = f"lost {lost[item]} times, {_retries(item, events)} calls made again within attempts"
                self.judged.violations.append(f"{asked}: paid {beyond} times beyond the first; {told}")

    def _files(self, plan: Plan, workspace: Path, lost: Mapping[str, int]) -> None:
        """Commands may run again if their agent was lost, under the same key; nothing else may have left a line."""
        keys = [key for item in plan.files for key in set(lines_of(workspace / f"{item}.keys"))]
        if len(keys) != len(plan.files) or len(set(keys)) != len(keys):
            self.judged.violations.append(f"{plan.key}: {len(plan.files)} commands were run as {keys}")
        for item, text in plan.files.items():
            if lines_of(workspace / f"{item}.txt") != [text]:
                self.judged.false.append(f"{plan.key} {item}: its file is not as it was written")
            if (times := len(lines_of(workspace / f"{item}.keys"))) > 1 + lost[item]:
                self.judged.again.append(f"{plan.key} {item}: its command ran {times} times, lost {lost[item]} times")

    def _of(self, plan: Plan) -> Mapping[Asked, list[float]]:
        return {asked: calls for asked, calls in self._model.calls.items() if asked.tag in plan.tags}


def holders(end: ItemClosed, events: Collection[Event]) -> list[tuple[str, int]]:
    """The processes of its agent that may have had the attempt; a driver that closes it does not say which one had."""
    if end.generation:
        return [(end.agent, end.generation)]
    begun = [event for event in events if isinstance(event, AgentStarted) and event.agent == end.agent]
    assigned = max(e.seq for e in events if isinstance(e, ItemAssigned) and (e.item, e.epoch) == (end.item, end.epoch))
    before = [event for event in begun if event.seq < assigned][-1:]
    since = [event for event in begun if assigned < event.seq < end.seq]
    processes = [(event.agent, event.generation) for event in (*before, *since)]
    return processes[:-1] or processes  # the last of several came back without it


def lines_of(file: Path) -> list[str]:
    """Its text; none if it is not there."""
    return file.read_text().splitlines() if file.exists() else []


def _retries(item: str, events: list[Event]) -> int:
    """What its attempts told; of lost ones nobody knows."""
    ends = [event.outcome for event in events if isinstance(event, ItemClosed) and event.item == item]
    return sum(end.effort.retries for end in ends if not isinstance(end, Lost))


def judge(store: Path, plans: Collection[Plan], model: CampaignModel, struck: Collection[tuple[str, int]]) -> Judged:
    """All of them, and whether the store, which is in its home, is whole."""
    with closing(Reader(store)) as reader:
        known = {record.key for record in reader.runs()}
        judging = Judge(reader, model, struck, store.parent)
        for plan in plans:
            if plan.key in known:
                judging.run(plan)
            else:
                judging.judged.lost.append(f"{plan.key}: never accepted")
    judging.judged.violations += [finding.what for finding in inspect(store)]
    judging.judged.violations += model.odd
    return judging.judged
