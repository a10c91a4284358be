"""An agent, or a process that supports them, as the health monitor and its neighbours see it: an actor of this name."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from actors.errors import AgentGone
from actors.machine.grip import Grip
from actors.remote import ask, end, node_is_lost, process_of, this_node, waits_for_room
from actors.roles.agent import Before
from actors.supervision.wards import Ended, Hello, Pulse
from actors.work import RestartCause

NODE_SHOWN = 8
"""Characters of a node's id that people see."""


class RemoteWard:
    """A Ward that is a named actor; `start` makes a new one."""

    def __init__(self, name: str, namespace: str, start: Callable[[], Any] = lambda: None) -> None:
        self._name, self._namespace, self._start = name, namespace, start
        self._made: Any = None
        self._placed = False
        """Whether a process of it has answered."""
        self._grip: Grip | None = None
        """Of the process that answered last, if it is on this machine."""

    async def _call(self, method: str, *args: Any) -> Any:
        return await ask(self._name, self._namespace, method, *args)

    async def hello(self) -> Hello:
        """See Ward."""
        if not self._placed and await waits_for_room(self._name, self._namespace):
            raise AgentGone(f"no node has room for {self._name} yet")
        hello: Hello = await self._call("hello")
        self._placed = True
        if hello.node == this_node():
            self._hold(hello.pid)
        return hello

    def _hold(self, pid: int) -> None:
        if self._grip and self._grip.pid != pid:
            self._grip.release()
            self._grip = None
        self._grip = self._grip or Grip(pid)

    async def end_of(self, process: Hello) -> Ended:
        """See Ward."""
        try:
            while await self._call("alive", process.pid):
                pass
        except AgentGone:
            return await _ended(process.node, f"process {process.pid} ended unexpectedly")
        return Ended(RestartCause.CRASH, f"process {process.pid} ended, and nobody saw how")

    async def unseen_end(self, node: str) -> Ended:
        """See Ward."""
        return await _ended(node, "its process ended, and nobody saw how")

    async def pulse(self) -> Pulse:
        """See Ward."""
        pulse: Pulse = await self._call("pulse")
        return pulse

    async def enroll(self) -> None:
        """See Ward."""
        await self._call("enroll")

    async def admit(self, before: Before) -> None:
        """See Ward."""
        await self._call("admit", before)

    async def end(self, *, for_good: bool) -> None:
        """See Ward."""
        grip = self._grip or self._grasped()
        end(self._name, self._namespace, for_good=for_good)
        if grip:  # Ray asks first: one that does not hear it has ten seconds, or for ever if it is just up
            grip.kill()
        if grip and grip is not self._grip:
            grip.release()

    def _grasped(self) -> Grip | None:
        """A hold on the process that has the name now, though it has never said what it is."""
        pid = process_of(self._name, self._namespace)
        grip = Grip(pid) if pid else None
        if grip and process_of(self._name, self._namespace) != pid:  # it has ended, and its number may be another's
            grip.release()
            return None
        return grip

    async def renew(self) -> None:
        """See Ward."""
        self._placed = False
        with suppress(ValueError):  # it is there
            self._made = self._start()  # kept: of an embedded fleet it ends when its last handle does


async def _ended(node: str, otherwise: str) -> Ended:
    if await node_is_lost(node):
        return Ended(RestartCause.NODE_LOST, f"its node {node[:NODE_SHOWN]} was lost")
    return Ended(RestartCause.CRASH, otherwise)
