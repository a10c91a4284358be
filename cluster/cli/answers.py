"""What `status`, `results` and `events` read from a store, in the shapes that machines get."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

from actors.events import completed
from actors.stores.protocol import RunRecord
from actors.stores.reader import Reader
from actors.work import FINISHED, Result, RunStatus
from cluster.cli.journal import POLL_S, Tail, read_end, read_view
from cluster.driving.lease import is_driven
from dashboards.views.projection import RunView
from dashboards.views.run_json import run_json
from dashboards.wire.events import WireEvent, tasks_of, wire


class Answer(NamedTuple):
    """An item's result with its text at hand."""

    result: Result
    text: str

    def to_json(self) -> dict[str, Any]:
        """The answer for machines: text, or what the item's output schema asked for."""
        data = json.loads(self.text) if self.result.json_data else self.text
        return {"data": data, "memory_ids": list(self.result.memory_ids), "model": self.result.model}


def read_runs(home: Path, reader: Reader) -> list[dict[str, Any]]:
    """Every run in brief, oldest first."""
    return [{**_brief(reader, record), "driven": is_driven(home, record)} for record in reader.runs()]


def status_json(home: Path, view: RunView, record: RunRecord) -> dict[str, Any]:
    """A run as `status RUN --json` prints it."""
    return {**run_json(view), "driven": is_driven(home, record)}


def is_left(state: RunStatus, *, driven: bool) -> bool:
    """Whether somebody should go on with the run: its process died."""
    return state not in FINISHED and state is not RunStatus.PAUSED and not driven


def _brief(reader: Reader, record: RunRecord) -> dict[str, Any]:
    end = read_end(reader, record)
    if end:
        state, counts = end.status, end.counts
    else:
        view = read_view(reader, record)
        state, counts = view.state, view.items.counts
    return {"run": record.run, "key": record.key, "name": record.name, "state": state.value, "counts": dict(counts)}


def read_answers(reader: Reader, record: RunRecord) -> tuple[RunView, dict[str, Answer]]:
    """The run, and the answers it has, in the order of the plan. Raises StoreUnusable for a text that is missing."""
    view = RunView(reader.items(record.run), record)
    found: dict[str, Result] = {}
    for page in Tail(reader, record).news():
        for event in page:
            view.apply(event)
            if done := completed(event):
                found[done[0]] = done[1]
    texts = reader.payloads({result.data.ref for result in found.values() if result.data.ref})
    return view, {
        id_: Answer(found[id_], texts[ref] if (ref := found[id_].data.ref) else found[id_].data.text or "")
        for id_ in view.items
        if id_ in found
    }


async def wire_events(reader: Reader, record: RunRecord, *, follow: bool) -> AsyncIterator[list[WireEvent]]:
    """The run's wire events in bunches, oldest first; with `follow` until the run is finished."""
    tasks, tail = tasks_of(reader.items(record.run)), Tail(reader, record)
    while True:
        for page in tail.news():
            yield [told for event in page for told in wire(event, tasks)]
        if tail.over or not follow:
            return
        await asyncio.sleep(POLL_S)
