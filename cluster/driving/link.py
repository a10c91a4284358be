"""The driver's line to one agent: attaches, sends, notices when it breaks, attaches again."""

import asyncio
from collections.abc import Callable

from actors.errors import AgentGone, BuildDiffers, FleetError, StaleTerm, StoreError
from actors.work import Task
from cluster.driving.ports import AgentPort
from cluster.run.commands import AgentAttached, AgentAway

BATCH = 256
"""Tasks per submit at most: the agent answers for the first while the next are on their way."""

REATTACH_S = 0.2
ATTACH_TIMEOUT_S = 30.0

Tell = Callable[[AgentAttached | AgentAway], None]


class Link:
    """One agent of one run. `go` after an AgentAttached was taken in; `send` any time."""

    def __init__(self, name: str, agent: AgentPort, run: str, term: int, tell: Tell) -> None:
        self._name, self._agent, self._run, self._term, self._tell = name, agent, run, term, tell
        self._generation = 0
        self._tasks: list[Task] = []
        self._cancels: list[tuple[str, int]] = []
        self._wake = asyncio.Event()
        self._going = asyncio.Event()

    def send(self, tasks: list[Task]) -> None:
        """Queue tasks for the agent."""
        self._tasks += tasks
        self._wake.set()

    def cancel(self, item: str, epoch: int) -> None:
        """Queue a cancel, behind the tasks."""
        self._cancels.append((item, epoch))
        self._wake.set()

    def go(self) -> None:
        """The run state knows what the agent holds: forget what was queued for the process before."""
        self._tasks.clear()
        self._cancels.clear()
        self._going.set()

    async def serve(self) -> None:
        """Keep the line up until cancelled. Raises StaleTerm when another driver has the run, BuildDiffers."""
        while True:
            try:
                await self._attach()
                await self._send_until_gone()
            except (StaleTerm, BuildDiffers):
                raise
            except (FleetError, StoreError, TimeoutError):
                self._tell(AgentAway(self._name))
                await asyncio.sleep(REATTACH_S)

    async def _attach(self) -> None:
        async with asyncio.timeout(ATTACH_TIMEOUT_S):
            card = await self._agent.attach(self._run, self._term)
        self._generation = card.generation
        self._going.clear()
        guilty = {(item, epoch): why for item, epoch, why in card.guilty}
        held = frozenset(card.held)
        self._tell(AgentAttached(self._name, card.generation, card.concurrency, held, card.explained, guilty))
        await self._going.wait()

    async def _send_until_gone(self) -> None:
        lifeline = asyncio.ensure_future(self._agent.lifeline(self._generation))
        sending = asyncio.ensure_future(self._send())
        try:
            await asyncio.wait((lifeline, sending), return_when=asyncio.FIRST_COMPLETED)
            for task in (sending, lifeline):
                if task.done():
                    task.result()
        finally:
            lifeline.cancel()
            sending.cancel()
            await asyncio.gather(lifeline, sending, return_exceptions=True)
        raise AgentGone(f"{self._name}: its process ended")

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._send_tasks()
            if self._cancels:
                cancels, self._cancels = self._cancels, []
                await self._agent.cancel(self._run, self._term, cancels)

    async def _send_tasks(self) -> None:
        """Submit in batches, the next while the one before is being taken in."""
        before: asyncio.Future[None] | None = None
        submit: asyncio.Future[None] | None = None
        try:
            while self._tasks:
                batch = self._tasks[:BATCH]
                del self._tasks[:BATCH]
                submit = asyncio.ensure_future(self._agent.submit(self._run, self._term, self._generation, batch))
                if before:
                    await before
                before = submit
            if before:
                await before
        finally:
            both = [future for future in (before, submit) if future]
            for future in both:
                future.cancel()
            await asyncio.gather(*both, return_exceptions=True)
