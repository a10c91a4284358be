"""`status`, `results` and `events`: what the journal says, beside a living run or with no process alive."""

import asyncio
import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from actors.stores.reader import Reader
from cluster.cli import answers, fleet_budget, listing
from cluster.cli.codes import INTERRUPTED
from cluster.cli.frame import frame
from cluster.cli.journal import opened, read_view
from cluster.cli.options import AsJson, Home, MaybeRun, Run
from cluster.cli.text import cut, forgive, one_line
from cluster.cli.watch import Alone, code, watch
from cluster.driving.lease import is_driven
from cluster.home.config import resolve_home

UNBOUNDED = 1000
"""Cells of a line where nobody says how wide a line may be."""


def status(home: Path, run: str | None, console: Console, now: float, *, as_json: bool) -> None:
    """One run with all its items, or every run in brief."""
    width = console.width if console.is_terminal else UNBOUNDED
    with opened(home) as reader:
        if run is None:
            briefs = answers.read_runs(home, reader)
            _dump(console, briefs) if as_json else _lines(console, [cut(s, width) for s in listing.runs(briefs)])
            _lines(console, [] if as_json else _budget(reader))
            return
        record = reader.run(run)
        view, budget = read_view(reader, record), _budget(reader)
        account = fleet_budget.to_json(reader.account())
    told = {**answers.status_json(home, view, record), **({"fleet_budget": account} if account else {})}
    if as_json:
        _dump(console, told)
        return
    ascii_only = console.options.ascii_only
    console.print(frame(view, width, None, now, ascii_only=ascii_only), soft_wrap=True)
    if answers.is_left(view.state, driven=told["driven"]):
        left = f"No process drives this run. Go on with: mnemosyne resume {view.run}"
        _lines(console, [one_line(left)])
    _lines(console, budget)


def _budget(reader: Reader) -> list[str]:
    found = reader.account()
    return [fleet_budget.line(found)] if found else []


def results(home: Path, run: str, console: Console, *, as_json: bool) -> None:
    """What the items of a run answered, so far."""
    with opened(home) as reader:
        view, found = answers.read_answers(reader, reader.run(run))
    if as_json:
        _dump(console, {id_: answer.to_json() for id_, answer in found.items()})
        return
    for item in view.items.values():
        for line in listing.result(item, found.get(item.id)):
            console.print(line, soft_wrap=True)
    _lines(console, [one_line(f"Files: {home / 'runs' / view.run}")])


async def events(home: Path, run: str, console: Console, *, as_json: bool, follow: bool) -> None:
    """What happened in a run, one event a line."""
    with opened(home) as reader:
        async for page in answers.wire_events(reader, reader.run(run), follow=follow):
            _lines(console, [json.dumps(told) if as_json else listing.event(told) for told in page])


def _dump(console: Console, value: Any) -> None:
    """JSON in ASCII: nothing in it can do anything to a terminal."""
    _lines(console, [json.dumps(value, indent=2)])


def _lines(console: Console, lines: list[str]) -> None:
    console.file.write("".join(f"{line}\n" for line in lines))
    console.file.flush()


Watching = Annotated[bool, typer.Option("--watch", "-w", help="Show it until it is finished; exit code as of `run`.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run is finished.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="status")(_status)
    app.command(name="results")(_results)
    app.command(name="events")(_events)


def _status(run: MaybeRun = None, home: Home = None, watching: Watching = False, as_json: AsJson = False) -> None:
    """Show how far a run is, or list all runs.

    Examples: `mnemosyne status`, `mnemosyne status monday --watch`, `mnemosyne status monday --json`.
    """
    if not watching:
        status(resolve_home(home), run, _console(), time.time(), as_json=as_json)
    elif run is None:
        raise typer.BadParameter("name the run that is to be watched", param_hint="run")
    else:
        _watched(resolve_home(home), run, as_json=as_json)


def _watched(home: Path, run: str, *, as_json: bool) -> None:
    quiet = Console(quiet=as_json)
    with opened(home) as reader:
        view = asyncio.run(watch(reader, run, quiet, Alone(lambda: is_driven(home, reader.run(run)))))
        told = answers.status_json(home, view, reader.run(run))
    if as_json:
        _dump(_console(), told)
    raise typer.Exit(code(view))


def _results(run: Run, home: Home = None, as_json: AsJson = False) -> None:
    """Print what the items of a run answered, and where the files are.

    Examples: `mnemosyne results monday`, `mnemosyne results monday --json`.
    """
    results(resolve_home(home), run, _console(), as_json=as_json)


def _events(run: Run, home: Home = None, as_json: AsJson = False, follow: Follow = False) -> None:
    """Print everything that happened in a run, oldest first.

    Examples: `mnemosyne events monday`, `mnemosyne events monday --json --follow`.
    """
    try:
        asyncio.run(events(resolve_home(home), run, _console(), as_json=as_json, follow=follow))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _console() -> Console:
    console = Console()
    forgive(console)
    return console
