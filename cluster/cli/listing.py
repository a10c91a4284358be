"""What `status`, `results` and `events` print for people."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from actors.work import RunStatus
from cluster.cli.answers import Answer, is_left
from cluster.cli.tables import GAP, STYLES
from cluster.cli.text import cut, fit, one_line, safe
from dashboards.views.item_view import ItemView
from dashboards.wire.events import WireEvent
from dashboards.wire.table import COMMON

VALUE_CELLS = 80
"""No value of an event takes more room than this; --json has all of it."""


def runs(briefs: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line per run."""
    if not briefs:
        return ["no runs yet; `mnemosyne run PLAN` makes one"]
    rows = [("run", "key", "name", "state", "items")]
    rows += [
        (one_line(brief["run"]), one_line(brief["key"] or ""), one_line(brief["name"]), _state(brief), _counts(brief))
        for brief in briefs
    ]
    widths = [min(max(len(row[column]) for row in rows), 48) for column in range(4)]
    return [
        GAP.join([*(fit(cell, width) for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip()
        for row in rows
    ]


def _state(brief: Mapping[str, Any]) -> str:
    left = is_left(RunStatus(brief["state"]), driven=brief["driven"])
    return f"{brief['state']}, nobody drives it" if left else str(brief["state"])


def _counts(brief: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} {state}" for state, count in brief["counts"].items() if count)


def result(item: ItemView, answer: Answer | None) -> list[Text]:
    """An item's heading, and under it its answer with the model that wrote it, or why there is none."""
    heading = Text(one_line(item.id), style="bold")
    if answer is None:
        why = f": {one_line(item.error)}" if item.error else ""
        return [heading.append(f"{GAP}{item.state.value}{why}", STYLES[item.state] or "default"), Text()]
    heading.append(f"{GAP}{one_line(answer.result.model)}", "not bold dim")
    if answer.result.truncated:
        heading.append(f"{GAP}cut off at its token limit", "not bold yellow")
    return [heading, Text(safe(answer.text)), Text()]


def event(told: WireEvent) -> str:
    """A wire event on one line."""
    fields = (f"{name}={_value(value)}" for name, value in told.items() if name not in COMMON and value is not None)
    return GAP.join([str(told["seq"]), told["timestamp"], told["type"], *fields])


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return cut(one_line(text), VALUE_CELLS)
