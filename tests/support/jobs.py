"""Jobs on a cluster of machines (tests/support/machines.py), and what is known of their run afterwards."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from actors.events import ItemAssigned, ItemClosed, RunStarted
from actors.journal.fleet import AgentErrorRecorded, AgentStarted
from actors.work import Lost, Result
from tests.messages_server import KEY, Latency, MessagesServer, serving
from tests.support import machines
from tests.support.fleets import ONLY_EXECUTORS, Paid
from tests.support.machines import Machines
from tests.support.processes import PATIENCE_S, Commands, Process, paid

AGENTS, AT_ONCE = 3, 4
ITEMS = 400
"""40 s of work for all agents."""

SHAPE = ("--executors", str(AGENTS), "--concurrency", str(AT_ONCE), *ONLY_EXECUTORS)

Around = Callable[[Machines], AbstractContextManager[Any]]


class OnHead(Commands):
    """Commands of a job on the head of such a cluster."""

    cluster: Machines

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.cluster.environment}

    def start(self, *arguments: str, program: Iterable[str] = (), **more: Any) -> Process:
        program = program or self.cluster.head.command(self.folder)
        return super().start(*arguments, program=program, **more)


class Job(OnHead, Paid):
    """Their agents call a counting server that each machine reaches."""

    def __init__(self, folder: Path, cluster: Machines, server: MessagesServer) -> None:
        super().__init__(folder, server)
        self.cluster = cluster

    def begin(self, plan: str) -> Process:
        return self.start("run", plan, "--key", "job", *SHAPE)

    def well(self, *arguments: str) -> str:
        """What the command says, which succeeds."""
        code, out, err = self.run(*arguments)
        assert code == 0, out + err
        return out

    def all(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events("job") if isinstance(event, kind)]

    def agents(self) -> dict[str, AgentStarted]:
        """Each agent's newest process."""
        return {event.agent: event for event in self.all(AgentStarted)}

    def held(self, agents: Iterable[str]) -> set[str]:
        """Items that these agents have now."""
        open_: dict[str, str] = {}
        for event in self.events("job"):
            if isinstance(event, ItemAssigned):
                open_[event.item] = event.agent
            elif isinstance(event, ItemClosed):
                open_.pop(event.item, None)
        return {item for item, agent in open_.items() if agent in set(agents)}

    def wait_for(self, results: int, process: Process | None = None) -> None:
        """Return once so many items are done."""
        deadline = time.monotonic() + PATIENCE_S
        while len(paid(self.events("job"))) < results:
            assert time.monotonic() < deadline
            assert process is None or process.poll() is None, process.communicate()
            time.sleep(0.1)


@contextmanager
def job(count: int, folder: Path, *disks: str, around: Around = nullcontext) -> Iterator[Job]:
    """On so many machines; `disks` are folders in the home that each worker has for itself.

    `around`: what is there before the first of them, and tells them what they need to know.
    """
    key = {"ANTHROPIC_API_KEY": KEY}  # an agent's key is its node's
    with machines.machines(0, folder, *(folder / "home" / disk for disk in disks), **key) as cluster, around(cluster):
        for _ in range(count):
            cluster.boot(cluster.add())
        server = MessagesServer(host=cluster.host)
        server.latency = Latency(base_s=1.0)
        with serving(server):
            yield Job(folder, cluster, server)


def ends_well(job: Job, process: Process) -> set[str]:
    """The run ends, in its first term; see `whole`."""
    out, err = process.communicate(timeout=150)
    assert process.returncode == 0, out + err
    assert [event.term for event in job.all(RunStarted)] == [1]
    return whole(job)


def whole(job: Job) -> set[str]:
    """Every item has one result, of its newest epoch, and nobody is charged; the items that were lost once."""
    assert sorted(paid(job.events("job"))) == sorted(f"i{n}" for n in range(ITEMS)), "no result is there twice"
    newest = {event.item: event.epoch for event in job.all(ItemAssigned)}
    closed = job.all(ItemClosed)
    assert {event.item: event.epoch for event in closed if isinstance(event.outcome, Result)} == newest
    assert {event.attempt for event in job.all(ItemAssigned)} == {1}, "nobody is charged"
    assert not job.all(AgentErrorRecorded), "nobody's fault"
    return {event.item for event in closed if isinstance(event.outcome, Lost)}


def asked_twice(job: Job) -> set[str]:
    """Items that were paid for a second time."""
    assert max(job.server.items.values()) <= 2
    return {item for item, calls in job.server.items.items() if calls > 1}
