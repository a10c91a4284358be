"""A run as `status --json` prints it."""

from typing import Any

from dashboards.views.projection import RunView
from dashboards.wire.table import HELD


def run_json(view: RunView) -> dict[str, Any]:
    """The run for machines."""
    names = ("run", "key", "name", "state", "reason", "phase", "model")
    times = ("accepted_at", "started_at", "finished_at")
    return {
        **{name: getattr(view, name) for name in names},
        "counts": view.items.counts,
        **view.accounts.run.to_json(),
        "held": [event.model_dump(include=set(HELD)) for event in view.held.values()],
        "budget": view.budget.model_dump() if view.budget else None,
        "agents": {id_: spent.to_json() for id_, spent in view.accounts.agents.items()},
        "models": {name: spent.to_json() for name, spent in view.accounts.models.items()},
        **{name: getattr(view, name) for name in times},
        "items": [item.to_json() for item in view.items.values()],
    }
