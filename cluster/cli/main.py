"""The command line: one typer app; errors of ours become one sentence and an exit code."""

import sys

import typer

from actors.errors import MnemosyneError
from cluster.cli import run, views, wishes
from cluster.cli.text import one_line

app = typer.Typer(
    name="mnemosyne",
    help="Supervised fleets of Claude agents on Ray.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
run.register(app)
views.register(app)
wishes.register(app)


def main() -> None:
    """Run one command and exit with its code."""
    try:
        app()
    except MnemosyneError as error:
        sys.stderr.write("".join(f"{one_line(line)}\n" for line in f"mnemosyne: {error}".splitlines()))
        sys.exit(error.exit_code)
