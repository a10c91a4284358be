"""What an agent gets for an attempt."""

from collections.abc import Mapping
from typing import Any

from actors.events import ItemAssigned
from actors.work import Content, Task
from cluster.run.graph import WorkGraph
from cluster.run.item_view import ItemView
from cluster.run.rounds import Rounds


def task_of(event: ItemAssigned, graph: WorkGraph, view: ItemView, results: Mapping[str, Content]) -> Task:
    """The task of an attempt that was opened; `results` has those of the item's dependencies."""
    item, rounds = graph.by_id[event.item], view.rounds
    return Task(
        run=event.run,
        item=item,
        epoch=event.epoch,
        attempt=event.attempt,
        model=event.model,
        results={id_: results[id_] for id_ in item.dependencies},
        turns=view.turns,
        path=graph.height[event.item],
        allowance=event.reserved,
        alone=event.alone,
        purpose=event.purpose,
        before=view.before,
        shared=graph.siblings.of(item),
        **_told(rounds) if rounds else {},
    )


def _told(rounds: Rounds) -> dict[str, Any]:
    return {
        "requirements": rounds.requirements or (),
        "made": rounds.made,
        "feedback": rounds.feedback,
        "consolidated": rounds.consolidated,
        "answers": rounds.answers,
    }
