"""A run on this terminal, from the start of its fleet to its exit code."""

import asyncio
import json
import shlex
import signal
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from pathlib import Path

import typer
from rich.console import Console

from actors.settings import Settings
from actors.stores.protocol import RunRecord, Store
from actors.stores.reader import Reader
from actors.work import RunStatus
from cluster import config
from cluster.cli import answers, live
from cluster.cli.codes import OF_STATUS, TERMINATED
from cluster.cli.journal import read_view
from cluster.cli.text import one_line


def drive(
    settings: Settings,
    models: frozenset[str],
    open_run: Callable[[Store], Awaitable[RunRecord]],
    console: Console,
    wait: float,
    hint: Callable[..., str],
    *,
    as_json: bool,
) -> None:
    """Drive the run and show it; always ends with typer.Exit or an error of ours."""
    config.prepare_ray(settings.home)  # before the import: Ray reads some of it then
    from cluster.embedded import SIGNALS, Session

    shown: list[str] = []
    wait_s = None if console.is_terminal else wait
    session = Session(settings, models, wait_s, lambda: _farewell(console, hint("resume", shown[0]) if shown else ""))
    starting = console.status("Starting Ray and the agents …")

    async def show(record: RunRecord, done: Callable[[], bool]) -> None:
        starting.stop()
        shown.append(record.run)
        # In a thread: a terminal that was stopped, or a pipe that nobody reads, holds up nothing but the picture.
        await asyncio.to_thread(_show, settings.home, record, console, done)

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
    tell(settings.home, shown[0], status, console, hint, as_json=as_json)
    code = OF_STATUS[status]
    if status is RunStatus.PAUSED and session.interrupted_by is not None:
        code = SIGNALS[session.interrupted_by]
    raise typer.Exit(code)


def _show(home: Path, record: RunRecord, console: Console, done: Callable[[], bool]) -> None:
    reader = Reader(config.store_path(home))
    try:
        asyncio.run(live.follow(reader, record.run, console, lambda _: done()))
    except (OSError, SystemExit):  # a pipe that was closed, a file on a full disk: the run goes on unseen
        with suppress(OSError, SystemExit):
            console.on_broken_pipe()
    finally:
        reader.close()


def _farewell(console: Console, resume: str) -> None:
    with suppress(OSError, SystemExit):
        console.show_cursor(True)  # the live picture has hidden it
        typer.echo(f"\nEnded at once. Go on with: {resume}" if resume else "", err=True)


def _never_begun(end: BaseException) -> None:
    typer.echo("mnemosyne: interrupted before it began; no item was touched", err=True)
    if getattr(end, "code", None) == signal.SIGTERM:  # Ray's own handler, until ours is there
        raise typer.Exit(TERMINATED) from None


def hints(home: Path | None) -> Callable[..., str]:
    """From a command and a run to what a person types, with the home if it was named."""
    where = ["--home", str(home)] if home else []
    return lambda command, run, *more: one_line(shlex.join(["mnemosyne", command, run, *more, *where]))


def tell(home: Path, run: str, status: RunStatus, console: Console, hint: Callable[..., str], *, as_json: bool) -> None:
    """Say how the run ended, where its results are, and what to do next."""
    if as_json:
        with closing(Reader(config.store_path(home))) as reader:
            record = reader.run(run)
            typer.echo(json.dumps(answers.status_json(home, read_view(reader, record), record), indent=2))
    lines = [f"Results: {home / 'runs' / run}"]
    if status is RunStatus.PAUSED:
        lines.append(f"Paused, nothing is lost. Go on with: {hint('resume', run)}")
    if status is RunStatus.WAITING:
        lines.append(f"The run waits, for a person or for something that comes by itself: {hint('status', run)}")
    if status is RunStatus.COMPLETED_WITH_FAILURES:
        lines.append(f"Some items are not complete. Why: {hint('status', run)}")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
