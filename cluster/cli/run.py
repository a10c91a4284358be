"""`run` and `resume`: a plan or an accepted run, driven by a fleet of this process or of a detached one."""

import json
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from actors.errors import NotFound, StoreUnusable
from actors.settings import FleetSettings, Settings
from actors.stores.protocol import Accept, RunRecord
from actors.stores.reader import Reader
from actors.work import RunStatus
from cluster import config, requests
from cluster.cli import detach as detached
from cluster.cli import options, preflight
from cluster.cli.codes import OF_STATUS
from cluster.cli.drive import drive, hints, tell
from cluster.cli.journal import opened, read_view
from cluster.cli.options import Home
from cluster.plan import load
from cluster.results import ResultFiles
from dashboards.projection import RunView

Key = Annotated[
    str | None, typer.Option(help="A name of your own for this run; unique in the home.", callback=options.text)
]
Model = Annotated[
    str | None,
    typer.Option(help="local, scripted or claude-…; default: Claude if a key is found.", callback=options.text),
]
Executors = Annotated[int, typer.Option(min=1, max=64, help="Executor agents, one process each.")]
Concurrency = Annotated[int, typer.Option(min=1, max=1000, help="Items one agent works on at once.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to stay when paused, if this is no terminal.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the final status as JSON and nothing else.")]
As = Annotated[str | None, typer.Option("--as", hidden=True, help="The id of the run.")]


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
    detach: options.Detach = False,
    as_json: AsJson = False,
    as_: As = None,
) -> None:
    """Run a plan to its end and show it live.

    Ctrl-C ends it after the calls in flight; `mnemosyne resume` goes on where it stopped.

    Examples: `mnemosyne run plan.yaml`, `mnemosyne run plan.yaml --model local --key monday`,
    `mnemosyne run plan.yaml --detach`.

    Exit codes: 0 all items complete, 1 some not, 2 bad input, 3 paused, 4 no fleet, store or model, 5 cancelled,
    130 or 143 interrupted. With --detach: 0 accepted.
    """
    parsed = load(plan)
    choice, models = preflight.models(model or parsed.model, parsed.graph.items)
    at, id_, console = config.resolve_home(home), as_ or _name(parsed.name), Console(quiet=as_json)
    settings = _settings(at, choice.model, executors, concurrency)
    preflight.free(config.store_path(at))
    preflight.unused(at, key)
    config.make_home(at)
    if choice.line:
        console.print(choice.line, highlight=False, markup=False)
    if detach:
        named = [*(("--key", key) if key else ()), *(("--model", model) if model else ())]
        arguments = ["run", "--as", id_, *named, *_passed_on(settings, wait), "--", str(plan)]
        _detach(at, id_, arguments, lambda _: True, hints(home), as_json=as_json)
        return
    accept = Accept(id_, key, parsed.name, parsed.digest, choice.model, parsed.graph.items, parsed.payloads)
    drive(settings, models, lambda store: store.accept(accept), console, wait, hints(home), as_json=as_json)


def resume(
    run: options.Run,
    home: Home = None,
    executors: Executors = 2,
    concurrency: Concurrency = 16,
    wait: Wait = 60,
    detach: options.Detach = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was interrupted, paused or whose process died.

    Finished items do not run again. Exit codes are those of `run`.

    Examples: `mnemosyne resume monday`, `mnemosyne resume briefing-3fa2c1 --detach`.
    """
    at = config.resolve_home(home)
    with opened(at) as reader:
        record = reader.run(run)
        items, view = reader.items(record.run), read_view(reader, record)
    if view.finished:
        _finished(at, view, hints(home), as_json=as_json)
    _, models = preflight.models(record.model, items)
    settings = _settings(at, record.model, executors, concurrency)
    preflight.free(config.store_path(at))
    if detach:
        arguments = ["resume", *_passed_on(settings, wait), "--", record.run]
        _detach(at, record.run, arguments, lambda now: now.term > record.term, hints(home), as_json=as_json)
        return
    if view.state is RunStatus.PAUSED:
        requests.go_on(config.store_path(at), record.run)
    console = Console(quiet=as_json)
    drive(settings, models, lambda store: store.run(record.run), console, wait, hints(home), as_json=as_json)


def _finished(home: Path, view: RunView, hint: Callable[..., str], *, as_json: bool) -> None:
    """Nothing is left to do but to see that the result files are there, which a killed process may have left out."""
    with opened(home) as reader:
        ResultFiles(reader, view.run, home).catch_up()
    console = Console(quiet=as_json)
    console.print(f"Run {view.run} is finished: {view.state.value}.", highlight=False, markup=False)
    tell(home, view.run, view.state, console, hint, as_json=as_json)
    raise typer.Exit(OF_STATUS[view.state])


def _settings(home: Path, model: str, executors: int, concurrency: int) -> Settings:
    fleet = FleetSettings(executors=executors, concurrency=concurrency)
    return config.read_settings(home, model).model_copy(update={"fleet": fleet})


def _passed_on(settings: Settings, wait: float) -> list[str]:
    """The options that a detached process gets as well."""
    fleet = settings.fleet
    numbers = {"--executors": fleet.executors, "--concurrency": fleet.concurrency, "--wait": wait}
    return ["--home", str(settings.home), *(part for name, value in numbers.items() for part in (name, str(value)))]


def _detach(
    home: Path,
    run: str,
    arguments: list[str],
    begun: Callable[[RunRecord], bool],
    hint: Callable[..., str],
    *,
    as_json: bool,
) -> None:
    def has_begun() -> bool:
        with suppress(StoreUnusable, NotFound):  # not made yet, or not accepted yet
            reader = Reader(config.store_path(home))
            try:
                return begun(reader.run(run))
            finally:
                reader.close()
        return False

    log = home / "runs" / run / detached.LOG
    pid = detached.detach(detached.command(*arguments), log, has_begun)
    if as_json:
        typer.echo(json.dumps({"run": run, "pid": pid, "log": str(log)}, indent=2))
        return
    typer.echo(f"Run {run} is accepted and goes on without this terminal (process {pid}).")
    typer.echo(f"Follow it: {hint('status', run, '--watch')}\nEnd it: {hint('cancel', run)}\nOutput: {log}")


def _name(plan: str) -> str:
    """An id for a new run that a person can type."""
    slug = re.sub(r"[^a-z0-9]+", "-", plan.lower()).strip("-")[:40] or "run"
    return f"{slug}-{secrets.token_hex(3)}"
