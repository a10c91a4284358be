"""`status RUN --watch`: the run as its own terminal shows it, from any other."""

import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from actors.errors import FleetError
from actors.stores.holder import is_held
from actors.stores.reader import Reader
from actors.work import RunStatus
from cluster.cli import live
from cluster.cli.codes import OF_STATUS
from cluster.cli.text import one_line
from dashboards.projection import RunView

LOOK_S = 1.0

ALONE_S = 10.0
"""A fleet needs less than this between two drivers, as from `resume` being called to its store being open."""


class Alone:
    """True once no process has written the store for ALONE_S: nobody drives the run."""

    def __init__(self, store: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._since = self._looked = clock()

    def __call__(self) -> bool:
        now = self._clock()
        if now - self._looked >= LOOK_S:
            self._looked = now
            if is_held(self._store):
                self._since = now
        return now - self._since >= ALONE_S


async def watch(reader: Reader, run: str, console: Console, alone: Callable[[], bool]) -> RunView:
    """Show the run until it is finished, or until nobody drives it any more.

    Raises FleetError if nobody drives a run that is neither finished nor paused.
    """
    view = await live.follow(reader, run, console, alone)
    if view.finished:
        return view
    if view.state is not RunStatus.PAUSED:
        raise FleetError(f"no process drives run {view.run} any more; go on with: mnemosyne resume {view.run}")
    console.print(
        f"Paused, nothing is lost. Go on with: mnemosyne resume {one_line(view.run)}", highlight=False, markup=False
    )
    return view


def code(view: RunView) -> int:
    """The exit code that `run` would give."""
    return OF_STATUS[view.state]
