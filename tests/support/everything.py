"""Plans that have everything a plan can have, and what agents make of them: by dice."""

import json
from random import Random
from typing import Any

from actors.spending.budget import Budget
from actors.vocabulary.review import Exhausted, Gate, Purpose, Review
from actors.work import (
    Content,
    Expand,
    Failure,
    FailureKind,
    Grows,
    Item,
    Lost,
    Outcome,
    Over,
    Reservation,
    Result,
    Role,
    Task,
    Usage,
    Want,
)
from tests.support.reviews import CONSOLIDATED, QUESTIONS, REQUIREMENTS, verdict

HANDED_OVER = {"success_criteria": ["done"], "hand_back": "a text", "if_it_fails": "go on"}


def plan(rng: Random) -> tuple[Item, ...]:
    """Up to six items of every kind."""
    items: list[Item] = []
    for number in range(rng.randint(1, 6)):
        before = tuple(sorted(one.id for one in rng.sample(items, min(len(items), rng.randint(0, 2)))))
        items.append(Item(**_kind(rng, before), **_common(rng, f"i{number}", before)))
    return tuple(items)


def _common(rng: Random, id_: str, before: tuple[str, ...]) -> dict[str, Any]:
    return {
        "id": id_,
        "description": "x" * rng.randint(1, 3000),
        "dependencies": before,
        "max_tokens": rng.choice((50, 500, 4000)),
        "budget": rng.choice((None, None, None, Budget(usd=0.01), Budget(tokens=3000))),
        "approve": rng.random() < 0.3,
        "clarify": rng.random() < 0.3,
    }


def _kind(rng: Random, before: tuple[str, ...]) -> dict[str, Any]:
    dice = rng.random()
    if dice < 0.2 and before:
        return {"foreach": Over(item=before[0], path="", budget=rng.choice((None, Budget(tokens=2500))))}
    if dice < 0.35:
        return {"agent": Role.ORCHESTRATOR, "expand": rng.choice((Expand.RUN, Expand.DRAFT))}
    tools = ("subagents", "files:write") if dice < 0.5 else ()
    if rng.random() < 0.5:
        return {"tools": tools}
    review = Review(gates=(Gate.CORRECTNESS,), max_attempts=rng.randint(1, 4), on_exhausted=rng.choice(list(Exhausted)))
    return {"tools": tools, "review": review, "extract": rng.random() < 0.3}


def outcome(task: Task, rng: Random) -> Outcome:
    """How an attempt ends, and what it used."""
    used = Usage(input_tokens=rng.randint(1, rng.choice((300, 3000))), output_tokens=rng.randint(1, 40))
    found = _end(task, rng)
    if isinstance(found, Lost):
        return found
    return found.model_copy(update={"model": task.model, "usage": used, "cost_usd": used.total * 2e-6})


def _end(task: Task, rng: Random) -> Outcome:
    dice = rng.random()
    if dice < 0.04:
        return Lost(message="gone")
    if dice < 0.2:
        return _failure(task, rng)
    match task.purpose:
        case Purpose.EXTRACT:
            return REQUIREMENTS
        case Purpose.CONSOLIDATE:
            return CONSOLIDATED.model_copy(update={"reviews": len(task.feedback)})
        case Purpose.REVIEW:
            return verdict(passed=rng.random() < 0.4, requirements=task.requirements)
    if task.item.clarify and len(task.answers) < 2 and rng.random() < 0.3:
        return QUESTIONS.model_copy(update={"turn": turn_of(task)})
    return _work(task, rng)


def _failure(task: Task, rng: Random) -> Failure:
    kind = rng.choice(list(FailureKind))
    if kind is not FailureKind.BUDGET:
        return Failure(reason=kind, message="bad")
    allowed = task.allowance
    if allowed is None:
        return Failure(reason=FailureKind.TRANSIENT, message="bad")
    needs = Reservation(usd=(allowed.usd or 0.001) * 1.5, tokens=int((allowed.tokens or 100) * 1.5))
    return Failure(reason=kind, message="dear", needs=needs)


def _work(task: Task, rng: Random) -> Outcome:
    turn = turn_of(task)
    if task.item.expand:
        items = [{"id": f"x{number}", "description": "d"} for number in range(rng.randint(0, 3))]
        return Grows(wants=(Want(turn=turn, text=_json({"items": items})),))
    if "subagents" in task.item.tools and rng.random() < 0.5 and len(task.turns) < 2:
        calls = [_call(rng) for _ in range(rng.randint(1, 3))]
        return Grows(wants=tuple(Want(turn=turn, call=n, text=_json(call)) for n, call in enumerate(calls, 1)))
    data = json.dumps([1] * rng.randint(0, 3)) if rng.random() < 0.9 else "no list"
    return Result(data=Content(text=data), model=task.model)


def _call(rng: Random) -> dict[str, object]:
    """Of a sub-agent; now and then one that is refused."""
    if rng.random() < 0.2:
        return {}
    tools = ["subagents"] if rng.random() < 0.3 else []
    return {**HANDED_OVER, "description": f"part {rng.random()}", "tools": tools}


def _json(value: object) -> Content:
    return Content(text=json.dumps(value))


def turn_of(task: Task) -> int:
    """The turn that it is at."""
    return task.before + len(task.turns) + 1
