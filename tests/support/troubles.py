"""A scripted journal in which everything happens that the boards show: errors, retries, restarts, limits, budgets."""

from typing import Any

from actors.events import (
    AgentErrorRecorded,
    AgentFailed,
    AgentHealthDegraded,
    AgentRestarted,
    AgentStarted,
    AgentStarting,
    ItemAssigned,
    ItemFailed,
    ModelHeld,
    ModelUnavailable,
    RunFinished,
    RunPaused,
    RunStarted,
    ToolDone,
    TurnDone,
)
from actors.spending.budget import Budget
from actors.stores.group import GroupStore
from actors.stores.protocol import Accept
from actors.work import Content, Effort, Item, RestartCause, Role, RunStatus, Usage
from tests.support.histories import BUSY, FAULT, GONE, GOOD, assigned, closed, items, write

PLAN = items(a=(), b="a", c="a", d=())


async def begin(store: GroupStore) -> None:
    """Four runs and a fleet; nothing is done yet."""
    for run, plan, budget in (
        ("r", PLAN, Budget(usd=100.0)),
        ("spent", items(a=()), Budget(usd=0.01)),
        ("over", items(a=()), None),
        ("fourth", items(a=()), None),
    ):
        await _accept(store, run, plan, budget)
    for id_, role in (("executor-0", Role.EXECUTOR), ("reviewer-0", Role.REVIEWER)):
        await write(store, AgentStarting(agent=id_, role=role), id_=f"starting {id_}")
    for id_, role in (("executor-0", Role.EXECUTOR), ("reviewer-0", Role.REVIEWER)):
        await write(store, AgentStarted(agent=id_, role=role, generation=1, pid=7, node="head"), id_=f"started {id_}")


async def _accept(store: GroupStore, run: str, plan: tuple[Item, ...], budget: Budget | None) -> None:
    await store.accept(Accept(run, None, "plan", "digest", "scripted", plan, {}, budget=budget))
    await store.claim(run, "driver")
    await write(store, RunStarted(run=run, term=1, driver="driver"), id_=f"begin {run}")


async def happen(store: GroupStore, round_: int) -> None:
    """Everything once more; each round has items of its own."""
    run = f"round-{round_}"
    await _accept(store, run, PLAN, None)

    def opened(item: str, epoch: int = 1) -> ItemAssigned:
        return assigned(item, epoch, min(epoch, 2)).model_copy(update={"run": run})

    used: dict[str, Any] = {"usage": Usage(input_tokens=40, cache_read_tokens=60, output_tokens=9), "cost_usd": 0.02}
    effort = Effort(calls=3, retries=1, permit_s=0.5, limit_s=0.25, backoff_s=0.1)
    who: dict[str, Any] = {"run": run, "item": "a", "epoch": 1, "agent": "executor-0", "turn": 1}
    said = {"said": Content(text="{}"), "model": "scripted", **used}
    tool = {"call": 1, "tool": "read_file", "result": Content(text="x"), "seconds": 0.3}
    good = GOOD.model_copy(update={"effort": effort, "cost_usd": 0.05, "usage": used["usage"] + used["usage"]})
    retried = opened("d", 2).model_copy(update={"after": FAULT.reason})
    await write(
        store,
        opened("a"),
        TurnDone.model_validate({**who, **said}),
        ToolDone.model_validate({**who, **tool}),
        closed("a", good, run),
        opened("d"),
        closed("d", FAULT, run),
        retried,
        closed("d", GONE, run, 2, 2),
        opened("d", 3),
        closed("d", BUSY, run, 3, 2),
        ItemFailed(run=run, item="d", attempts=3, reason=FAULT.reason, message="it failed", term=1),
        RunFinished(run=run, term=1, status=RunStatus.COMPLETED_WITH_FAILURES, counts={"complete": 1, "failed": 1}),
        id_=run,
    )
    held = ModelHeld(
        model="scripted", by="input_tokens", waiting=3, in_flight=2, held_s=1, limit=100, left=4, refused=5
    )
    await write(
        store,
        AgentErrorRecorded(agent="executor-0", generation=1, message="KeyError: 'x'", count=3),
        AgentHealthDegraded(agent="executor-0", count=3, is_healthy=True),
        AgentRestarted(agent="executor-0", generation=round_, cause=RestartCause.CRASH, reason="it was killed"),
        AgentStarted(agent="executor-0", role=Role.EXECUTOR, generation=round_ + 1, pid=8, node="head"),
        AgentFailed(agent="reviewer-0", reason="restarted too often"),
        held,
        ModelUnavailable(model="scripted", reason="overloaded"),
        RunPaused(run="spent", term=1, reason="budget"),
        id_=f"troubles {round_}",
    )
