"""What tests share: one Ray for the session, whose start takes seconds."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from actors.models.script import Rule, Script
from actors.settings import FleetSettings, ModelSettings, Pools, Settings
from actors.work import Role
from cluster.home import config


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator["Fleet"]:  # type: ignore[name-defined]  # noqa: F821
    """A real embedded fleet: two executors with the scripted model, a store on disk."""
    slow = Script(rules=(Rule(match="slow", delay_s=0.4),))
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        fleet=FleetSettings(pools=Pools().only([Role.EXECUTOR]), concurrency=4),
        models=ModelSettings(script=slow),
    )
    config.prepare_ray(settings.home)
    from cluster.fleets.fleet import Fleet

    async with Fleet(settings, frozenset({"scripted"})) as started:
        yield started
