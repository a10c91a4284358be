"""Arguments and options that several commands have."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import apsw
import typer

from actors.errors import MnemosyneError
from cluster.cli.journal import opened
from cluster.home.config import resolve_home


def text(value: str | None) -> str | None:
    """A name that a person types: visible characters, none of them a part of one. Raises BadParameter."""
    if value is not None and not (value.strip() and value.isprintable()):
        raise typer.BadParameter("has to be a text of visible characters")
    return value


def known_runs(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """For the shell's completion: runs of the home, newest first, by key as well; none if they cannot be read."""
    with suppress(MnemosyneError, apsw.Error, OSError):
        with opened(resolve_home(ctx.params.get("home"))) as reader:
            records = reversed(reader.runs())
            names = [(name, record.name) for record in records for name in (record.run, record.key) if name]
        return [(name, _printable(told)) for name, told in names if name.startswith(incomplete) and _is_word(name)]
    return []


def _is_word(name: str) -> bool:
    """Whether a shell takes it as it is."""
    return all(c.isalnum() or c in "-_.,@%+" for c in name)


def _printable(told: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in told)


RUN = {"show_default": False, "callback": text, "autocompletion": known_runs}

Run = Annotated[str, typer.Argument(help="Id or key of the run.", **RUN)]
MaybeRun = Annotated[str | None, typer.Argument(help="Id or key of a run; without it, all runs.", **RUN)]
Home = Annotated[Path | None, typer.Option(help="The fleet's folder; the default is ./.mnemosyne.")]
Store = Annotated[
    str | None,
    typer.Option(help="postgresql://… for a store on a server; the home remembers it. The default is a file."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Detach = Annotated[bool, typer.Option("--detach", help="Go on without this terminal, once it has begun.")]
