"""What each agent holds of a run, and which has room."""

import heapq
import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from actors.work import Role

AHEAD_S = 0.1
"""An agent holds what it works on and what it will work on within this time, so that short items never wait for
the driver and long ones are not queued behind each other while another agent is free."""

WINDOW_MAX = 1024
"""Items; more brings nothing (docs/decisions/0001-spine.md)."""

SMOOTHING = 0.2
"""Weight of the newest item in the running mean of the seconds per item."""


class Load:
    """What one agent holds of this run."""

    __slots__ = ("alone", "concurrency", "failed", "generation", "held", "lost", "missing", "node", "role")

    def __init__(self) -> None:
        self.held: dict[str, None] = {}  # in the order of assignment
        self.alone = ""  # the item that works, or will work, with nothing beside it
        self.concurrency = 0  # 0: takes no work
        self.generation = 0  # of the process that is, or was, attached
        self.failed = False  # its process is gone for good
        self.lost = False  # its process is gone with its node; the next one comes up elsewhere
        self.missing = ""  # why it is not there; "" while it may come back by itself
        self.node = ""  # where its newest process is
        self.role: Role | None = None  # None: not of this driver's fleet


class Loads:
    """The agents' loads."""

    def __init__(self) -> None:
        self._loads: defaultdict[str, Load] = defaultdict(Load)
        self._seconds: dict[Role | None, float] = {}  # running mean of what an item of the role takes

    def enlist(self, agents: Mapping[str, Role]) -> None:
        """These are the agents there are."""
        for agent, role in agents.items():
            self._loads[agent].role = role

    def held(self, agent: str) -> list[str]:
        """What the agent was given, in the order of assignment."""
        return list(self._loads[agent].held)

    def attach(self, agent: str, concurrency: int, generation: int) -> None:
        """The agent takes work."""
        load = self._loads[agent]
        load.concurrency, load.generation, load.missing = concurrency, generation, ""
        load.failed = load.lost = False

    def takes(self, agent: str) -> bool:
        """Whether the agent is attached."""
        load = self._loads[agent]
        return load.concurrency > 0 and not load.failed

    def detach(self, agent: str) -> None:
        """The agent takes no work; what it was given stays its."""
        self._loads[agent].concurrency = 0

    def fail(self, agent: str, reason: str) -> None:
        """The agent's process is gone for good."""
        load = self._loads[agent]
        load.failed, load.missing = True, reason or "no reason was given"

    def lose(self, agent: str, generation: int, reason: str) -> None:
        """The agent's process of this generation is gone with its node; a newer one that is attached is none of it."""
        load = self._loads[agent]
        if load.generation <= generation:
            load.concurrency, load.lost, load.missing = 0, True, reason

    def is_gone(self, agent: str) -> bool:
        """Whether the process that was given work is gone, and nothing comes back from it."""
        return self._loads[agent].failed or self._loads[agent].lost

    def miss(self, agent: str, reason: str) -> None:
        """The agent could not be started."""
        load = self._loads[agent]
        if not load.concurrency:
            load.missing = reason

    def expect(self, agent: str, generation: int | None = None) -> None:
        """The agent is being started, or this process of it was; an older one that is still attached is none."""
        load = self._loads[agent]
        load.missing, load.lost = "", False
        load.failed = load.failed and load.concurrency > 0 and load.generation != generation

    def stand(self, agent: str, node: str) -> None:
        """The agent's newest process is on this node."""
        self._loads[agent].node = node

    def node_of(self, agent: str) -> str:
        """Where its newest process is, or was; "" if nobody told."""
        return self._loads[agent].node

    def on(self, node: str, role: Role) -> frozenset[str]:
        """Agents of the role on the node, those that may come back there included."""
        at = [(agent, load) for agent, load in self._loads.items() if load.role is role and load.node == node]
        return frozenset(agent for agent, load in at if not (load.lost or load.failed or load.missing))

    def missing(self, role: Role) -> str:
        """Why no agent of the role is there or about to be, and what helps; "" if one may."""
        reasons = [(agent, load.missing) for agent, load in sorted(self._loads.items()) if load.role is role]
        if not reasons:
            return f"the fleet has no agent of role {role}; `mnemosyne down`, then `mnemosyne up --pool {role}=1`"
        if not all(reason for _, reason in reasons):
            return ""
        agent, why = reasons[0]
        cure = "" if self._loads[agent].lost else f"; `mnemosyne agents reset {agent}`"
        return f"no agent of role {role} is left: {agent}: {why}{cure}"

    def room_alone(self, role: Role, *, others: bool) -> bool:
        """Whether one more item may work alone: one always; beside others only in agents that hold nothing, and if
        `others` wait for the role, in half of its agents."""
        of = [load for load in self._loads.values() if load.role is role and load.concurrency and not load.failed]
        alone = sum(bool(load.alone) for load in of)
        if not any(load.alone for load in self._loads.values()):
            return True
        return not all(load.held for load in of) and not (others and alone >= len(of) // 2)

    def hold(self, agent: str, item: str, *, alone: bool = False) -> None:
        """The agent was given the item."""
        load = self._loads[agent]
        load.held[item] = None
        load.alone = item if alone else load.alone

    def drop(self, agent: str, item: str, seconds: float | None) -> None:
        """The agent is done with the item, after this many seconds of work if known."""
        load = self._loads[agent]
        load.held.pop(item, None)
        load.alone = "" if load.alone == item else load.alone
        if seconds is not None:
            old = self._seconds.get(load.role, seconds)
            self._seconds[load.role] = old + SMOOTHING * (seconds - old)

    def window(self, role: Role | None, concurrency: int) -> int:
        """Items that an agent of this role and concurrency may hold."""
        if role not in self._seconds:
            return concurrency
        ahead = concurrency * AHEAD_S / max(self._seconds[role], 1e-6)
        return min(max(WINDOW_MAX, concurrency), concurrency + math.floor(ahead))

    def least(self, role: Role, but: str = "", among: Collection[str] | None = None) -> str | None:
        """The least loaded agent of the role that has room for an item, `but` left out; None if there is none."""
        free = self._free(role, among)
        return min(((share, agent) for share, agent, _ in free if agent != but), default=(0.0, None))[1]

    def spread(self, role: Role, among: Collection[str] | None = None) -> Iterator[str]:
        """An agent of the role for each item that is given away, always the least loaded; ends where no room is.

        Goes by what the agents hold when it begins. `among`: these alone.
        """
        free = self._free(role, among)
        heapq.heapify(free)
        while free:
            share, agent, room = free[0]
            yield agent
            after = (share + 1 / self._loads[agent].concurrency, agent, room - 1)
            heapq.heapreplace(free, after) if room > 1 else heapq.heappop(free)

    def _free(self, role: Role, among: Collection[str] | None = None) -> list[tuple[float, str, int]]:
        """(share, agent, room) of those of the role that have room."""
        return [
            (len(load.held) / load.concurrency, agent, room)
            for agent, load in self._loads.items()
            if load.role is role
            and (among is None or agent in among)
            and load.concurrency
            and not (load.failed or load.alone)
            and (room := self.window(role, load.concurrency) - len(load.held)) > 0
        ]
