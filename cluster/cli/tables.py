"""The table of a run's items, made to fit: a line per item, the interesting ones first when not all have room."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from actors.work import TERMINAL, ItemState, Usage
from cluster.cli.text import cut, fit, number, one_line
from dashboards.views.item_view import ItemView
from dashboards.views.projection import RunView

STYLES = {
    ItemState.ACTIVE: "cyan",
    ItemState.BLOCKED: "bold yellow",
    ItemState.PENDING_REVIEW: "cyan",
    ItemState.READY: "",
    ItemState.WAITING: "dim",
    ItemState.COMPLETE: "green",
    ItemState.FAILED: "bold red",
    ItemState.QUARANTINED: "bold red",
    ItemState.SKIPPED: "yellow",
    ItemState.CANCELLED: "magenta",
}
"""Of the words that say the same, for those who see colours; in the order in which counts are told."""

GAP = "  "
HEAD = ("item", "state", "agent", "attempt", "seconds", "tokens")
ERROR_CELLS = 28
"""An error gets at least this much room; columns give way to it from the right."""


class Columns(NamedTuple):
    """Widths in terminal cells. State, attempt, seconds and tokens are as wide as they ever get."""

    total: int
    item: int
    agent: int
    state: int = len(ItemState.QUARANTINED)
    attempt: int = 7
    seconds: int = 7
    tokens: int = 11


def columns(items: Collection[ItemView], total: int) -> Columns:
    """Widths that suit these items and this terminal."""
    longest = max((cell_len(one_line(item.id)) for item in items), default=0)
    agent = max((cell_len(one_line(item.agent or "")) for item in items), default=0)
    agent = min(max(agent, len("executor-0")), max(total // 8, len("orchestrator-00")))
    spare = total - sum(Columns(0, 0, agent)) - len(GAP) * len(HEAD[1:])
    return Columns(total, min(max(longest, len(HEAD[0])), max(total // 4, spare, 12)), agent)


def tokens(usage: Usage) -> str:
    """As in 312+88: read and written."""
    read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return f"{number(read)}+{number(usage.output_tokens)}" if read or usage.output_tokens else ""


def head(width: Columns) -> Text:
    """The line above the items."""
    return _line(_cells(HEAD, width), "error", width, "dim", least=len("error"), keep=len(HEAD))


def row(item: ItemView, width: Columns, now: float) -> Text:
    """One item on one line."""
    begun = item.state is ItemState.ACTIVE and item.started_at is not None
    spent = item.seconds + (max(now - (item.started_at or now), 0) if begun else 0)
    cells = (
        one_line(item.id),
        item.state.value,
        one_line(item.agent or ""),
        str(item.attempts or ""),
        f"{spent:.1f}" if spent or begun else "",
        tokens(item.usage),
    )
    over = item.state in TERMINAL or not item.error
    error = one_line((item.error or "") if over else f"after: {item.error}")
    return _line(
        _cells(cells, width), error, width, STYLES[item.state], least=min(cell_len(error), ERROR_CELLS), keep=2
    )


def _cells(values: Sequence[str], width: Columns) -> list[str]:
    item, state, agent, *numbers = values
    left = [fit(item, width.item), fit(state, width.state), fit(agent, width.agent)]
    return left + [value.rjust(size) for value, size in zip(numbers, width[4:], strict=True)]


def _line(cells: list[str], error: str, width: Columns, style: str, least: int, keep: int) -> Text:
    def room() -> int:
        return width.total - sum(cell_len(cell) + len(GAP) for cell in cells)

    while len(cells) > 2 and room() < -len(GAP):
        cells.pop()
    while error and len(cells) > keep and room() < least:
        cells.pop()
    line = Text(no_wrap=True, overflow="ignore")
    for position, cell in enumerate(cells):
        line.append(cell if position == 0 else GAP + cell, style if position == 1 else "")
    if error and room() >= min(least, cell_len(error)):
        line.append(GAP + cut(error, room()))
    line.rstrip()
    line.truncate(width.total)
    return line


def choose(view: RunView, lines: int) -> list[ItemView]:
    """The items to show: all in the plan's order, or those that matter most now, leaving a line for the rest."""
    if len(view.items) <= lines:
        return list(view.items.values())
    return list(islice(_by_interest(view), max(lines - 1, 0)))


def _by_interest(view: RunView) -> Iterator[ItemView]:
    def latest(state: ItemState) -> Iterable[ItemView]:
        return reversed(list(view.items.in_state(state)))

    return chain(
        view.items.in_state(ItemState.ACTIVE),
        view.items.in_state(ItemState.BLOCKED),
        latest(ItemState.FAILED),
        latest(ItemState.QUARANTINED),
        view.items.in_state(ItemState.PENDING_REVIEW),
        view.items.in_state(ItemState.READY),
        latest(ItemState.COMPLETE),
        latest(ItemState.SKIPPED),
        latest(ItemState.CANCELLED),
        view.items.in_state(ItemState.WAITING),
    )


def rest(view: RunView, shown: Collection[ItemView]) -> str | None:
    """What is not shown, as in "… and 12 more: 10 waiting, 2 complete"; None if that is nothing."""
    left = Counter(view.items.counts)
    left.subtract(item.state.value for item in shown)
    told = [f"{left[state.value]} {state.value}" for state in STYLES if left[state.value]]
    return f"… and {left.total()} more: {', '.join(told)}" if told else None
