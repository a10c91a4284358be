"""`doctor`: what may be wrong here, each with its cure."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cluster.cli.options import AsJson, Home
from cluster.cli.text import forgive, one_line
from cluster.doctor import EXIT, Finding, Level, examine, worst

Named = Annotated[str | None, typer.Option("--model", help="A model that is looked up at the API.", show_default=False)]

STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.BROKEN: "bold red"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="doctor")(doctor)


def doctor(home: Home = None, model: Named = None, as_json: AsJson = False) -> None:
    """Look for what may be wrong with this machine, the home and the models, and say what to do about it.

    Changes nothing, and asks nobody but this machine; with --model it asks the API for its list of models. In a Ray
    job it asks every node of the cluster too: its build, versions, clock, memory, disks, home and key.
    Exit code 0: all is well, 1: there are warnings, 2: something is broken.

    Examples: `mnemosyne doctor`, `mnemosyne doctor --json`, `mnemosyne doctor --model claude-sonnet-5-5`.
    """
    console = Console()
    encoding = getattr(console.file, "encoding", None)  # before it is told to forgive
    forgive(console)
    findings = examine(home, encoding, model)
    if as_json:
        told = {"level": worst(findings).value, "findings": [finding.model_dump(mode="json") for finding in findings]}
        typer.echo(json.dumps(told, indent=2))
    else:
        show(findings, console)
    raise typer.Exit(EXIT[worst(findings)])


def show(findings: Sequence[Finding], console: Console) -> None:
    """A table on a terminal, a line for each finding and each cure elsewhere."""
    if console.is_terminal:
        console.print(_table(findings))
    else:
        for finding in findings:
            cure = f"; {finding.cure}" if finding.cure else ""
            console.out(f"{finding.level.value}: {finding.name}: {one_line(finding.message + cure)}", highlight=False)
    console.out(_summary(findings), highlight=False)


def _table(findings: Sequence[Finding]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        level = Text(finding.level.value, STYLES[finding.level])
        table.add_row(level, Text(one_line(finding.name)), Text(one_line(finding.message)))
        if finding.cure:
            table.add_row("", Text("  cure:", "dim"), Text(one_line(finding.cure)))
    return table


def _summary(findings: Sequence[Finding]) -> str:
    levels = Counter(finding.level for finding in findings)
    if not levels[Level.WARNING] and not levels[Level.BROKEN]:
        return "All is well."
    told = {Level.BROKEN: "broken", Level.WARNING: "warning" if levels[Level.WARNING] == 1 else "warnings"}
    return ", ".join(f"{levels[level]} {word}" for level, word in told.items() if levels[level])
