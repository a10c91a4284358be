"""`mnemosyne run`: a plan, a fleet of its own, the results."""

import asyncio
import json
import re
import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from actors.models.choice import Choice, choose
from actors.settings import FleetSettings, Settings
from actors.stores.protocol import Accept
from actors.stores.reader import Reader
from actors.work import RunStatus
from cluster import config
from cluster.cli import live, views
from cluster.plan import Plan, load
from dashboards.projection import RunView

EXIT = {RunStatus.COMPLETED: 0, RunStatus.COMPLETED_WITH_FAILURES: 1}
INTERRUPTED = 130


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="run")(run)


def run(
    plan: Annotated[Path, typer.Argument(help="The plan: YAML or JSON.", show_default=False)],
    key: Annotated[str | None, typer.Option(help="A name of your own for this run; unique in the home.")] = None,
    model: Annotated[
        str | None, typer.Option(help="local, scripted or claude-…; the default is Claude if a key is found.")
    ] = None,
    home: Annotated[Path | None, typer.Option(help="The fleet's folder; the default is ./.mnemosyne.")] = None,
    executors: Annotated[int, typer.Option(min=1, max=64, help="Executor agents, one process each.")] = 2,
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="Items one agent works on at once.")] = 16,
    as_json: Annotated[bool, typer.Option("--json", help="Print the final status as JSON and nothing else.")] = False,
) -> None:
    """Run a plan to its end and show it live.

    Examples: `mnemosyne run plan.yaml`, `mnemosyne run plan.yaml --model local --key monday`.

    Exit code: 0 all items complete, 1 some not, 2 bad input, 4 no fleet, store or model to be had.
    """
    parsed = load(plan)
    choice = choose(model or parsed.model, has_key=config.has_key())
    at = config.make_home(config.resolve_home(home))
    settings = config.read_settings(at, choice.model).model_copy(
        update={"fleet": FleetSettings(executors=executors, concurrency=concurrency)}
    )
    config.prepare_ray(at)
    console = Console(stderr=as_json, quiet=as_json)
    try:
        view = asyncio.run(_run(parsed, key, choice, settings, console))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        typer.echo(json.dumps(views.status_json(view), ensure_ascii=False))
    raise typer.Exit(EXIT[RunStatus(view.state)])


async def _run(plan: Plan, key: str | None, choice: Choice, settings: Settings, console: Console) -> RunView:
    from cluster.driver import Driver
    from cluster.fleet import Fleet
    from cluster.results import ResultFiles

    if choice.line:
        console.print(choice.line, highlight=False, markup=False)
    models = frozenset({choice.model, *(item.model for item in plan.graph.items if item.model)})
    with console.status("Starting Ray and the agents …"):
        fleet = await Fleet(settings, models).__aenter__()
    try:
        accept = Accept(_name(plan.name), key, plan.name, plan.digest, choice.model, plan.graph.items, plan.payloads)
        record = await fleet.store.accept(accept)
        reader = Reader(config.store_path(settings.home))
        files = ResultFiles(reader, record.run, settings.home)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Driver(record, fleet.store, fleet.agents, "embedded").drive())
            tasks.create_task(files.follow())
            shown = tasks.create_task(live.follow(reader, record.run, console))
        console.print(f"Results: {files.folder}", highlight=False, markup=False, soft_wrap=True)
        return shown.result()
    finally:
        await fleet.__aexit__(None, None, None)


def _name(plan: str) -> str:
    """An id for a new run that a person can type."""
    slug = re.sub(r"[^a-z0-9]+", "-", plan.lower()).strip("-")[:40] or "run"
    return f"{slug}-{secrets.token_hex(3)}"
