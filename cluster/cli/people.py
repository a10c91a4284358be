"""`answer`, `approve`, `deny`: what people say about one item, with or without a living fleet."""

from typing import Annotated

import typer

from cluster.cli import options
from cluster.cli.options import AsJson, Home, Run
from cluster.cli.wishes import told
from cluster.home import config, requests

OneItem = Annotated[str, typer.Argument(help="The item.", show_default=False, callback=options.text)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (answer, approve, deny):
        app.command()(command)


def answer(
    run: Run,
    item: OneItem,
    text: Annotated[str, typer.Argument(help="What you say to its questions.", show_default=False)],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Answer the questions that an item is blocked with; `status` shows them. If nothing drives the run, `resume` does.

    Example: `mnemosyne answer monday letter "To the customers, in English."`.
    """
    told(requests.answer(config.store_of(home), run, item, text), "Answer", as_json=as_json)


def approve(run: Run, item: OneItem, home: Home = None, as_json: AsJson = False) -> None:
    """Let an item go on that waits for approval: begin, have its last result taken as it is, or have
    the run grow once by what it adds, over the limits.

    Example: `mnemosyne approve monday publish`.
    """
    told(requests.approve(config.store_of(home), run, item), "Approval", as_json=as_json)


def deny(
    run: Run,
    item: OneItem,
    reason: Annotated[str, typer.Option(help="Why, for the record.", show_default=False)] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """End an item that waits for approval; what depends on it is skipped.

    Example: `mnemosyne deny monday publish --reason "not before the audit"`.
    """
    told(requests.deny(config.store_of(home), run, item, reason), "Denial", as_json=as_json)
