"""The calls to one model: those that wait, those in flight, and what lets the next one through."""

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from actors.governor.brake import Brake
from actors.governor.bucket import Bucket, Unseen
from actors.governor.estimate import Estimates
from actors.governor.leaders import Leaders
from actors.governor.needs import NOTHING, Amounts, Marks, Need, Permit, Told
from actors.governor.turns import Turns

PROBES = 4
"""Calls in flight to a model that has not told its limits, or that it has none."""


ARRIVAL_S = 1.0
"""Calls arrive at the server in the order of their grants but for so much."""


class Held(NamedTuple):
    """Why the next call waits."""

    by: str
    """requests, input_tokens, output_tokens, retry_after, refusals or first_answers."""
    for_s: float | None
    """Until it can go by itself; None if a call in flight has to end first."""


class Lane:
    """One model's calls."""

    def __init__(self, ceilings: Amounts | None, random: Random, now: float) -> None:
        self.turns, self.brake, self.estimates = Turns(), Brake(random), Estimates()
        self.in_flight: dict[str, Permit] = {}
        self.leaders = Leaders()
        self.buckets = tuple(Bucket(ceiling or None, now) for ceiling in ceilings or (None, None, None))
        self._known = ceilings is not None
        self.limit = "requests"
        """What held a call last."""
        self._recent: deque[tuple[float, Amounts]] = deque()
        """When calls were granted lately, and what had been given out before each."""

    def held(self, now: float) -> Held | None:
        """Why the next call has to wait; None if it can go, or nobody waits."""
        need = self._next(now)
        if need is None:
            return None
        if now < self.brake.until:
            return Held("retry_after", self.brake.until - now)
        if len(self.in_flight) >= self.brake.window:
            return Held("refusals", None)
        if not self._known and len(self.in_flight) >= PROBES:
            return Held("first_answers", None)
        amounts = self.estimates.of(need)
        wait_s, by = max(zip(self._waits(amounts, now), Amounts._fields, strict=True))
        if wait_s <= 0:
            return None
        self.limit = by
        return Held(by, wait_s)

    def waited_s(self, now: float) -> float:
        """Of the call that waits longest for the limits; 0 if none does."""
        return now - min((self.turns.since[need.id] for need in self.turns.limited()), default=now)

    def _waits(self, amounts: Amounts, now: float) -> Iterator[float]:
        return (bucket.wait_s(amount, now) for bucket, amount in zip(self.buckets, amounts, strict=True))

    def grants(self, now: float) -> Iterator[Permit]:
        """Every call that can go now."""
        for prefix in self.leaders.late(now):
            self.turns.release(prefix)
        while (need := self._next(now)) and self.held(now) is None:
            reserved = self.estimates.of(need)
            self.turns.take(self._share(reserved))
            given = self._given_before(now)
            self._charge(reserved, now)
            permit = Permit(need, reserved, now, Marks(self._charged(), given), self.leaders.granted(need, now))
            self.in_flight[need.id] = permit
            yield permit

    def _next(self, now: float) -> Need | None:
        """The call that is next and does not wait for another one to begin."""
        while (need := self.turns.next()) and self.leaders.must_wait(need, now):
            self.turns.park()
        return need

    def began(self, need: Need, now: float) -> None:
        """The answer to a call has begun: what it shares with others is in the API's cache."""
        if need.prefix:
            self.leaders.began(need, now)
            self.turns.release(need.prefix)

    def hold(self, need: Need, now: float) -> None:
        """An earlier governor granted this call."""
        self.in_flight.setdefault(need.id, Permit(need, self.estimates.of(need), now, None))

    def recall(self, told: Told, now: float) -> None:
        """What an earlier governor was told; how full the server's buckets are by now is not known."""
        self._known = True
        for bucket, window in zip(self.buckets, told, strict=True):
            if window is not None:
                bucket.limit(window.limit, now)

    def settle(self, id_: str, took: Amounts | None, told: Told | None, now: float) -> Permit | None:
        """The call ended; None for `took` if nobody knows what it took: then it stays charged as it was reserved."""
        permit = self.in_flight.pop(id_, None)
        if permit:
            self._end(permit.need)
        if permit and took:
            self._charge(took.less(permit.reserved), now)
        if told:
            self._learn(told, permit, took, now)
        return permit

    def answered(self, permit: Permit, took: Amounts) -> None:
        """The model answered: what a call like this one takes, and that it took it."""
        self._known = True
        if took.output_tokens:  # else it was refused before it was read
            self.estimates.learn(permit.need, took)
            self.began(permit.need, permit.granted_at)
        self.brake.answered(permit.granted_at, len(self.in_flight) + 1)

    def refused(self, permit: Permit | None, retry_after_s: float | None, now: float) -> None:
        """The model refused a call because there were too many."""
        granted_at = permit.granted_at if permit else now
        self.brake.refused(retry_after_s, granted_at, len(self.in_flight) + 1, now)

    def drop(self, agent: str, before: float) -> None:
        """Generations of this agent before this one are gone, with what they waited for and what they held."""
        self.turns.withdraw(self.turns.of(agent, before))
        for id_, permit in list(self.in_flight.items()):
            if permit.need.agent == agent and permit.need.generation < before:
                del self.in_flight[id_]  # charged as it was reserved: the call may have been made
                self._end(permit.need)

    def _end(self, need: Need) -> None:
        if self.leaders.ended(need):
            self.turns.release(need.prefix)

    def _learn(self, told: Told, permit: Permit | None, took: Amounts | None, now: float) -> None:
        self._known = True
        unseen = self._unseen(permit, took)
        since = permit.granted_at if permit else now
        for bucket, window, least, most in zip(self.buckets, told, *unseen, strict=True):
            if window is not None:
                bucket.learn(window, Unseen(least, most), since, now)

    def _unseen(self, permit: Permit | None, took: Amounts | None) -> tuple[Amounts, Amounts]:
        """The least and the most that the server may not have counted when it answered this call."""
        if permit is None or permit.marks is None:
            others = self._reserved()
            return others, others
        own = permit.reserved if took is None else took
        return self._charged().less(permit.marks.charged), self._given().less(permit.marks.given).less(own)

    def _reserved(self) -> Amounts:
        amounts = zip(NOTHING, *(permit.reserved for permit in self.in_flight.values()), strict=True)
        return Amounts(*map(sum, amounts))

    def _given_before(self, now: float) -> Amounts:
        """What had been given out when every call was granted that has certainly arrived before one of now."""
        given = self._given()
        if not self._recent or self._recent[-1][0] < now:
            self._recent.append((now, given))
        while self._recent[0][0] <= now - ARRIVAL_S:
            self._recent.popleft()
        return self._recent[0][1]

    def _charged(self) -> Amounts:
        return Amounts(*(bucket.charged for bucket in self.buckets))

    def _given(self) -> Amounts:
        return Amounts(*(bucket.given for bucket in self.buckets))

    def _charge(self, amounts: Amounts, now: float) -> None:
        for bucket, amount in zip(self.buckets, amounts, strict=True):
            bucket.charge(amount, now)

    def _share(self, amounts: Amounts) -> float:
        """Seconds of the limit that is scarcest for this call."""
        shares = [amount / bucket.rate for bucket, amount in zip(self.buckets, amounts, strict=True) if bucket.rate]
        return max(shares, default=1.0)
