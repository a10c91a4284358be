"""`budget`: what all runs of a home may take together."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from actors.errors import StoreMissing
from actors.journal.fleet import FleetBudgetSet
from actors.spending.account import Account
from cluster.cli.budgets import EXAMPLE, caps, parse
from cluster.cli.journal import opened
from cluster.cli.options import AsJson, Home
from cluster.cli.text import dollars, number
from cluster.home import config, requests
from cluster.plan.cost import check_prices

NONE = "none"

Caps = Annotated[str | None, typer.Argument(help=f"{EXAMPLE}; none ends it.", show_default=False)]
Anew = Annotated[bool, typer.Option("--anew", help="What was spent before does not count any more.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="budget")(budget)


def budget(told: Caps = None, anew: Anew = False, home: Home = None, as_json: AsJson = False) -> None:
    """Show or set what all runs of this home may take together, from when it is first set.

    Runs that it has no room for are paused with everything they have; a wider one lets them go on.

    Examples: `mnemosyne budget`, `mnemosyne budget usd=50`, `mnemosyne budget usd=50 --anew`, `mnemosyne budget none`.
    """
    at = config.resolve_home(home)
    if told is None and anew:
        raise typer.BadParameter("goes with caps, as in `mnemosyne budget usd=50 --anew`", param_hint="--anew")
    taken = told is None or change(config.make_home(at), told, anew=anew)
    found = account(at)
    if as_json:
        typer.echo(json.dumps({"in_journal": taken, "budget": to_json(found)}, indent=2))
        return
    if not taken:
        typer.echo("The request is on disk; the store takes it in as soon as it answers.")
    typer.echo(line(found) if found else "This home has no budget of its own; set one: mnemosyne budget usd=50")


def change(home: Path, told: str, *, anew: bool = False) -> bool:
    """Set the home's budget, or end it; as requests.ask. Raises BadParameter."""
    event = FleetBudgetSet(budget=None if told.strip() == NONE else parse(told), anew=anew)
    return requests.ask(config.store_path(home), event)


def account(home: Path) -> Account | None:
    """What is left; None without a budget, or a store."""
    try:
        with opened(home) as reader:
            return reader.account()
    except StoreMissing:
        return None


def check(home: Path, models: frozenset[str]) -> None:
    """Raise UserError if the home's budget cannot hold for a run with these models."""
    found = account(home)
    if found and found.caps.usd is not None:
        check_prices(models)


def line(found: Account) -> str:
    """As in Budget of this home: $50.00, of which $1.20 is used and $0.40 reserved."""
    used = _amounts(found, found.spent_usd, found.spent_tokens)
    held = _amounts(found, found.held_usd, found.held_tokens)
    return f"Budget of this home: {caps(found.caps)}; used {used}, reserved {held}."


def to_json(found: Account | None) -> dict[str, Any] | None:
    """For machines."""
    if found is None:
        return None
    names = ("spent_usd", "spent_tokens", "held_usd", "held_tokens")
    return {"caps": found.caps.model_dump(), **{name: getattr(found, name) for name in names}}


def _amounts(found: Account, usd: float, tokens: int) -> str:
    parts = [dollars(usd)] if found.caps.usd is not None else []
    return " and ".join([*parts, *([f"{number(tokens)} tokens"] if found.caps.tokens is not None else [])])
