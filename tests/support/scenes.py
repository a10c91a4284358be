"""Journals to look at: runs in the middle of their lives, with every state and every trouble that a page shows."""

import random
from pathlib import Path
from typing import NamedTuple

from actors.events import (
    AgentErrorRecorded,
    AgentHealthDegraded,
    AgentRestarted,
    AgentStarted,
    AgentStarting,
    Event,
    ItemAssigned,
    ItemClosed,
    ItemFailed,
    ItemStarted,
    ModelHeld,
    RunStarted,
)
from actors.journal.people import Approval, ApprovalRequested, ItemAccepted
from actors.spending.budget import Budget
from actors.stores.group import GroupStore
from actors.stores.protocol import Accept
from actors.vocabulary.review import Gate, GateVerdict, Judgement, Questions, RequirementVerdict, Review, Verdict
from actors.work import (
    Content,
    Effort,
    Failure,
    FailureKind,
    Item,
    Lost,
    Outcome,
    RestartCause,
    Result,
    Role,
    Usage,
    role_of,
)

RUN = "quarterly-report-7c1d02"
MODEL = "claude-sonnet-5-5"
AGENTS = ("executor-0", "executor-1", "executor-2", "reviewer-0")

HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> "
    "\x1b[2J\x1b]0;owned\x07 \u202eevil"
)

QUESTIONS = Questions(
    model=MODEL, questions=("To whom is it addressed?", "In which language?"), turn=1, call=1, cost_usd=0.003
)

TWELVE: dict[str, tuple[str, ...]] = {
    "sales-north": (),
    "sales-south": (),
    "support-tickets": (),
    "incidents": (),
    "survey": (),
    "sales": ("sales-north", "sales-south"),
    "reliability": ("support-tickets", "incidents"),
    "customers": ("support-tickets", "survey"),
    "risks": ("reliability", "sales"),
    "summary": ("sales", "customers", "risks"),
    "review": ("summary",),
    "title": ("summary",),
}


class Scene(NamedTuple):
    """A plan and what became of it so far."""

    plan: tuple[Item, ...]
    events: list[Event]


def result(text: str, seconds: float, tokens: int) -> Result:
    """A paid answer."""
    usage = Usage(input_tokens=tokens, output_tokens=tokens // 6, cache_read_tokens=tokens // 3)
    effort = Effort(calls=1, permit_s=seconds / 5)
    cost = tokens * 9e-6
    return Result(data=Content(text=text), model=MODEL, usage=usage, cost_usd=cost, seconds=seconds, effort=effort)


def attempt(item: str, agent: str, outcome: Outcome | None, epoch: int = 1, number: int = 1) -> list[Event]:
    """It is assigned, begun and, with an outcome, over."""
    who = {"run": RUN, "item": item, "epoch": epoch, "agent": agent}
    rows: list[Event] = [
        ItemAssigned.model_validate({**who, "attempt": number, "model": MODEL, "term": 1}),
        ItemStarted.model_validate({**who, "generation": 1}),
    ]
    if outcome is not None:
        rows.append(ItemClosed.model_validate({**who, "attempt": number, "generation": 1, "outcome": outcome}))
    return rows


def fleet(agents: tuple[str, ...] = AGENTS) -> list[Event]:
    """All agents, up."""
    asked: list[Event] = [AgentStarting(agent=agent, role=role_of(agent)) for agent in agents]
    up = [
        AgentStarted(agent=agent, role=role_of(agent), generation=1, pid=4100 + n, node="31df183e945a4125")
        for n, agent in enumerate(agents)
    ]
    return [*asked, *up]


def twelve() -> Scene:
    """A dozen items in the middle of the day: one failed once, one was lost with its agent, limits hold calls."""
    plan = tuple(
        Item(
            id=id_,
            description=f"Write the part about {id_.replace('-', ' ')} of the quarterly report.",
            dependencies=on,
            agent=Role.REVIEWER if id_ == "review" else Role.EXECUTOR,
            inputs={"notes": Content(text=f"Notes on {id_}.\n" * 12)} if not on else {},
        )
        for id_, on in TWELVE.items()
    )
    busy = Failure(reason=FailureKind.AGENT_FAULT, message="KeyError: 'region'", model=MODEL, cost_usd=0.0, seconds=0.4)
    events = [
        *attempt("sales-north", "executor-0", result("Sales in the north rose by 12 % over the quarter.", 14.2, 2310)),
        *attempt("incidents", "executor-1", result(HOSTILE, 9.7, 1840)),
        *attempt("support-tickets", "executor-2", busy),
        *(
            AgentErrorRecorded(agent="executor-2", generation=1, message="KeyError: 'region'", count=n)
            for n in (1, 2, 3)
        ),
        AgentHealthDegraded(agent="executor-2", count=3, is_healthy=True),
        *attempt("support-tickets", "executor-0", result("Tickets fell to 340.", 21.4, 4120), 2, 2),
        *attempt("survey", "executor-1", Lost(message="executor-1 was killed")),
        AgentRestarted(
            agent="executor-1", generation=1, cause=RestartCause.CRASH, reason="process 4101 ended unexpectedly"
        ),
        AgentStarted(agent="executor-1", role=Role.EXECUTOR, generation=2, pid=4188, node="31df183e945a4125"),
        *attempt("sales-south", "executor-0", result("Sales in the south were level.", 11.1, 2075)),
        *attempt("survey", "executor-1", None, 2),
        *attempt("sales", "executor-0", None),
        *attempt("reliability", "executor-2", None),
        ModelHeld(
            model=MODEL, by="output_tokens", waiting=3, in_flight=3, held_s=11.0, limit=16_000, left=900, refused=1
        ),
    ]
    return Scene(plan, events)


def many(count: int, rng: random.Random) -> Scene:
    """So many items in layers, about two thirds of them done."""
    plan: list[Item] = []
    layer: list[str] = []
    before: list[str] = []
    for number in range(count):
        if len(layer) >= max(8, count // 12):
            before, layer = layer, []
        on = tuple(rng.sample(before, min(len(before), rng.choice((1, 2, 3)))))
        plan.append(Item(id=f"part-{number:04}", description=f"Part {number}.", dependencies=on))
        layer.append(plan[-1].id)
    done: set[str] = set()
    layers: dict[str, int] = {}
    for item in plan:
        layers[item.id] = 1 + max((layers[on] for on in item.dependencies), default=-1)
    half = max(layers.values()) * 2 // 3
    events: list[Event] = []
    for number, item in enumerate(plan):
        if not set(item.dependencies) <= done:
            continue
        agent = f"executor-{number % 3}"
        depth = layers[item.id] - half
        if depth < 0 or (not depth and rng.random() < 0.5):
            if depth == -1 and rng.random() < 0.05:
                bad = Failure(reason=FailureKind.REFUSAL, message="the model declined", model=MODEL, cost_usd=0.0)
                ended = ItemFailed(run=RUN, item=item.id, attempts=1, reason=bad.reason, message=bad.message, term=1)
                events += [*attempt(item.id, agent, bad), ended]
            else:
                events += attempt(item.id, agent, result(f"Part {number} is done.", rng.uniform(3, 20), 300))
                done.add(item.id)
        elif rng.random() < 0.5:
            events += attempt(item.id, agent, None)
    return Scene(tuple(plan), events)


def asking() -> Scene:
    """A review sent a result back and passed the next; one item asks, one waits to be approved."""
    review = Review(gates=(Gate.INTENT_SATISFIED, Gate.CORRECTNESS))
    plan = (
        Item(
            id="figures", description="Collect the figures.", review=review, requirements=("Every region.", "In euros.")
        ),
        Item(id="letter", description="Write to the customers.", clarify=True),
        Item(id="publish", description="Put the report on the site.", approve=True),
        Item(id="archive", description="File it.", dependencies=("figures", "letter", "publish")),
    )
    asked = ApprovalRequested(
        run=RUN,
        item="publish",
        epoch=0,
        what=Approval.START,
        message="it is to begin: Put the report on the site.",
        term=1,
    )
    draft, final = result("North 12 %.", 8.0, 900), result("North 12 %, south level, in euros.", 9.0, 1100)
    events = [
        *_pending("figures", draft, 1),
        *attempt("figures", "reviewer-0", _verdict(review, passed=False), 2),
        *_pending("figures", final, 3),
        *attempt("figures", "reviewer-0", _verdict(review, passed=True), 4),
        ItemAccepted(run=RUN, item="figures", passed=True, outcome=final, term=1),
        *attempt("letter", "executor-0", QUESTIONS),
        asked,
    ]
    return Scene(plan, events)


def _pending(item: str, outcome: Result, epoch: int) -> list[Event]:
    *begun, end = attempt(item, "executor-0", outcome, epoch)
    return [*begun, end.model_copy(update={"pending": True})]


def _verdict(review: Review, *, passed: bool) -> Verdict:
    missing = "only the north is there" if not passed else "both regions, one table"
    judgement = Judgement(
        gates=tuple(GateVerdict(gate=gate, passed=passed, evidence=missing) for gate in review.gates),
        requirements=(
            RequirementVerdict(requirement="Every region.", satisfied=passed, evidence=missing),
            RequirementVerdict(requirement="In euros.", satisfied=True, evidence="the heading says so"),
        ),
        issues=() if passed else ("Add the south.",),
        suggested_tests=() if passed else ("Count the regions.",),
    )
    return Verdict(model=MODEL, judgement=judgement, cost_usd=0.004, seconds=2.0)


async def begin(store: GroupStore, plan: tuple[Item, ...], name: str = "quarterly report") -> None:
    """The fleet is up, the run is accepted and has a driver."""
    await store.append("fleet", fleet())
    budget = Budget(usd=2.0)
    await store.accept(Accept(RUN, "quarterly", name, "digest", MODEL, plan, {}, budget=budget))
    await store.claim(RUN, "d")
    await store.append("start", [RunStarted(run=RUN, term=1, driver="driver")])


async def write(home: Path, scene: Scene) -> GroupStore:
    """The scene on disk; the store stays open, so that its fleet is alive."""
    store = GroupStore(home / "store.db")
    await begin(store, scene.plan)
    for at in range(0, len(scene.events), 500):
        receipt = await store.append(f"scene {at}", scene.events[at : at + 500])
        assert None not in receipt.seqs
    return store
