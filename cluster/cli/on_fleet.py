"""A run on the fleet that is up: this process hands it over, then only watches."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, closing
from typing import TYPE_CHECKING

import typer

from actors.errors import FleetError, MnemosyneError, UserError
from actors.stores.protocol import RunRecord
from actors.stores.reader import Reader
from actors.work import RunStatus
from cluster.cli import live
from cluster.cli.codes import INTERRUPTED, OF_STATUS
from cluster.cli.ending import tell
from cluster.cli.watch import Alone, Unattended
from cluster.cli.way import Way
from cluster.driving.lease import is_driven, refuse_if_driven
from cluster.driving.ports import OpenRun
from cluster.fleets.fleet_file import FleetFile
from cluster.home import config
from dashboards.views.projection import RunView

if TYPE_CHECKING:
    from cluster.fleets.fleet import Fleet

BEGIN_TIMEOUT_S = 120.0
POLL_S = 0.1


def drive(
    way: Way, fleet: FleetFile, models: frozenset[str], open_run: OpenRun, new: str | None, *, take_over: bool
) -> None:
    """Give the run a driver on the fleet, then watch it; always ends with typer.Exit, an error, or detached.

    `new`: the id of a run that is to be accepted; if that turns out to be one that is driven already, it is watched.
    """
    try:
        with way.console.status("Joining the fleet …"):
            record = asyncio.run(begin(way, fleet, models, open_run, new, take_over=take_over))
    except KeyboardInterrupt:
        told = "Interrupted before the run was seen to begin; `mnemosyne status` tells whether it was accepted."
        typer.echo(f"\n{told}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    watch(way, record.run)


def drive_all(way: Way, fleet: FleetFile, runs: Mapping[str, frozenset[str]]) -> int:
    """Give every run (with the models that it needs) a driver on the fleet, and leave them to it.

    The exit code: 0, or that of the first run that no driver took; the others go on.
    """
    refused: dict[str, MnemosyneError] = {}

    async def begin_all() -> None:
        async with _joined(way, fleet) as joined:
            for run, models in runs.items():
                try:
                    await _begin(way, joined, models, await joined.store.run(run))
                except (FleetError, UserError) as error:
                    refused[run] = error

    with way.console.status("Joining the fleet …"):
        asyncio.run(begin_all())
    if way.as_json:
        typer.echo(json.dumps([{"run": run} for run in runs if run not in refused], indent=2))
    for run in runs:
        if run in refused:
            typer.echo(f"mnemosyne: run {run}: {refused[run]}", err=True)
        elif not way.as_json:
            typer.echo(f"Run {run} goes on in the fleet. Follow it: {way.hint('status', run, '--watch')}")
    return next((error.exit_code for error in refused.values()), 0)


def release(way: Way, fleet: FleetFile, record: RunRecord) -> None:
    """Return once the run's driver has ended, after the calls in flight."""

    async def drained() -> None:
        async with _joined(way, fleet) as joined:
            driver = joined.drivers().get(record.driver or "")
            while driver and is_driven(way.home, record):
                if not await driver.drain():
                    raise FleetError(
                        f"the driver of run {record.run} does not answer, its process may be stopped; take it over "
                        f"first: {way.hint('resume', record.run, '--take-over')}"
                    )
                await asyncio.sleep(POLL_S)

    with way.console.status("Waiting for the calls in flight …"):
        asyncio.run(drained())


async def begin(
    way: Way, file: FleetFile, models: frozenset[str], open_run: OpenRun, new: str | None, *, take_over: bool
) -> RunRecord:
    """Return once a driver has the run."""
    async with _joined(way, file) as fleet:
        fleet.start_models(models)
        driver = fleet.start_driver(new, 0) if new else None  # before the acceptance: see start_driver
        try:
            record = await open_run(fleet.store)
        except BaseException:
            if driver:
                await driver.drain()
            raise
        if driver and record.run != new:
            await driver.drain()  # the plan and its key have a run
        if not (new and is_driven(way.home, record)):
            await _begin(way, fleet, models, record, take_over=take_over)
    return record


def _joined(way: Way, file: FleetFile) -> AbstractAsyncContextManager["Fleet"]:
    config.prepare_ray(way.home)  # before Ray is imported: it reads some of it then
    from cluster.fleets.up import joined

    return joined(way.home, file)


async def _begin(
    way: Way, fleet: "Fleet", models: frozenset[str], record: RunRecord, *, take_over: bool = False
) -> None:
    if record.term and not take_over:  # one that was accepted this moment is nobody's
        refuse_if_driven(way.home, record)
    fleet.start_models(models)
    fleet.start_driver(record.run, record.term)
    await _begun(fleet, record)


async def _begun(fleet: "Fleet", record: RunRecord) -> None:
    deadline = time.monotonic() + BEGIN_TIMEOUT_S
    while (await fleet.store.run(record.run)).term == record.term:
        if time.monotonic() > deadline:
            raise FleetError(
                f"no driver took run {record.run} within {BEGIN_TIMEOUT_S:g} s; see Ray's logs in the home"
            )
        await asyncio.sleep(POLL_S)


def watch(way: Way, run: str) -> None:
    """Show a run that another process drives to its end; always ends with typer.Exit or an error.

    With --detach only say how.
    """
    if way.detach:
        _leave(way, run)
        raise typer.Exit
    with closing(Reader(config.store_path(way.home))) as reader:
        state = _followed(way, reader, run)
    tell(way, run, state)
    raise typer.Exit(OF_STATUS[state])


def _followed(way: Way, reader: Reader, run: str) -> RunStatus:
    """Where the run stands when there is nothing more to see for now."""
    while True:
        try:
            view = asyncio.run(live.follow(reader, run, way.console, _enough(way, reader, run)))
        except KeyboardInterrupt:
            _left(way, run)
            raise typer.Exit(INTERRUPTED) from None
        if not view.finished and view.state is not RunStatus.PAUSED and not is_driven(way.home, reader.run(run)):
            raise FleetError(f"no process drives run {run} any more; go on with: {way.hint('resume', run)}")
        if view.state in OF_STATUS:  # else it went on in the last moment
            return view.state


def _left(way: Way, run: str) -> None:
    typer.echo(f"\nThe run goes on without this terminal. Follow it: {way.hint('status', run, '--watch')}", err=True)
    typer.echo(f"Pause it: {way.hint('pause', run)}\nEnd it: {way.hint('cancel', run)}", err=True)


def _leave(way: Way, run: str) -> None:
    if way.as_json:
        typer.echo(json.dumps({"run": run}, indent=2))
        return
    typer.echo(f"Run {run} is accepted and goes on without this terminal.")
    typer.echo(f"Follow it: {way.hint('status', run, '--watch')}\nEnd it: {way.hint('cancel', run)}")


def _enough(way: Way, reader: Reader, run: str) -> Callable[[RunView], bool]:
    """Whether nobody drives the run any more, or whether it is paused and nobody looks."""
    alone = Alone(lambda: is_driven(way.home, reader.run(run)))
    if way.console.is_terminal:
        return alone
    unattended = Unattended(way.wait)
    return lambda view: alone(view) or unattended(view)
