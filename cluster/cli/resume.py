"""`resume`: go on with accepted runs, also after their plan was edited."""

import json
from pathlib import Path
from typing import Annotated

import typer

from actors.errors import FleetError, ModelMissing, UserError
from actors.stores.protocol import RunRecord
from actors.work import Item, RunStatus
from cluster.cli import budgets, on_fleet, options
from cluster.cli.codes import INTERRUPTED, OF_STATUS, TERMINATED
from cluster.cli.ending import tell
from cluster.cli.go import go
from cluster.cli.journal import opened, read_view
from cluster.cli.options import Home
from cluster.cli.revise import Change, revise
from cluster.cli.shape import Concurrency, Executors, Pool, Shape
from cluster.cli.way import As, AsJson, Model, Wait, Way, new_id
from cluster.driving.lease import is_driven, refuse_if_driven
from cluster.home import config, requests
from cluster.results.files import ResultFiles
from cluster.run.wishes import BY_REQUEST
from dashboards.views.projection import RunView

TakeOver = Annotated[bool, typer.Option("--take-over", help="Also if another driver holds it; that one is shut out.")]
All = Annotated[bool, typer.Option("--all", help="Every run that is not finished and that nobody drives.")]
EditedPlan = Annotated[Path | None, typer.Option("--plan", help="The plan as it is now.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="With --plan: list what is kept and what runs again.")]
MaybeRun = Annotated[str | None, typer.Argument(help="Id or key of the run.", **options.RUN)]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="resume")(resume)


def resume(
    run: MaybeRun = None,
    all_: All = False,
    plan: EditedPlan = None,
    model: Model = None,
    budget: budgets.Option = None,
    dry_run: DryRun = False,
    take_over: TakeOver = False,
    home: Home = None,
    executors: Executors = None,
    pool: Pool = None,
    concurrency: Concurrency = None,
    wait: Wait = 60,
    detach: options.Detach = False,
    as_json: AsJson = False,
    as_: As = None,
) -> None:
    """Go on with a run that was interrupted, paused or whose process died.

    Finished items do not run again. With --plan an edited plan goes on: a new run under the old one's key, which keeps
    every result of which nothing has changed that goes into the answer; items with tools run again, since what these
    did is not kept. --dry-run lists both. Caps that neither the plan nor --budget names stay those of the run. A plan
    in which only budgets or limits are others is the same run, with these from now on.
    Exit codes are those of `run`; with --all, of the first run that is not complete.

    Examples: `mnemosyne resume monday`, `mnemosyne resume monday --plan plan.yaml --dry-run`, `mnemosyne resume --all`.
    """
    if (run is None) is not all_:
        raise UserError("name one run, or say --all; `mnemosyne status` lists the runs of this home")
    if plan is None and (dry_run or model):
        raise UserError("--dry-run and --model belong to --plan FILE")
    if plan is None and budget:
        raise UserError(
            "--budget belongs to --plan FILE; without one: `mnemosyne continue RUN --budget`, then `resume`"
        )
    if plan is not None and (all_ or take_over):
        raise UserError("--plan belongs to one run that nobody drives; pause it or end its fleet first")
    way = Way(home, Shape(executors, pool, concurrency), wait, detach, as_json)
    if run is None:
        go_on_with_all(way)
    elif plan is None or not revise(way, run, Change(plan, model, budget), as_ or new_id(plan.stem), dry_run=dry_run):
        go_on(way, run, take_over=take_over)


def go_on(way: Way, run: str, *, take_over: bool = False) -> None:
    """Drive an accepted run, or say how it ended; always ends with typer.Exit, an error, or detached."""
    record, items, view = read(way.home, run)
    if view.finished:
        finished(way, view)
    if view.state is RunStatus.PAUSED:
        requests.go_on(config.store_path(way.home), record.run)
        if is_driven(way.home, record) and not take_over:  # its driver hears that
            on_fleet.watch(way, record.run)
    if not take_over:
        refuse_if_driven(way.home, record)
    _, models = way.models(record.model, items)
    go(
        way,
        models,
        items,
        lambda store: store.run(record.run),
        lambda: (record.run, ["resume", "--", record.run], lambda now: now.term > record.term),
        take_over=take_over,
    )


def go_on_with_all(way: Way) -> None:
    """Drive what can be driven: at once on the fleet that is up, else one run after the other."""
    left = [(record, view) for record, view in _unfinished(way.home) if _may_go_on(way, record, view)]
    if way.as_json and not left:
        typer.echo(json.dumps([]))
    if not left:
        way.console.print("No run is waiting for a driver.", highlight=False)
        return
    if way.fleet:
        needed = {record.run: models for record, _ in left if (models := _models(way, record)) is not None}
        for record, view in left:
            if record.run in needed and view.state is RunStatus.PAUSED:
                requests.go_on(config.store_path(way.home), record.run)
        code = on_fleet.drive_all(way, way.fleet, needed)
        raise typer.Exit(ModelMissing.exit_code if len(needed) < len(left) else code)
    codes: list[int] = []
    for record, _ in left:
        codes.append(_exit_code(way, record.run))
        if codes[-1] in (INTERRUPTED, TERMINATED):  # meant for all of them
            raise typer.Exit(codes[-1])
    raise typer.Exit(next((code for code in codes if code), 0))


def read(home: Path, run: str) -> tuple[RunRecord, tuple[Item, ...], RunView]:
    """A run as it is on disk. Raises NotFound, StoreUnusable."""
    with opened(home) as reader:
        record = reader.run(run)
        return record, reader.items(record.run), read_view(reader, record)


def finished(way: Way, view: RunView) -> None:
    """Nothing is left to do but to see that the result files are there, which a killed process may have left out."""
    with opened(way.home) as reader:
        ResultFiles(reader, view.run, way.home).catch_up()
    way.console.print(f"Run {view.run} is finished: {view.state.value}.", highlight=False, markup=False)
    tell(way, view.run, view.state)
    raise typer.Exit(OF_STATUS[view.state])


def _unfinished(home: Path) -> list[tuple[RunRecord, RunView]]:
    with opened(home) as reader:
        views = [(record, read_view(reader, record)) for record in reader.runs()]
    return [(record, view) for record, view in views if not view.finished]


def _may_go_on(way: Way, record: RunRecord, view: RunView) -> bool:
    """Whether it may, and a line for a person if not."""
    why = None
    if is_driven(way.home, record):
        why = f"is driven by {record.driver}"
    elif view.state is RunStatus.PAUSED and view.reason == BY_REQUEST:
        why = f"was paused by request; {way.hint('resume', record.run)} goes on"
    if why:
        way.console.print(f"Run {record.run} {why}.", highlight=False, markup=False)
    return why is None


def _models(way: Way, record: RunRecord) -> frozenset[str] | None:
    """What the run needs; None, and a line for a person, if that is not to be had: the others go on."""
    try:
        return way.models(record.model, read(way.home, record.run)[1])[1]
    except ModelMissing as error:
        typer.echo(f"mnemosyne: run {record.run}: {error}", err=True)
        return None


def _exit_code(way: Way, run: str) -> int:
    way.console.print(f"Run {run} goes on.", highlight=False, markup=False)
    try:
        go_on(way, run)
    except typer.Exit as end:
        return end.exit_code
    except (FleetError, ModelMissing) as error:
        typer.echo(f"mnemosyne: run {run}: {error}", err=True)
        return error.exit_code
    return 0
