"""Whether agents that were started are up, and why not."""

import asyncio
from collections.abc import Collection

from actors.errors import FleetError, MnemosyneError
from actors.handles.agent import RemoteAgent


async def why_not(agent: RemoteAgent, limit_s: float) -> str | None:
    """None once it is up; why it is not, after that time at the latest."""
    try:
        async with asyncio.timeout(limit_s):
            await agent.ready()
    except TimeoutError:
        return f"it was not up within {limit_s:g} s"
    except MnemosyneError as error:
        return str(error)
    return None


async def first_up(agents: Collection[RemoteAgent], limit_s: float) -> None:
    """Returns once one of them is up. Raises FleetError if none is in that time."""
    starting = [asyncio.ensure_future(why_not(agent, limit_s)) for agent in agents]
    reason: str | None = "none was asked for"
    try:
        for soonest in asyncio.as_completed(starting):
            if (reason := await soonest) is None:
                return
    finally:
        for task in starting:
            task.cancel()
    raise FleetError(f"no agent could be started: {reason}")
