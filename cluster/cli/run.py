"""`run` and `resume`: a plan or an accepted run, driven by a fleet of this process."""

import asyncio
import json
import re
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from actors.errors import ModelMissing
from actors.models.choice import choose
from actors.models.local import has_local_model
from actors.settings import FleetSettings, Settings
from actors.stores.protocol import Accept, RunRecord, Store
from actors.stores.reader import Reader
from actors.work import Item, RunStatus
from cluster import config, requests
from cluster.cli import live, views
from cluster.cli.journal import read_view
from cluster.plan import load

EXIT = {
    RunStatus.COMPLETED: 0,
    RunStatus.COMPLETED_WITH_FAILURES: 1,
    RunStatus.PAUSED: 3,
    RunStatus.CANCELLED: 5,
}

Key = Annotated[str | None, typer.Option(help="A name of your own for this run; unique in the home.")]
Model = Annotated[str | None, typer.Option(help="local, scripted or claude-…; default: Claude if a key is found.")]
Home = Annotated[Path | None, typer.Option(help="The fleet's folder; the default is ./.mnemosyne.")]
Executors = Annotated[int, typer.Option(min=1, max=64, help="Executor agents, one process each.")]
Concurrency = Annotated[int, typer.Option(min=1, max=1000, help="Items one agent works on at once.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to stay when paused, if this is no terminal.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the final status as JSON and nothing else.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="run")(run)
    app.command(name="resume")(resume)


def run(
    plan: Annotated[Path, typer.Argument(help="The plan: YAML or JSON.", show_default=False)],
    key: Key = None,
    model: Model = None,
    home: Home = None,
    executors: Executors = 2,
    concurrency: Concurrency = 16,
    wait: Wait = 60,
    as_json: AsJson = False,
) -> None:
    """Run a plan to its end and show it live.

    Ctrl-C ends it after the calls in flight; `mnemosyne resume` goes on where it stopped.

    Examples: `mnemosyne run plan.yaml`, `mnemosyne run plan.yaml --model local --key monday`.

    Exit codes: 0 all items complete, 1 some not, 2 bad input, 3 paused, 4 no fleet, store or model, 5 cancelled,
    130 or 143 interrupted.
    """
    parsed = load(plan)
    choice = choose(model or parsed.model, has_key=config.has_key(), has_local=has_local_model())
    if not choice.ready:
        raise ModelMissing(choice.line)
    accept = Accept(
        _name(parsed.name), key, parsed.name, parsed.digest, choice.model, parsed.graph.items, parsed.payloads
    )
    at = config.make_home(config.resolve_home(home))
    console = Console(quiet=as_json)
    if choice.line:
        console.print(choice.line, highlight=False, markup=False)
    settings = _settings(at, choice.model, executors, concurrency)
    _drive(settings, accept.items, lambda store: store.accept(accept), console, wait, as_json=as_json)


def resume(
    run: Annotated[str, typer.Argument(help="Id or key of the run.", show_default=False)],
    home: Home = None,
    executors: Executors = 2,
    concurrency: Concurrency = 16,
    wait: Wait = 60,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was interrupted, paused or whose process died.

    Finished items do not run again. Examples: `mnemosyne resume monday`, `mnemosyne resume briefing-3fa2c1`.
    """
    at = config.resolve_home(home)
    reader = Reader(config.store_path(at))
    record = reader.run(run)
    items, paused = reader.items(record.run), read_view(reader, record).state == RunStatus.PAUSED
    reader.close()
    if paused:
        requests.go_on(config.store_path(at), record.run)
    settings = _settings(at, record.model, executors, concurrency)
    _drive(settings, items, lambda store: store.run(record.run), Console(quiet=as_json), wait, as_json=as_json)


def _settings(home: Path, model: str, executors: int, concurrency: int) -> Settings:
    fleet = FleetSettings(executors=executors, concurrency=concurrency)
    return config.read_settings(home, model).model_copy(update={"fleet": fleet})


def _drive(
    settings: Settings,
    items: Iterable[Item],
    open_run: "Callable[[Store], object]",
    console: Console,
    wait: float,
    *,
    as_json: bool,
) -> None:
    config.prepare_ray(settings.home)  # before the import: Ray reads some of it then
    from cluster.embedded import SIGNALS, Session

    models = frozenset({settings.model or "", *(item.model for item in items if item.model)})
    session = Session(settings, models, None if console.is_terminal else wait)
    shown: list[str] = []
    starting = console.status("Starting Ray and the agents …")

    async def show(reader: Reader, record: RunRecord, done: Callable[[], bool]) -> None:
        starting.stop()
        shown.append(record.run)
        await live.follow(reader, record.run, console, done)

    starting.start()
    try:
        status = asyncio.run(session.run(open_run, show))  # type: ignore[arg-type]
    finally:
        starting.stop()
    _tell(settings.home, shown[0], status, console, as_json=as_json)
    code = EXIT[status]
    if status is RunStatus.PAUSED and session.interrupted_by is not None:
        code = SIGNALS[session.interrupted_by]
    raise typer.Exit(code)


def _tell(home: Path, run: str, status: RunStatus, console: Console, *, as_json: bool) -> None:
    if as_json:
        reader = Reader(config.store_path(home))
        typer.echo(json.dumps(views.status_json(read_view(reader, reader.run(run))), indent=2))
        reader.close()
    lines = [f"Results: {home / 'runs' / run}"]
    if status is RunStatus.PAUSED:
        lines.append(f"Paused, nothing is lost. Go on with: mnemosyne resume {run}")
    if status is RunStatus.COMPLETED_WITH_FAILURES:
        lines.append(f"Some items are not complete. Why: mnemosyne status {run}")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _name(plan: str) -> str:
    """An id for a new run that a person can type."""
    slug = re.sub(r"[^a-z0-9]+", "-", plan.lower()).strip("-")[:40] or "run"
    return f"{slug}-{secrets.token_hex(3)}"
