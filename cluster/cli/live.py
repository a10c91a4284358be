"""Follows a run to its end: a live picture on a terminal, a line per change elsewhere."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

import apsw
from rich.console import Console
from rich.live import Live
from rich.text import Text

from actors.errors import StoreUnreachable
from actors.events import Event
from actors.stores.reader import Reader
from cluster.cli import changes
from cluster.cli.frame import failures, frame
from cluster.cli.journal import POLL_S, Tail, readable
from cluster.cli.text import forgive
from dashboards.views.projection import RunView

DRAW_S = 0.2
"""At most so often is a change drawn: drawing takes time from the agents on the same machine."""

TICK_S = 1.0
"""So often the clocks move when nothing else does."""


class Screen(Protocol):
    """Shows a run that changes. A context manager."""

    def __enter__(self) -> "Screen": ...

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None: ...

    def take(self, event: Event, /) -> None:
        """This event was just applied to the view."""
        ...

    def show(self, last: bool, /) -> None:
        """Show what was taken if it is time, or if it is the last time."""
        ...


async def follow(
    reader: Reader,
    run: str,
    console: Console,
    done: Callable[[RunView], bool] | None = None,
    clock: Callable[[], float] = time.time,
) -> RunView:
    """Show the run (id or key) until it is finished, or until `done` and everything written before is shown.

    Reads the store beside its writer. Raises NotFound, StoreUnusable.
    """
    with readable():
        record = reader.run(run)
        view, tail = RunView(reader.items(record.run), record), Tail(reader, record)
    forgive(console)
    with screen_for(view, console, clock) as screen:
        while True:
            over = done is not None and done(view)  # asked before reading, so that what was written before it is read
            try:
                for page in tail.news():
                    for event in page:
                        view.apply(event)
                        screen.take(event)
                    screen.show(False)
                    await asyncio.sleep(0)
            except (apsw.BusyError, StoreUnreachable):
                over = False  # the writer has the file, or the server is away; the next look finds the same
            over = over or view.finished
            screen.show(over)
            if over:
                return view
            await asyncio.sleep(POLL_S)


def screen_for(view: RunView, console: Console, clock: Callable[[], float]) -> Screen:
    """What suits this console."""
    if console.is_terminal and not console.is_dumb_terminal:
        return Picture(view, console, clock)
    return Lines(view, console)


class Lines:
    """A line per change."""

    def __init__(self, view: RunView, console: Console) -> None:
        self._view, self._console = view, console
        self._lines: list[str] = []

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        pass

    def take(self, event: Event, /) -> None:
        """Keep its line for the next show."""
        line = changes.line(self._view, event)
        if line is not None:
            self._lines.append(line)

    def show(self, _last: bool, /) -> None:
        """Print them, now."""
        if self._lines:
            self._console.out("\n".join(self._lines), highlight=False)
            self._console.file.flush()
            self._lines = []


class Picture:
    """A picture that is redrawn in place; the last one stays."""

    def __init__(self, view: RunView, console: Console, clock: Callable[[], float]) -> None:
        self._view, self._console, self._clock = view, console, clock
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._changed, self._drawn = True, float("-inf")

    def __enter__(self) -> "Picture":
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._live.stop()
        if kind is None:
            for line in failures(self._view):
                self._console.print(Text(line, style="red"))

    def take(self, _event: Event, /) -> None:
        """Draw it soon."""
        self._changed = True

    def show(self, last: bool, /) -> None:
        """Draw, unless that was done a moment ago."""
        since = time.monotonic() - self._drawn
        if last or since >= TICK_S or (self._changed and since >= DRAW_S):
            width, height = self._console.size
            ascii_only = self._console.options.ascii_only
            picture = frame(self._view, width, height - 1, self._clock(), ascii_only=ascii_only)
            self._live.update(picture, refresh=True)
            self._changed, self._drawn = False, time.monotonic()
