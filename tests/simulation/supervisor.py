"""What the journal hears from supervision: agents that are given up and begin anew, a model that cannot be had."""

import asyncio
from random import Random

from actors.events import AgentFailed, AgentRestarted, Event, ModelAvailable, ModelUnavailable
from actors.work import RestartCause
from tests.simulation.servers import AgentHost, StoreServer


class Supervisor:
    """Never dies, and the store hears it whenever that is up."""

    def __init__(self, rng: Random, server: StoreServer) -> None:
        self._rng, self._server = rng, server
        self._said = 0

    async def give_up(self, host: AgentHost) -> None:
        """End the agent for good; a person lets it begin anew a while later."""
        if host.given_up:
            return
        host.give_up()
        await self._say(AgentFailed(agent=host.name, reason="too many restarts"))
        await self._a_while()
        host.begin_anew()

    async def lose_the_node(self, host: AgentHost) -> None:
        """End the agent with its node; it comes up elsewhere a while later."""
        if host.given_up or host.agent is None:
            return
        generation, cause = host.agent.generation, RestartCause.NODE_LOST
        host.give_up()
        await self._say(AgentRestarted(agent=host.name, generation=generation, cause=cause, reason="its node was lost"))
        await self._a_while()
        host.begin_anew()

    async def lose_the_model(self) -> None:
        """Nobody gets an answer; a while later one call is let through, or all."""
        await self._say(ModelUnavailable(model="scripted", reason="no such host"))
        await self._a_while()
        await self._say(ModelAvailable(model="scripted", probe=self._rng.random() < 0.7))

    async def _a_while(self) -> None:
        await asyncio.sleep(self._rng.random() * self._rng.choice((0.1, 5, 60)))

    async def _say(self, event: Event) -> None:
        self._said += 1
        id_ = f"supervisor {self._said}"
        while not self._server.put(id_, event):
            await asyncio.sleep(1)
