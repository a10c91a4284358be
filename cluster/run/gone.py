"""What becomes of the attempts that an agent was given and does not have any more."""

from collections.abc import Iterator, Sequence

from actors.models.pricing import is_free
from actors.work import Failure, FailureKind, Lost
from cluster.run.commands import AgentAttached
from cluster.run.item_view import ItemView


def outcomes(
    back: AgentAttached, gone: Sequence[tuple[str, ItemView, str]]
) -> Iterator[tuple[str, ItemView, Failure | Lost]]:
    """For each (item, view, model), in the order of assignment: how its attempt ended.

    The process before was ended for the guilty ones, which were over their time; the others are nobody's fault.
    """
    innocent = [(id_, view) for id_, view, _ in gone if (id_, view.epoch) not in back.guilty]
    suspected = set() if back.explained else suspects(innocent, back.concurrency)
    why = f"{back.agent} came back as generation {back.generation} without it"
    for id_, view, model in gone:
        told = back.guilty.get((id_, view.epoch))
        lost = Lost(message=why, suspect=id_ in suspected)
        yield id_, view, lost if told is None else _overdue(told, model)


def _overdue(why: str, model: str) -> Failure:
    cost = 0.0 if is_free(model) else None  # what its calls cost is gone with the process
    return Failure(reason=FailureKind.TIMEOUT, message=why, model=model, cost_usd=cost)


def suspects(gone: Sequence[tuple[str, ItemView]], concurrency: int) -> set[str]:
    """Of the attempts that went with their agent, in the order of assignment: those that may have been at work.

    An attempt that works alone has its start on disk first, so it was at work with no other, or it was not at all.
    Of the others a start may be missing: an agent records it a moment later, and works on `concurrency` at once.
    """
    for id_, view in gone:
        if view.alone and view.started:
            return {id_}
    started = [id_ for id_, view in gone if view.started]
    rest = [id_ for id_, view in gone if not view.started and not view.alone]
    return {*started, *rest[: max(concurrency - len(started), 0)]}
