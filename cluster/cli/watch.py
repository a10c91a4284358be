"""`status RUN --watch`: the run as its own terminal shows it, from any other."""

import time
from collections.abc import Callable

from rich.console import Console

from actors.errors import FleetError
from actors.stores.reader import Reader
from actors.work import RunStatus
from cluster.cli import live
from cluster.cli.codes import OF_STATUS
from cluster.cli.text import one_line
from dashboards.views.projection import RunView

LOOK_S = 1.0

ALONE_S = 10.0
"""A driver that was killed is back sooner, and so is one that `resume` starts."""


class Alone:
    """True once nobody has driven the run for ALONE_S."""

    def __init__(self, is_driven: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._is_driven, self._clock = is_driven, clock
        self._since = self._looked = clock()

    def __call__(self, _view: RunView) -> bool:
        now = self._clock()
        if now - self._looked >= LOOK_S:
            self._looked = now
            if self._is_driven():
                self._since = now
        return now - self._since >= ALONE_S


class Unattended:
    """True once the run was paused, or has waited, for so long that nobody can be waiting for it."""

    def __init__(self, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit_s, self._clock = limit_s, clock
        self._since: float | None = None

    def __call__(self, view: RunView) -> bool:
        if view.state not in (RunStatus.PAUSED, RunStatus.WAITING):
            self._since = None
            return False
        self._since = self._clock() if self._since is None else self._since
        return self._clock() - self._since >= self._limit_s


async def watch(reader: Reader, run: str, console: Console, alone: Callable[[RunView], bool]) -> RunView:
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
