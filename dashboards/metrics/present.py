"""What is now: the gauges, read off the page's board at the moment of a scrape."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from actors.machine.build import BUILD
from actors.stores.place import is_on_server
from actors.stores.protocol import RunRecord
from actors.work import ItemState, RunStatus
from dashboards.board import Board
from dashboards.metrics import labels
from dashboards.views.agent_info import AgentState
from dashboards.views.projection import RunView
from dashboards.views.spent import Spent


class Sample(NamedTuple):
    """A value of a gauge."""

    name: str
    labels: tuple[str, ...]
    value: float


def present(board: Board, models: labels.Models, driven: Callable[[RunRecord], bool], store: Path) -> Iterator[Sample]:
    """Every gauge that has a value. `driven`: whether a process drives the run."""
    told: list[tuple[str, tuple[str, ...], float | None]] = [
        ("build_info", (BUILD,), 1.0),
        *_fleet(board),
        *_runs(board, driven),
        *_models(board, models),
        *_budgets(board),
        *_store(store),
        ("journal_seq", (), board.seq),
        ("journal_last_event_timestamp_seconds", (), board.at),
    ]
    for name, values, value in told:
        if value is not None:
            yield Sample(f"mnemosyne_{name}", values, float(value))


Told = Iterator[tuple[str, tuple[str, ...], float | None]]


def _fleet(board: Board) -> Told:
    facts = board.agents()
    yield "fleet_up", (), facts["alive"]
    agents = Counter((agent["role"].value, agent["state"].value) for agent in facts["agents"])
    ill = Counter(agent["role"].value for agent in facts["agents"] if not agent["health"]["is_healthy"])
    for role in labels.VALUES["role"]:
        yield "agents_unhealthy", (role,), ill[role] if facts["alive"] else 0
        for state in AgentState:
            yield "agents", (role, state.value), agents[role, state.value]


def _runs(board: Board, driven: Callable[[RunRecord], bool]) -> Told:
    runs = board.unfinished()
    states = Counter(view.state.value for _, view in runs)
    for state in labels.VALUES["run_state"]:
        yield "runs", (state,), states[state]
    going = [record for record, view in runs if view.state is not RunStatus.PAUSED]
    yield "runs_undriven", (), sum(not driven(record) for record in going)
    counts: Counter[str] = Counter()
    for _, view in runs:
        counts.update(view.items.counts)
    for item_state in ItemState:
        yield "items", (item_state.value,), counts[item_state.value]
    ready = [_oldest(view) for _, view in runs if view.state is RunStatus.RUNNING]
    yield "queue_oldest_timestamp_seconds", (), min((at for at in ready if at is not None), default=None)


def _oldest(view: RunView) -> float | None:
    """Since when the item that is ready for longest is."""
    since = (item.since or view.accepted_at for item in view.items.in_state(ItemState.READY))
    return min((at for at in since if at is not None), default=None)


def _models(board: Board, models: labels.Models) -> Told:
    facts = board.agents()
    out = {models.label(one["model"]) for one in facts["out"]}
    by_label = {models.label(model): event for model, event in board.held.items()} if facts["alive"] else {}
    for model in models.names:
        event = by_label.get(model)
        yield "model_waiting_calls", (model,), event.waiting if event else 0
        yield "model_unavailable", (model,), model in out
        if event:
            yield "model_in_flight_calls", (model,), event.in_flight
            if event.limit and event.left is not None:
                yield "model_headroom_ratio", (model, labels.known("limit", event.by)), event.left / event.limit


def _budgets(board: Board) -> Told:
    usd, shares = list[float](), list[float]()
    for _, view in board.unfinished():
        spent: Spent = view.accounts.run
        if view.budget.usd is not None and spent.cost_usd is not None:
            usd.append(max(view.budget.usd - spent.cost_usd, 0.0))
            shares.append(usd[-1] / view.budget.usd if view.budget.usd else 0.0)
        if view.budget.tokens is not None:
            left = max(view.budget.tokens - spent.usage.total - spent.estimated_tokens, 0)
            shares.append(left / view.budget.tokens if view.budget.tokens else 0.0)
    yield "budget_left_usd", (), sum(usd) if usd else None
    yield "budget_left_ratio", (), min(shares, default=None)


def _store(store: Path) -> Told:
    if is_on_server(store):
        return  # its size and disk are the server's to tell
    files = [path for path in (store, store.with_name(f"{store.name}-wal")) if path.exists()]
    yield "store_bytes", (), sum(path.stat().st_size for path in files)
    yield "store_free_bytes", (), shutil.disk_usage(store.parent).free
