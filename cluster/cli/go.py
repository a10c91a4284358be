"""A run gets its driver: on the fleet that is up, in a process without a terminal, or here."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import typer

from actors.errors import NotFound, StoreUnusable
from actors.stores.protocol import RunRecord
from actors.stores.reader import Reader
from actors.work import Item
from cluster.cli import detach, here, on_fleet
from cluster.cli.way import Way
from cluster.driving.ports import OpenRun
from cluster.home import config


def go(
    way: Way,
    models: frozenset[str],
    items: Sequence[Item],
    open_run: OpenRun,
    again: Callable[[], tuple[str, Sequence[str], Callable[[RunRecord], bool]]],
    new: str | None = None,
    *,
    take_over: bool = False,
) -> None:
    """Drive the run. Here, and on a fleet, it ends with typer.Exit.

    `new`: the id of a run that `open_run` accepts.
    `again`: for a process of its own, the run's id, the command's arguments, and whether it has begun.
    """
    way.check(items)
    if way.fleet:
        on_fleet.drive(way, way.fleet, models, open_run, new, take_over=take_over)
    elif way.detach:
        _detach(way, *again())
    else:
        here.drive(way, way.settings(items), models, open_run)


def _detach(way: Way, run: str, arguments: Sequence[str], begun: Callable[[RunRecord], bool]) -> None:
    command, *rest = arguments
    passed_on = ["--home", str(way.home), *way.asked.words, "--wait", str(way.wait)]
    log = way.home / "runs" / run / detach.LOG
    pid = detach.detach(detach.command(command, *passed_on, *rest), log, lambda: _has_begun(way.home, run, begun))
    if way.as_json:
        typer.echo(json.dumps({"run": run, "pid": pid, "log": str(log)}, indent=2))
        return
    typer.echo(f"Run {run} is accepted and goes on without this terminal (process {pid}).")
    typer.echo(f"Follow it: {way.hint('status', run, '--watch')}\nEnd it: {way.hint('cancel', run)}\nOutput: {log}")


def _has_begun(home: Path, run: str, begun: Callable[[RunRecord], bool]) -> bool:
    with suppress(StoreUnusable, NotFound):  # not made yet, or not accepted yet
        reader = Reader(config.store_path(home))
        try:
            return begun(reader.run(run))
        finally:
            reader.close()
    return False
