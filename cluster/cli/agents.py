"""`agents`: who works in this home, as the journal tells."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console

from actors.stores.holder import is_held
from cluster.cli.journal import opened
from cluster.cli.options import AsJson, Home
from cluster.cli.tables import GAP
from cluster.cli.text import cut, fit, forgive, one_line
from cluster.config import resolve_home, store_path
from dashboards.agent_info import AgentInfo
from dashboards.fleet_view import FleetView

HEAD = ("agent", "role", "state", "items", "generation", "pid", "restarts", "health")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="agents")(agents)


def agents(home: Home = None, as_json: AsJson = False) -> None:
    """List the agents of this home's fleet, or of its last one.

    Examples: `mnemosyne agents`, `mnemosyne agents --json`.
    """
    view = read(resolve_home(home), time.time())
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
