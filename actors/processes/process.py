"""What every process of a fleet answers, whatever it does."""

import os

from actors.machine.ticker import Ticker
from actors.remote import title
from actors.supervision.wards import Pulse


class Process:
    """A process with a name; made in its own event loop."""

    CONTROL = ("pulse",)

    def __init__(self, name: str) -> None:
        self._name, self._ticker = name, Ticker()

    def __repr__(self) -> str:
        return title(self._name)

    async def pid(self) -> int:
        """Of this process."""
        return os.getpid()

    async def pulse(self) -> Pulse:
        """How it does."""
        return Pulse(0, self._ticker.age_s)
