"""Terminals for tests, and texts that would do something to them."""

import io
import re

from rich.console import Console

from actors.events import AgentUnavailable, Event, ItemSkipped
from actors.work import Item, Role
from cluster.cli.frame import frame
from dashboards.views.projection import RunView
from tests.support.histories import BAD, assigned, closed, failed

HOSTILE = "\x1b[2J\x1b]0;owned\x07[red]x[/red] :boom: \x9b31m\r\nnext\tline\u202edcba\u2028 漢字漢字 \ud800 \x7f"

HARMLESS = re.compile(r"[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff]*")


def plain() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, width=80)


def terminal(width: int = 80, height: int = 24, *, no_color: bool = False) -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        width=width,
        height=height,
        no_color=no_color,
        legacy_windows=False,
        _environ={"TERM": "xterm-256color"},
    )


def output(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def drawn(view: RunView, width: int, height: int | None = 24) -> list[str]:
    """The picture's lines as a terminal without colours gets them."""
    console = Console(file=io.StringIO(), width=width, height=height or 1000, color_system=None)
    console.print(frame(view, width, height, now=2000.0))
    return output(console).splitlines()


def hostile_run() -> tuple[tuple[Item, ...], list[Event]]:
    plan = (
        Item(id=HOSTILE.replace("\ud800", ""), description="x"),
        Item(id="[red]b[/red]", description="x", dependencies=(HOSTILE.replace("\ud800", ""),)),
    )
    first, second = (item.id for item in plan)
    rows: list[Event] = [
        AgentUnavailable(agent="executor-1", role=Role.EXECUTOR, reason=HOSTILE),
        assigned(first, agent="a\x1b[1m"),
        closed(first, BAD, agent="a\x1b[1m"),
        failed(first, HOSTILE),
        ItemSkipped(run="r", item=second, cause=first, term=1),
    ]
    return plan, rows
