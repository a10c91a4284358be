"""`resume RUN --plan FILE`: go on with an edited plan, keeping every result that the edit left true."""

import json
from pathlib import Path

import typer

from actors.roles.prompt import VERSIONS
from actors.stores.protocol import Accept, RunRecord, Store
from actors.work import RunStatus
from cluster.cli import budgets, on_fleet, reuse_view
from cluster.cli.go import go
from cluster.cli.journal import opened, read_end, read_view
from cluster.cli.text import cut
from cluster.cli.way import UNBOUNDED, Way
from cluster.driving.driver import Driver
from cluster.driving.lease import is_driven, lease, refuse_if_driven
from cluster.home import home_files
from cluster.plan import Plan, load
from cluster.results.reuse import Comparison, Fate, compare, earlier


def revise(way: Way, run: str, path: Path, model: str | None, new: str, *, dry_run: bool) -> bool:
    """Compare the plan with the run, say what is kept, and drive the rest as a new run under the old one's key.

    False if the plan is the run's own and nothing was done: then it is to go on as it is. Else as `Way.go`.
    """
    plan = load(path)
    if not dry_run:
        _release(way, run)
    with opened(way.home) as reader:
        record = reader.run(run)
        over = read_end(reader, record) is not None
    default = model or plan.model or record.model
    if not over and not dry_run and (plan.digest, default) == (record.digest, record.model):
        return False
    choice, models = way.models(default, plan.graph.items)
    budgets.of_run(None, plan, models, choice.model)
    comparison = look(way.home, record, plan, choice.model)
    _tell(way, comparison, dry_run=dry_run)
    if dry_run:
        return True
    if over and not _anything_to_do(comparison):
        way.console.print(f"Nothing is left to do: every result of run {record.run} stands.", highlight=False)
        return True

    limits = home_files.limits(way.home, plan.limits)

    async def accept(store: Store) -> RunRecord:
        with lease(way.home, record):  # nobody adds a result to the old run between the look and the acceptance
            found = look(way.home, record, plan, choice.model)
            acceptance = _acceptance(new, record, plan, choice.model, found)
            made = await store.accept(acceptance._replace(limits=limits))
            if not over:  # it was asked to end with the acceptance; without agents that takes no time
                await Driver(record, store, {}, f"the acceptance of {new}").drive()
            return made

    named = ["--model", model] if model else []
    arguments = ["resume", "--as", new, *named, "--plan", str(path), "--", record.run]
    go(way, choice.model, models, plan.graph.items, accept, lambda: (new, arguments, lambda _: True), new)
    return True


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
        budget=plan.budget,
    )


def _anything_to_do(comparison: Comparison) -> bool:
    return any(verdict.fate is not Fate.KEPT for verdict in comparison.verdicts)


def _tell(way: Way, comparison: Comparison, *, dry_run: bool) -> None:
    if dry_run and way.as_json:
        typer.echo(json.dumps(reuse_view.to_json(comparison), indent=2))
    width = way.console.width if way.console.is_terminal else UNBOUNDED
    for line in reuse_view.lines(comparison):
        way.console.print(cut(line, width), highlight=False, markup=False, soft_wrap=True)
