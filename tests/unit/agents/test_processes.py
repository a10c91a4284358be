"""The actors' classes without Ray: whom a call is meant for, and a fleet whose store is gone at its end."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from ray.exceptions import ActorUnavailableError

from actors import host
from actors.errors import AgentGone
from actors.handles.store import RemoteStore
from actors.processes.agent import AgentProcess
from actors.roles.agent import Agent
from actors.settings import Settings
from actors.wire import TASKS
from actors.work import Item, Role, Task
from cluster.fleets.fleet import Fleet
from tests.support.fakes import BlockedModel, accepted, open_store, prompted


class SecondProcess(AgentProcess):
    """The process that came up as generation 2."""

    agent: Agent

    async def _start(self) -> Agent:
        return self.agent


async def test_calls_that_are_meant_for_an_earlier_generation_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "LIFELINE_S", 0.0)
    store, model = open_store(tmp_path), BlockedModel()
    process = SecondProcess("executor-0", Settings(home=tmp_path).model_dump_json(), "n", ())
    process.agent = Agent("e", Role.EXECUTOR, 2, prompted(store, model), store, 1)
    item = Item(id="a", description="x")
    await accepted(store, item)
    tasks = [Task(run="r", item=item, epoch=1, attempt=1, model="m")]
    body = TASKS.dump_json(tasks, exclude_defaults=True)
    assert isinstance(await process.submit("r", 1, 1, body), AgentGone)
    assert isinstance(await process.lifeline(1), AgentGone)
    assert process.agent.attach("r", 1).held == ()
    assert await process.submit("r", 1, 2, body) is None
    assert await process.lifeline(2) is None
    assert process.agent.attach("r", 1).held == (("a", 1),)
    await process.agent.stop()
    await store.close()


async def test_a_fleet_whose_store_is_gone_at_its_end_ends_without_an_error(tmp_path: Path) -> None:
    async def gone() -> None:
        raise ActorUnavailableError("The actor is unavailable", b"0" * 16)

    fleet = Fleet(Settings(home=tmp_path), frozenset())
    fleet.store = RemoteStore(SimpleNamespace(close=SimpleNamespace(remote=gone)))
    await fleet.stop_actors()
