"""One picture of a run for a terminal of this size: what it is, its items, how far it is."""

from rich.cells import cell_len
from rich.console import Group
from rich.text import Text

from actors.work import TERMINAL, ItemState
from cluster.cli import tables
from cluster.cli.budgets import caps
from cluster.cli.pace import held
from cluster.cli.text import cut, dollars, one_line, seconds
from dashboards.views.agent_info import AgentInfo, AgentState
from dashboards.views.item_view import ItemView
from dashboards.views.projection import RunView

NOTICES = 3
"""At most so many lines about agents that are missing."""

QUESTIONS = 3
"""At most so many lines about items that wait for a person."""

FAILURES = 10
"""At most so many failed items are told in full at the end."""

ROOMY = 10
"""Lower terminals get no line about what calls took."""

TOLD_FROM_S = 0.05
"""Shorter waits are not worth a line."""

BAR = "█", "░"
BAR_ASCII = "#", "."


def frame(view: RunView, width: int, height: int | None, now: float, *, ascii_only: bool = False) -> Group:
    """The picture, at most `height` lines of at most `width` cells; without a height every item is in it."""
    used = [] if height is not None and height < ROOMY else _used(view, width)
    notices = [*used, *_notices(view, width)]
    lines = len(view.items) if height is None else max(height - 3 - len(notices), 1)
    items = tables.choose(view, lines)
    columns = tables.columns(items, width)
    rest = tables.rest(view, items)
    return Group(
        _title(view, width, now),
        *notices,
        tables.head(columns),
        *(tables.row(item, columns, now) for item in items),
        *([_text(rest, width, "dim")] if rest else []),
        _progress(view, width, BAR_ASCII if ascii_only else BAR),
    )


def failures(view: RunView) -> list[str]:
    """Each failed item with its whole message, for the end of a run."""
    failed = [*view.items.in_state(ItemState.FAILED), *view.items.in_state(ItemState.QUARANTINED)]
    told = [f"{one_line(item.id)} {item.state.value}: {one_line(item.error or '')}" for item in failed[:FAILURES]]
    if len(failed) > FAILURES:
        told.append(f"… and {len(failed) - FAILURES} more; `mnemosyne status {one_line(view.run)}` lists them")
    return told


def questions(view: RunView) -> list[str]:
    """What people are asked: a line for each blocked item, with the command that answers."""
    blocked = [item for item in view.items.in_state(ItemState.BLOCKED) if item.review.asked]
    told = [_question(item) for item in blocked[:QUESTIONS]]
    return [*told, f"… and {len(blocked) - QUESTIONS} more items wait for a person"] if blocked[QUESTIONS:] else told


def _question(item: ItemView) -> str:
    waits = item.review.waits_for(item.state) or {}
    what = " ".join(waits["questions"]) if waits["kind"] == "answer" else f"approve? {waits['message']}"
    return one_line(f"{item.id}: {what}  {waits['command']}")


def summary(view: RunView) -> str:
    """How far the run is and what it took so far, as in 7/10 done, 2 active, 1 ready, 312+88 tokens, $0.01."""
    return ", ".join([_counts(view), *_spent(view)])


def _counts(view: RunView) -> str:
    left = [state for state in tables.STYLES if state is not ItemState.COMPLETE]
    told = [f"{count} {state.value}" for state in left if (count := len(view.items.in_state(state)))]
    return ", ".join([f"{_done(view)}/{len(view.items)} done", *told])


def _done(view: RunView) -> int:
    return sum(len(view.items.in_state(state)) for state in TERMINAL)


def _spent(view: RunView) -> list[str]:
    used, money = tables.tokens(view.usage), dollars(view.cost_usd)
    money = f"{money} (budget {caps(view.budget)})" if view.budget else money
    return [f"{used} tokens", money] if used else [money]


def _used(view: RunView, width: int) -> list[Text]:
    """What the calls took, as in tokens 4000+88, cache 80 %, retries 3, waited 12.3 s; none if that is only tokens."""
    spent = view.accounts.run
    told = []
    if spent.usage.cache_read_tokens or spent.usage.cache_write_tokens:
        told.append(f"cache {100 * (spent.cached or 0):.0f} %")
    if spent.retries:
        told.append(f"retries {spent.retries}")
    if spent.waited_s >= TOLD_FROM_S:
        told.append(f"waited {seconds(spent.waited_s)}")
    if spent.estimated_usd:
        told.append(f"{dollars(spent.estimated_usd)} of the cost estimated")
    elif spent.estimated_tokens:
        told.append(f"at most {spent.estimated_tokens} more in calls that were lost")
    line = ", ".join([f"tokens {tables.tokens(spent.usage) or '0+0'}", *told])
    return [_text(line, width, "dim")] if told else []


def _title(view: RunView, width: int, now: float) -> Text:
    begin = view.accepted_at if view.accepted_at is not None else now
    took = seconds((now if view.finished_at is None else view.finished_at) - begin)
    state = f"{view.state.value}: {one_line(view.reason)}" if view.reason and not view.finished else view.state.value
    run, key = one_line(view.run), [f"key {one_line(view.key)}"] if view.key else []
    phase = [f"phase {view.phase.value}"] if view.phase else []
    facts = [state, *phase, took, f"model {one_line(view.model)}", *_spent(view), *key, f"plan {one_line(view.name)}"]
    title = _text(tables.GAP.join([run, *facts]), width)
    title.stylize("bold", 0, len(run))
    return title


def _notices(view: RunView, width: int) -> list[Text]:
    missing = view.unavailable()
    told = [f"{one_line(agent.id)} {_gone(agent)}: {one_line(agent.reason or '')}" for agent in missing[:NOTICES]]
    if len(missing) > NOTICES:
        told[-1] = f"… and {len(missing) - NOTICES + 1} more agents are missing"
    told += questions(view)
    now = [] if view.finished else [f"model {one_line(event.model)}: {held(event)}" for event in view.held.values()]
    return [_text(line, width, "yellow") for line in [*told, *now]]


def _gone(agent: AgentInfo) -> str:
    return "has failed" if agent.state is AgentState.FAILED else "is unavailable"


def _progress(view: RunView, width: int, bar: tuple[str, str]) -> Text:
    counts = tables.GAP + _counts(view)
    cells = max(min(width // 4, 40, width - cell_len(counts)), min(8, width))
    full = cells * _done(view) // max(len(view.items), 1)
    line = Text(no_wrap=True, overflow="ignore")
    line.append(bar[0] * full, "green").append(bar[1] * (cells - full), "dim")
    return line.append(cut(counts, width - cells))


def _text(line: str, width: int, style: str = "") -> Text:
    return Text(cut(line, width), style, no_wrap=True, overflow="ignore")
