"""The governor: gives permits for model calls one by one, as fast as each model's limits allow and no faster.

It never refuses: what cannot go now waits. Every method takes the time, in seconds that only go forward.
"""

import math
from collections.abc import Iterable, Mapping
from random import Random

from actors.governor.lane import Lane
from actors.governor.needs import NOTHING, Amounts, Need, Permit, Told


class Governor:
    """All models' calls. Begins with empty buckets; agents that have permits of an earlier one tell it by `hold`."""

    def __init__(self, ceilings: Mapping[str, Amounts], random: Random) -> None:
        """`ceilings`: limits per minute that a person set, by model; 0 is no limit."""
        self._ceilings, self._random = ceilings, random
        self._generations: dict[str, int] = {}
        self.lanes: dict[str, Lane] = {}

    def reserve(self, needs: Iterable[Need], now: float) -> list[Permit]:
        """Let calls wait; what comes back was granted before. Asking twice is asking once."""
        again = []
        for need in needs:
            lane = self._lane(need.model, now)
            if permit := lane.in_flight.get(need.id):
                again.append(permit)
            elif self._lives(need):
                lane.turns.add(need, now)
        return again

    def withdraw(self, model: str, ids: Iterable[str], now: float) -> None:
        """Nobody waits for these any more; one that was granted meanwhile was not made, and costs nothing."""
        lane = self._lane(model, now)
        for id_ in ids:
            lane.turns.withdraw((id_,))
            lane.settle(id_, NOTHING, None, now)

    def grants(self, now: float) -> list[Permit]:
        """Every call that can go now."""
        return [permit for lane in self.lanes.values() for permit in lane.grants(now)]

    def wake_at(self, now: float) -> float | None:
        """When the next call can go, if nothing happens before."""
        waits = [held.for_s for lane in self.lanes.values() if (held := lane.held(now)) and held.for_s is not None]
        return now + min(waits) if waits else None

    def settle(self, model: str, id_: str, took: Amounts | None, told: Told | None, now: float) -> None:
        """A call ended; None for `took` if it was lost and nobody knows what it took."""
        lane = self._lane(model, now)
        permit = lane.settle(id_, took, told, now)
        if permit and took:
            lane.answered(permit, took)

    def heard(self, need: Need, now: float) -> None:
        """The answer to a call that leads has begun."""
        self._lane(need.model, now).began(need, now)

    def throttle(self, model: str, id_: str, retry_after_s: float | None, told: Told | None, now: float) -> None:
        """A call was refused with 429 or 529: it took nothing, and everybody who calls this model holds."""
        lane = self._lane(model, now)
        lane.refused(lane.settle(id_, NOTHING, told, now), retry_after_s, now)

    def hold(self, needs: Iterable[Need], now: float) -> None:
        """An agent has permits for these from an earlier governor."""
        for need in needs:
            if self._lives(need):
                self._lane(need.model, now).hold(need, now)

    def recall(self, model: str, told: Told, now: float) -> None:
        """An agent was told these limits before this governor began."""
        self._lane(model, now).recall(told, now)

    def began(self, agent: str, generation: int) -> None:
        """This generation of an agent is there; what older ones held has expired."""
        if generation > self._generations.get(agent, 0):
            self._generations[agent] = generation
            for lane in self.lanes.values():
                lane.drop(agent, generation)

    def lost(self, agent: str) -> None:
        """Nothing is heard of this agent any more. If it lives it asks anew."""
        for lane in self.lanes.values():
            lane.drop(agent, math.inf)

    def _lives(self, need: Need) -> bool:
        self.began(need.agent, need.generation)
        return need.generation >= self._generations.get(need.agent, 0)

    def _lane(self, model: str, now: float) -> Lane:
        if model not in self.lanes:
            self.lanes[model] = Lane(self._ceilings.get(model), self._random, now)
        return self.lanes[model]
