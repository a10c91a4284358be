"""What people are told of the models' limits: when calls wait for long, when the API refuses, and when it is over."""

from actors.governor.governor import Governor
from actors.governor.lane import Lane
from actors.governor.needs import Amounts
from actors.journal.fleet import ModelHeld

TOLD_FROM_S = 5.0
"""A call that waits this long is told of."""

EVERY_S = 10.0
"""Then again and again, so far apart."""


class Reports:
    """Asked about once a second for the events that are due."""

    def __init__(self) -> None:
        self._told_at: dict[str, float] = {}
        """Models whose calls are held, as people know."""
        self._refused: dict[str, int] = {}

    def due(self, governor: Governor, now: float) -> list[ModelHeld]:
        """At most one a model."""
        return [event for model, lane in governor.lanes.items() if (event := self._due(model, lane, now))]

    def _due(self, model: str, lane: Lane, now: float) -> ModelHeld | None:
        held_s = lane.waited_s(now)
        refused = lane.brake.refusals - self._refused.get(model, 0)
        told_at = self._told_at.get(model)
        if refused or (held_s >= TOLD_FROM_S and (told_at is None or now >= told_at + EVERY_S)):
            self._told_at[model] = now
        elif told_at is not None and not lane.turns.limited():
            del self._told_at[model]
        else:
            return None
        self._refused[model] = lane.brake.refusals
        return told(model, lane, held_s, refused, now)


def told(model: str, lane: Lane, held_s: float, refused: int, now: float) -> ModelHeld:
    """The model's calls as they are now."""
    held = lane.held(now)
    by = lane.limit if held is None or held.by not in Amounts._fields else held.by
    bucket = dict(zip(Amounts._fields, lane.buckets, strict=True)).get(by)
    return ModelHeld(
        model=model,
        by=by if held is None else held.by,
        waiting=len(lane.turns.limited()),
        in_flight=len(lane.in_flight),
        held_s=round(held_s, 1),
        limit=round(bucket.rate * 60) if bucket else None,
        left=max(0, int(bucket.level(now))) if bucket else None,
        refused=refused,
        retry_after_s=lane.brake.asked_s if refused else None,
    )
