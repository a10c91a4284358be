"""`agents`: who works in this home, as the journal tells."""

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from actors.stores.holder import is_held
from cluster.cli.journal import opened
from cluster.cli.options import AsJson, Home
from cluster.cli.tables import GAP
from cluster.cli.text import cut, fit, forgive, one_line
from cluster.cli.wishes import told
from cluster.home import requests
from cluster.home.config import resolve_home, store_of, store_path
from dashboards.views.agent_info import AgentInfo
from dashboards.views.fleet_view import FleetView

HEAD = ("agent", "role", "state", "items", "generation", "pid", "restarts", "health")


WATCH_S = 1.0

Watch = Annotated[bool, typer.Option("--watch", help="Stay, and show what changes.")]
Agent = Annotated[str, typer.Argument(help="Id of the agent, as in executor-0.", show_default=False)]

app = typer.Typer(name="agents")


@app.callback(invoke_without_command=True)
def agents(ctx: typer.Context, home: Home = None, as_json: AsJson = False, watch: Watch = False) -> None:
    """List the agents of this home's fleet, or of its last one.

    Examples: `mnemosyne agents`, `mnemosyne agents --watch`, `mnemosyne agents restart executor-0`.
    """
    if ctx.invoked_subcommand is None:
        at = resolve_home(home)
        _watch(at) if watch else _list(at, as_json=as_json)


@app.command()
def restart(agent: Agent, home: Home = None, as_json: AsJson = False) -> None:
    """Replace the process of an agent; what it worked on is given to another attempt, uncharged.

    Example: `mnemosyne agents restart executor-0`.
    """
    told(requests.restart_agent(store_of(home), agent), "Restart", as_json=as_json)


@app.command()
def reset(agent: Agent, home: Home = None, as_json: AsJson = False) -> None:
    """Let an agent begin anew that was given up after too many restarts.

    Example: `mnemosyne agents reset executor-0`.
    """
    told(requests.reset_agent(store_of(home), agent), "Reset", as_json=as_json)


def _watch(home: Path) -> None:
    console = Console()
    with suppress(KeyboardInterrupt), Live(console=console, auto_refresh=False) as live:
        while True:
            shown = lines(list(read(home, time.time()).agents.values()))
            live.update(Text("\n".join(cut(line, console.width) for line in shown)), refresh=True)
            time.sleep(WATCH_S)


def _list(home: Path, *, as_json: bool) -> None:
    view = read(home, time.time())
    console = Console()
    forgive(console)
    if as_json:
        typer.echo(json.dumps(view.to_json(), indent=2))
        return
    width = console.width if console.is_terminal else 1000
    console.out("\n".join(cut(line, width) for line in lines(list(view.agents.values()))), highlight=False)


def read(home: Path, now: float) -> FleetView:
    """The home's newest fleet. Raises StoreUnusable, HomeUnusable."""
    with opened(home) as reader:
        events = reader.fleet()
    return FleetView(events, now, alive=is_held(store_path(home)))


def lines(infos: Sequence[AgentInfo]) -> list[str]:
    """A line per agent."""
    if not infos:
        return ["no agents yet; `mnemosyne run PLAN` starts some"]
    rows = [HEAD, *map(_row, infos)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return [GAP.join(fit(*cell) for cell in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(agent: AgentInfo) -> tuple[str, ...]:
    return (
        one_line(agent.id),
        agent.role.value,
        agent.state.value,
        str(len(agent.working_on) or ""),
        str(agent.generation or ""),
        str(agent.pid or ""),
        str(agent.restarts or ""),
        one_line(_health(agent)),
    )


def _health(agent: AgentInfo) -> str:
    if agent.reason:
        return agent.reason
    health = agent.health
    count = f"{health.error_count} faults in the last minute" if health.error_count else "healthy"
    return f"{count}, the last one: {health.last_error}" if health.last_error else count
