"""A run on this terminal, from the start of its fleet to its exit code."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress

import typer

from actors.settings import Settings
from actors.stores.protocol import RunRecord
from actors.stores.reader import Reader
from actors.work import RunStatus
from cluster.cli import live
from cluster.cli.codes import OF_STATUS, TERMINATED
from cluster.cli.ending import tell
from cluster.cli.way import Way
from cluster.driving.ports import OpenRun
from cluster.home import config


def drive(way: Way, settings: Settings, models: frozenset[str], open_run: OpenRun) -> None:
    """Drive the run and show it; always ends with typer.Exit or an error of ours."""
    config.prepare_ray(way.home)  # before the import: Ray reads some of it then
    from cluster.fleets.embedded import SIGNALS, Session

    shown: list[str] = []
    wait_s = None if way.console.is_terminal else way.wait
    session = Session(settings, models, wait_s, lambda: _farewell(way, shown))
    starting = way.console.status("Starting Ray and the agents …")

    async def show(record: RunRecord, done: Callable[[], bool]) -> None:
        starting.stop()
        shown.append(record.run)
        # In a thread: a terminal that was stopped, or a pipe that nobody reads, holds up nothing but the picture.
        await asyncio.to_thread(_show, way, record, done)

    starting.start()
    try:
        status = asyncio.run(session.run(open_run, show))
    except (KeyboardInterrupt, SystemExit) as end:
        starting.stop()
        if not shown:
            _never_begun(end)
        raise
    finally:
        starting.stop()
    tell(way, shown[0], status)
    code = OF_STATUS[status]
    if status is RunStatus.PAUSED and session.interrupted_by is not None:
        code = SIGNALS[session.interrupted_by]
    raise typer.Exit(code)


def _show(way: Way, record: RunRecord, done: Callable[[], bool]) -> None:
    reader = Reader(config.store_path(way.home))
    try:
        asyncio.run(live.follow(reader, record.run, way.console, lambda _: done()))
    except (OSError, SystemExit):  # a pipe that was closed, a file on a full disk: the run goes on unseen
        with suppress(OSError, SystemExit):
            way.console.on_broken_pipe()
    finally:
        reader.close()


def _farewell(way: Way, shown: Sequence[str]) -> None:
    with suppress(OSError, SystemExit):
        way.console.show_cursor(True)  # the live picture has hidden it
        typer.echo(f"\nEnded at once. Go on with: {way.hint('resume', shown[0])}" if shown else "", err=True)


def _never_begun(end: BaseException) -> None:
    typer.echo("mnemosyne: interrupted before it began; no item was touched", err=True)
    if getattr(end, "code", None) == signal.SIGTERM:  # Ray's own handler, until ours is there
        raise typer.Exit(TERMINATED) from None
