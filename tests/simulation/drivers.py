"""Starts the run's drivers, again and again, as people and Ray would; kills, freezes, drains and doubles them."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from random import Random

from actors.errors import StaleTerm, StoreError, StoreUnusable
from actors.work import Role, RunStatus, role_of
from cluster.driving.driver import Driver
from tests.simulation.network import Network
from tests.simulation.ports import SimulatedAgentPort, StorePort
from tests.simulation.process import Process
from tests.simulation.servers import AgentHost, StoreServer


class Drivers:
    """All drivers of one run. `blame` hears of one that ends as none may."""

    def __init__(
        self,
        run: str,
        net: Network,
        rng: Random,
        server: StoreServer,
        hosts: Sequence[AgentHost],
        begun: Collection[str],
        blame: Callable[[BaseException], None],
    ) -> None:
        self._run, self._net, self._rng, self._server, self._hosts = run, net, rng, server, hosts
        self._begun, self._blame = begun, blame
        self._started = 0
        self._newest: Process | None = None
        self._drivers: dict[Process, Driver] = {}
        self.living: dict[Process, asyncio.Task[RunStatus]] = {}
        self.over = False
        """The run has finished: no driver is needed any more."""
        self.calm = False
        """From now on a driver has every agent."""

    def start(self) -> None:
        """One more driver, with all agents or with one of the executors; whoever drives already is not asked."""
        if self.over:
            return
        self._started += 1
        process = self._newest = Process(f"driver-{self._run}{self._started}")
        some = not self.calm and self._rng.random() < 0.1
        executors = [host for host in self._hosts if role_of(host.name) is Role.EXECUTOR]
        others = [host for host in self._hosts if host not in executors]
        hosts = [*self._rng.sample(executors, 1), *others] if some else self._hosts
        task = self.living[process] = process.spawn(self._drive(process, hosts))
        task.add_done_callback(lambda ended: self._ended(process, ended))

    async def _drive(self, process: Process, hosts: Sequence[AgentHost]) -> RunStatus:
        store = StorePort(self._net, process, self._server)
        agents = {host.name: SimulatedAgentPort(self._net, process, host, role_of(host.name)) for host in hosts}
        driver = self._drivers[process] = Driver(await store.run(self._run), store, agents, process.name)
        return await driver.drive()

    def _ended(self, process: Process, task: asyncio.Task[RunStatus]) -> None:
        del self.living[process]
        if process.alive and not task.cancelled():
            for error in _single(task.exception()):
                if not self._may_end_with(error, process.name):
                    self._blame(error)
        process.kill()
        if process is self._newest:
            self._start_later(self._rng.choice((0.01, 1, 10)))

    def _may_end_with(self, error: BaseException, driver: str) -> bool:
        """Fenced at any time; for want of a store only before it has begun."""
        if isinstance(error, StaleTerm):
            return True
        return isinstance(error, StoreError) and not isinstance(error, StoreUnusable) and driver not in self._begun

    def _start_later(self, seconds: float) -> None:
        self._net.loop.call_later(self._rng.random() * seconds, self.start)

    def take_over(self) -> None:
        """A second driver, while the first lives on."""
        self._start_later(10)

    def drain(self) -> None:
        """Ask the newest to stop."""
        if (driver := self._newest and self._drivers.get(self._newest)) and self._newest in self.living:
            driver.drain()

    def kill(self) -> None:
        """SIGKILL to all of them."""
        for process in list(self.living):
            process.kill()


def _single(error: BaseException | None) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [one for part in error.exceptions for one in _single(part)]
    return [] if error is None else [error]
