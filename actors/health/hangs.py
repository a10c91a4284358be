"""Who hangs: what one round of pings shows, and what it does not."""

from collections.abc import Iterable
from typing import NamedTuple

from actors.health.observations import Overdue, Ping, Round
from actors.settings import HealthSettings


class Hang(NamedTuple):
    """The process of this ping does nothing any more."""

    ping: Ping
    message: str


class Stuck(NamedTuple):
    """The process of this ping works, but cannot stop these attempts."""

    ping: Ping
    attempts: tuple[Overdue, ...]


class Hangs:
    """Judges rounds of pings. What lasted while the monitor was late, or all of a node was slow, proves nothing.

    So every span is counted from the last such moment at the earliest: a machine that was frozen, or is too busy to
    answer anybody, has everybody's excuse.
    """

    def __init__(self, settings: HealthSettings) -> None:
        self._settings = settings
        self._late_at = float("-inf")
        self._slow_at: dict[str, float] = {}
        """By node: the last moment when everybody there was slow."""

    def judge(self, round_: Round, now: float) -> list[Hang | Stuck]:
        """Who is to be ended, at most one verdict for each ping."""
        if round_.late_s > self._settings.monitor_late_s:
            self._late_at = now
            return []
        self._note_slow_nodes(round_.pings, now)
        return [verdict for ping in round_.pings if (verdict := self._verdict(ping, round_.pings, now))]

    def _note_slow_nodes(self, pings: Iterable[Ping], now: float) -> None:
        quick = {ping.node for ping in pings if not self._is_slow(ping, now)}
        self._slow_at.update({ping.node: now for ping in pings if ping.node not in quick})

    def _is_slow(self, ping: Ping, now: float) -> bool:
        until = now if ping.answered_at is None else ping.answered_at
        return until - ping.asked_at > self._settings.slow_answer_s

    def _verdict(self, ping: Ping, pings: Iterable[Ping], now: float) -> Hang | Stuck | None:
        clear = max(self._late_at, self._slow_at.get(ping.node, self._late_at))
        if ping.answered_at is None:
            return self._if_silent(ping, pings, max(ping.asked_at, clear), now)
        if min(ping.tick_age_s, ping.answered_at - clear) >= self._settings.stale_tick_s:
            return Hang(ping, f"its loop has not moved for {ping.tick_age_s:.0f} s")
        return self._if_overdue(ping, ping.answered_at - clear)

    def _if_silent(self, ping: Ping, pings: Iterable[Ping], since: float, now: float) -> Hang | None:
        if now - max(ping.asked_at, self._late_at) >= self._settings.silent_node_s:
            return Hang(ping, f"it has not answered for {now - ping.asked_at:.0f} s")
        if now - since < self._settings.silent_s:
            return None
        others = (other for other in pings if other.node == ping.node and other.agent != ping.agent)
        if not any(other.answered_at is not None and other.answered_at >= since for other in others):
            return None
        return Hang(ping, f"it has not answered for {now - ping.asked_at:.0f} s, while others of its node did")

    def _if_overdue(self, ping: Ping, clear_s: float) -> Stuck | None:
        """Only time in which its loop moved counts: a blocked loop makes all items late, not just its own."""
        guilty = tuple(
            late
            for late in ping.overdue
            if min(late.over_s - ping.tick_age_s, clear_s) > self._settings.overdue_grace_s
        )
        return Stuck(ping, guilty) if guilty else None
