"""`resume RUN --plan FILE`: go on with an edited plan, keeping every result that the edit left true."""

import json
from pathlib import Path
from typing import NamedTuple

import typer

from actors.roles.prompt import VERSIONS
from actors.spending.budget import Budget
from actors.stores.protocol import Accept, RunRecord, Store
from actors.work import RunStatus
from cluster.cli import budgets, on_fleet, reuse_view
from cluster.cli.go import go
from cluster.cli.journal import opened, read_end, read_view
from cluster.cli.text import cut
from cluster.cli.way import UNBOUNDED, Way
from cluster.driving.driver import Driver
from cluster.driving.lease import is_driven, lease, refuse_if_driven
from cluster.home import config, home_files, requests
from cluster.plan import Plan, load
from cluster.results.reuse import Comparison, Fate, compare, earlier
from dashboards.views.projection import RunView


class Change(NamedTuple):
    """What a person wants changed: the plan, and the model and the budget of the command line."""

    plan: Path
    model: str | None
    budget: str | None

    def arguments(self) -> list[str]:
        """Of `resume`, for a process of its own."""
        named = {"--model": self.model, "--budget": self.budget}
        return [*(word for name, told in named.items() if told for word in (name, told)), "--plan", str(self.plan)]


def revise(way: Way, run: str, change: Change, new: str, *, dry_run: bool) -> bool:
    """Compare the plan with the run, say what is kept, and drive the rest as a new run under the old one's key.

    False if the plan is the run's own: then it is to go on as it is, at most with other budgets and limits, which are
    told and on disk. Else as `Way.go`.
    """
    plan = load(change.plan)
    if not dry_run:
        _release(way, run)
    with opened(way.home) as reader:
        record, view = reader.run(run), read_view(reader, reader.run(run))
        over = read_end(reader, record) is not None
    default = change.model or plan.model or record.model
    choice, models = way.models(default, plan.graph.items)
    caps = budgets.after(view.budget, budgets.of_run(change.budget, plan, models, choice.model))
    if not over and not dry_run and (plan.digest, default) == (record.digest, record.model):
        _widen(way, view, plan, caps)
        return False
    comparison = look(way.home, record, plan, choice.model)
    _tell(way, comparison, caps, dry_run=dry_run)
    if dry_run:
        return True
    if over and not _anything_to_do(comparison):
        way.console.print(f"Nothing is left to do: every result of run {record.run} stands.", highlight=False)
        return True

    async def accept(store: Store) -> RunRecord:
        with lease(way.home, record):  # nobody adds a result to the old run between the look and the acceptance
            found = look(way.home, record, plan, choice.model)
            acceptance = _acceptance(new, record, plan, choice.model, found)
            made = await store.accept(acceptance._replace(budget=caps, limits=home_files.limits(way.home, plan.limits)))
            if not over:  # it was asked to end with the acceptance; without agents that takes no time
                await Driver(record, store, {}, f"the acceptance of {new}").drive()
            return made

    arguments = ["resume", "--as", new, *change.arguments(), "--", record.run]
    go(way, models, plan.graph.items, accept, lambda: (new, arguments, lambda _: True), new)
    return True


def _widen(way: Way, view: RunView, plan: Plan, caps: Budget | None) -> None:
    """Put on disk what the same plan says of budgets and limits now, if that is not what holds."""
    own = [(item.id, view.items[item.id].budget, item.budget) for item in plan.graph.items]
    for item, before, named in [(None, view.budget, caps), *own]:
        after = budgets.after(before, named)
        if named and after and after != before:
            requests.go_on(config.store_path(way.home), view.run, after, item)
            whose = f"Budget of {item}" if item else "Budget"
            way.console.print(f"{whose}: {budgets.caps(after)} from now on.", highlight=False, markup=False)
    limits = home_files.limits(way.home, plan.limits)
    if limits != view.limits:
        requests.go_on(config.store_path(way.home), view.run, limits=limits)
        way.console.print(f"Limits: {limits} from now on.", highlight=False, markup=False)


def _release(way: Way, run: str) -> None:
    """Let go of the fleet's driver of a run that is paused or waits. Raises RunDriven for one that is at work."""
    with opened(way.home) as reader:
        record = reader.run(run)
        paused = read_view(reader, record).state in (RunStatus.PAUSED, RunStatus.WAITING)
    if paused and way.fleet and is_driven(way.home, record):
        on_fleet.release(way, way.fleet, record)
    refuse_if_driven(way.home, record)


def look(home: Path, record: RunRecord, plan: Plan, model: str) -> Comparison:
    """What stands now."""
    with opened(home) as reader:
        old = earlier(record, reader.items(record.run), reader.events(record.run))
    return compare(old, plan.graph, model, VERSIONS)


def _acceptance(new: str, old: RunRecord, plan: Plan, model: str, found: Comparison) -> Accept:
    return Accept(
        new,
        old.key,
        plan.name,
        plan.digest,
        model,
        plan.graph.items,
        plan.payloads,
        revises=old.run,
        reused=found.reused(new),
    )


def _anything_to_do(comparison: Comparison) -> bool:
    return any(verdict.fate is not Fate.KEPT for verdict in comparison.verdicts)


def _tell(way: Way, comparison: Comparison, caps: Budget | None, *, dry_run: bool) -> None:
    if dry_run and way.as_json:
        typer.echo(json.dumps(reuse_view.to_json(comparison), indent=2))
    width = way.console.width if way.console.is_terminal else UNBOUNDED
    budget = [f"Budget: {budgets.caps(caps)}."] if caps else []
    for line in (*reuse_view.lines(comparison), *budget):
        way.console.print(cut(line, width), highlight=False, markup=False, soft_wrap=True)
