"""How a run ended, as the terminal that drove or watched it is told."""

import json
from contextlib import closing

import typer

from actors.stores.reader import Reader
from actors.work import RunStatus
from cluster.cli import answers
from cluster.cli.journal import read_view
from cluster.cli.way import Way
from cluster.home import config


def tell(way: Way, run: str, status: RunStatus) -> None:
    """Say how the run ended, where its results are, and what to do next."""
    if way.as_json:
        with closing(Reader(config.store_path(way.home))) as reader:
            record = reader.run(run)
            typer.echo(json.dumps(answers.status_json(way.home, read_view(reader, record), record), indent=2))
    lines = [f"Results: {way.home / 'runs' / run}"]
    if status is RunStatus.PAUSED:
        lines.append(f"Paused, nothing is lost. Go on with: {way.hint('resume', run)}")
    if status is RunStatus.WAITING:
        lines.append(f"The run waits, for a person or for something that comes by itself: {way.hint('status', run)}")
    if status is RunStatus.COMPLETED_WITH_FAILURES:
        lines.append(f"Some items are not complete. Why: {way.hint('status', run)}")
    for line in lines:
        way.console.print(line, highlight=False, markup=False, soft_wrap=True)
