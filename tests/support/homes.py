"""A home for tests, and what the commands print of it."""

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from actors.events import Event, ItemFailed, ItemSkipped, RunFinished
from actors.stores.group import GroupStore
from actors.work import Content, FailureKind, Item, Result, RunStatus, Usage
from cluster.cli import views
from dashboards.views.projection import RunView
from tests.support.histories import BAD, accept, assigned, closed, record

LONG = "A long answer. " * 400
PLAN = (
    Item(id="text", description="x"),
    Item(id="json", description="x", output={"type": "object"}),
    Item(id="long", description="x"),
    Item(id="bad", description="x"),
    Item(id="after", description="x", dependencies=("bad",)),
)

APP = "import typer; from cluster.cli import views; app = typer.Typer(); views.register(app); app()"


def answered(text: str | None, ref: str | None = None, **more: Any) -> Result:
    data = Content(text=text, ref=ref)
    return Result(data=data, model="scripted", usage=Usage(output_tokens=1), cost_usd=0.0, **more)


def ends() -> list[Event]:
    rows: list[Event] = [
        closed("text", answered("Bonjour\x1b[2J [red]monde[/red]\nsecond line", truncated=True)),
        closed("json", answered('{"text": "caf\\u00e9 \\ud800"}', json_data=True)),
        closed("long", answered(None, "f" * 64)),
        closed("bad", BAD),
        ItemFailed(run="r", item="bad", attempts=1, reason=FailureKind.REFUSAL, message="declined", term=1),
        ItemSkipped(run="r", item="after", cause="bad", term=1),
    ]
    view = RunView(PLAN, record(PLAN))
    for row in [*map(assigned, ("text", "json", "long", "bad")), *rows]:
        view.apply(row)
    status = RunStatus.COMPLETED_WITH_FAILURES
    return [*rows, RunFinished(run="r", term=1, status=status, counts=view.items.counts)]


async def make_home(home: Path) -> None:
    """One finished run, r or monday, with every kind of answer."""
    store = GroupStore(home / "store.db")
    await accept(store, PLAN, key="monday", name="briefing")
    await store.append("1", [assigned(item.id) for item in PLAN[:4]])
    await store.append("2", ends(), {"f" * 64: LONG})
    await store.close()


def said(command: Callable[[Console], None], *, width: int = 80, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    command(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def status(home: Path, run: str | None, *, as_json: bool = False, terminal: bool = False, width: int = 80) -> str:
    return said(lambda c: views.status(home, run, c, 2000.0, as_json=as_json), terminal=terminal, width=width)


def results(home: Path, run: str, *, as_json: bool = False) -> str:
    return said(lambda c: views.results(home, run, c, as_json=as_json))


def events(home: Path, run: str, *, as_json: bool = True, follow: bool = False) -> str:
    return said(lambda c: asyncio.run(views.events(home, run, c, as_json=as_json, follow=follow)))
