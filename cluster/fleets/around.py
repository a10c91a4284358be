"""What the page of a home knows beside the journal: processes, requests, and what agents say just now."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from actors.errors import FleetError, UserError
from actors.stores.holder import is_held
from actors.stores.protocol import RunRecord
from cluster.driving.lease import is_driven
from cluster.home import requests
from cluster.home.config import store_path
from dashboards.requests import Peeked, Wish

PEEK_S = 2.0
"""An agent that has not answered by then has a busy loop; nobody waits for it here."""


class Speaker(Protocol):
    """An agent that can be listened to."""

    async def peek(self, run: str, item: str) -> str | None:
        """See Agent.peek. Raises FleetError."""
        ...


class HomeAround:
    """See Surroundings. `find`: the agents of its fleet by id, if they can be reached from here."""

    def __init__(self, home: Path, find: Callable[[str], Speaker] | None = None) -> None:
        self._home, self._find = home, find
        self._agents: dict[str, Speaker] = {}

    def alive(self) -> bool:
        """See Surroundings."""
        return is_held(store_path(self._home))

    def driven(self, record: RunRecord) -> bool:
        """See Surroundings."""
        return is_driven(self._home, record)

    def ask(self, wish: Wish) -> bool:
        """See Surroundings."""
        store = store_path(self._home)
        if wish.request in ("restart_agent", "reset_agent"):
            act = requests.restart_agent if wish.request == "restart_agent" else requests.reset_agent
            return act(store, _named(wish, "agent"))
        run = _named(wish, "run")
        if wish.request in ("answer", "approve", "deny"):
            return _say(store, wish, run, _named(wish, "item"))
        match wish.request:
            case "cancel":
                return requests.cancel(store, run, wish.item)
            case "pause":
                return requests.pause(store, run)
            case _:
                return requests.go_on(store, run)

    async def peek(self, run: str, item: str, agent: str) -> Peeked:
        """See Surroundings."""
        if self._find is None:
            return Peeked(None)
        if agent not in self._agents:
            self._agents[agent] = self._find(agent)
        try:
            async with asyncio.timeout(PEEK_S):
                return Peeked(await self._agents[agent].peek(run, item))
        except (TimeoutError, FleetError):
            return Peeked(None)


def _say(store: Path, wish: Wish, run: str, item: str) -> bool:
    match wish.request:
        case "answer":
            return requests.answer(store, run, item, wish.text, wish.epoch)
        case "approve":
            return requests.approve(store, run, item, wish.epoch)
        case _:
            return requests.deny(store, run, item, wish.text, wish.epoch)


def _named(wish: Wish, what: str) -> str:
    named: str | None = getattr(wish, what)
    if not named:
        raise UserError(f"{wish.request} needs `{what}`")
    return named
