"""`cancel`, `pause`, `continue`: requests, with or without a living fleet."""

import json
from typing import Annotated

import typer

from cluster.cli import budgets, options
from cluster.cli.options import AsJson, Home, Run
from cluster.home import config, requests

MaybeItem = Annotated[
    str | None,
    typer.Argument(help="One item; without it, the whole run.", show_default=False, callback=options.text),
]

BudgetItem = Annotated[
    str | None,
    typer.Option("--item", help="The item whose budget it is; without it, the run's.", callback=options.text),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="cancel")(cancel)
    app.command(name="pause")(pause)
    app.command(name="continue")(go_on)


def cancel(
    run: Run,
    item: MaybeItem = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """End a run, or one item of it, for good. What is complete stays.

    Examples: `mnemosyne cancel monday`, `mnemosyne cancel monday summary-a`.
    """
    told(requests.cancel(config.store_of(home), run, item), "Cancel", as_json=as_json)


def pause(run: Run, home: Home = None, as_json: AsJson = False) -> None:
    """Start nothing new; what is active ends. `continue` goes on.

    Example: `mnemosyne pause monday`.
    """
    told(requests.pause(config.store_of(home), run), "Pause", as_json=as_json)


def go_on(
    run: Run, budget: budgets.Option = None, item: BudgetItem = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Let a paused run go on, with another budget if you like. If nothing drives it, `resume` does.

    Examples: `mnemosyne continue monday`, `mnemosyne continue monday --budget usd=5`,
    `mnemosyne continue monday --item summary-a --budget usd=1`.
    """
    if item and not budget:
        raise typer.BadParameter("goes with --budget: the run goes on, not an item", param_hint="--item")
    caps = budgets.parse(budget) if budget else None
    told(requests.go_on(config.store_of(home), run, caps, item), "Continue", as_json=as_json)


def told(taken: bool, what: str, *, as_json: bool) -> None:
    """Say what became of a request."""
    if as_json:
        typer.echo(json.dumps({"request": what.lower(), "in_journal": taken}))
        return
    where = "is in the journal" if taken else "is on disk; the store takes it in as soon as it answers"
    typer.echo(f"{what}: the request {where}.")
