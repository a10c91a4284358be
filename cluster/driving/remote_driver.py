"""The driver of a run that is a process of its own, as others see it."""

import asyncio

from actors.errors import AgentGone
from actors.remote import ask

DRIVER_ANSWERS_S = 15.0
"""Longer than a driver's longest step on a loaded machine; one that is stopped never answers."""


class RemoteDriver:
    """The driver of this name; see DriverProcess."""

    def __init__(self, name: str, namespace: str) -> None:
        self._name, self._namespace = name, namespace

    async def drain(self) -> bool:
        """See DriverProcess; whether it heard. One that has ended by now is well, one that is stopped is not."""
        try:
            async with asyncio.timeout(DRIVER_ANSWERS_S):
                await ask(self._name, self._namespace, "drain")
        except TimeoutError:
            return False
        except AgentGone:
            pass
        return True
