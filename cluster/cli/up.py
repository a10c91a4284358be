"""`up` and `down`: a fleet that stays when the terminal closes."""

import asyncio
import json
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from actors.settings import FleetSettings
from actors.work import Role
from cluster.cli import fleet_budget, preflight
from cluster.cli.budgets import Option
from cluster.cli.codes import INTERRUPTED
from cluster.cli.options import AsJson, Home, Store
from cluster.cli.shape import Concurrency, Executors, Pool, Shape, told
from cluster.cli.text import one_line
from cluster.fleets import fleet_file, turn, windows
from cluster.fleets.fleet_file import FleetFile
from cluster.home import api_key, config
from dashboards.page_token import token_of, url


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="up")(up)
    app.command(name="down")(down)


def up(
    home: Home = None,
    store: Store = None,
    executors: Executors = None,
    pool: Pool = None,
    concurrency: Concurrency = None,
    budget: Option = None,
    as_json: AsJson = False,
) -> None:
    """Start a fleet that stays: runs then go on when their terminal closes, and several share its agents.

    It has executors, reviewers, optimizers and orchestrators; the items of a plan say which of them does what.
    Runs that a crash interrupted go on with `mnemosyne resume --all`. A second `up` says what is up already.

    In a Ray job the fleet is on the job's cluster and stays when the job ends; `run`, `resume` and `down` of this home
    are jobs there then.

    --budget caps all runs of this home together, as `mnemosyne budget` does.

    Examples: `mnemosyne up`, `mnemosyne up --executors 4 --pool reviewer=2 --pool orchestrator=0`,
    `mnemosyne up --budget usd=50`.
    """
    at = config.make_home(config.resolve_home(home))
    config.choose_store(at, store)
    wanted = config.read_settings(at, Shape(executors, pool, concurrency).settings())
    config.prepare_ray(at)  # before Ray is imported: it reads some of it then
    from cluster.fleets import up as fleets

    console = Console(quiet=as_json)
    _leave_when_asked()
    with console.status("Starting Ray and the agents …"), turn.changing(at, _say):
        fleet = fleet_file.living(at)
        known = fleet is not None
        if fleet is None:
            fleets.end_a_torso(at)
            preflight.free(config.store_path(at))
            _set(at, budget)
            fleet = asyncio.run(fleets.start(wanted, has_key=api_key.inherits_key()))
    _set(at, budget if known else None)
    account = fleet_budget.account(at)
    page = url(fleet.page, token_of(at)) if fleet.page else None
    seen = (windows.prometheus(), windows.grafana())
    if as_json:
        shown = {window.name.lower(): window.url for window in seen}
        told = {**_json(fleet, known=known), "page": page, **shown, "budget": fleet_budget.to_json(account)}
        typer.echo(json.dumps(told, indent=2))
    money = [fleet_budget.line(account)] if account else []
    for line in [*_lines(fleet, str(at), page, seen, known=known), *money]:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if known and wanted.fleet not in (FleetSettings(), fleet.shape):
        console.print("To change its shape: `mnemosyne down`, then `mnemosyne up` again.", highlight=False)
        raise typer.Exit(2)


def _set(home: Path, budget: str | None) -> None:
    if budget:
        fleet_budget.change(home, budget)


def _leave_when_asked() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)


def _leave(number: int, _frame: object) -> None:
    """As Ctrl-C: what was started is ended on the way out."""
    raise SystemExit(128 + number)


def down(
    home: Home = None,
    now: bool = typer.Option(False, "--now", help="Do not wait for the calls in flight; they are paid for again."),
    as_json: AsJson = False,
) -> None:
    """End the fleet of this home after the calls in flight. Its runs go on with `up` and `resume --all`.

    One `up` or `down` of a home waits for another, and says for which process; with --now a `down` that is waited for
    ends at once too.

    Examples: `mnemosyne down`, `mnemosyne down --now`.
    """
    at = config.resolve_home(home)
    ended = at.exists() and _end(at, Console(quiet=as_json, stderr=True), now=now)
    if as_json:
        typer.echo(json.dumps({"ended": ended}))
        return
    typer.echo("The fleet has ended." if ended else f"No fleet is up in {one_line(str(at))}.")


def _end(home: Path, console: Console, *, now: bool) -> bool:
    """Whether a fleet was up, which has ended; it may be another `down` that ended it."""
    config.prepare_ray(home)
    from cluster.fleets import up as fleets

    def tell(line: str) -> None:
        console.print(line, highlight=False)

    left = "This command has done nothing: another `up` or `down` of this home is under way."
    was_up = fleet_file.living(home) is not None
    try:
        with turn.changing(home, _say, hurry=now):
            left = "The fleet has not ended, but its runs pause. End it at once: mnemosyne down --now"
            return asyncio.run(fleets.stop(home, drain=not now, tell=tell)) or was_up
    except KeyboardInterrupt:
        typer.echo(left, err=True)
        raise typer.Exit(INTERRUPTED) from None


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _lines(
    fleet: FleetFile, at_home: str, page: str | None, seen: Sequence[windows.Window], *, known: bool
) -> list[str]:
    began = time.strftime("%H:%M:%S", time.localtime(fleet.since))
    state = f"is up already, since {began}" if known else "is up"
    return [
        one_line(f"The fleet in {at_home} {state}: {told(fleet.shape)} ({', '.join(fleet.agents)})."),
        *([f"The live page: {page}"] if page else []),
        _dashboard(fleet),
        *(f"{one.name}: {one.url or f'none at {one.looked_for}; docs/operations.md'}" for one in seen),
        "Run a plan: mnemosyne run PLAN    Go on with all runs: mnemosyne resume --all    End it: mnemosyne down",
    ]


def _dashboard(fleet: FleetFile) -> str:
    if fleet.on_cluster:
        return f"It is on the Ray cluster at {fleet.address}; commands that talk to it are jobs there too."
    return f"Ray's dashboard: {fleet.dashboard}" if fleet.dashboard else "Ray has no dashboard."


def _json(fleet: FleetFile, *, known: bool) -> dict[str, Any]:
    return {
        "already_up": known,
        "since": fleet.since,
        "address": fleet.address,
        "dashboard": fleet.dashboard,
        "agents": list(fleet.agents),
        "pools": {role.value: fleet.shape.pools.size(role) for role in Role},
        "concurrency": fleet.shape.concurrency,
        "pid": fleet.pid,
    }
