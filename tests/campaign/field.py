"""Where a campaign takes place: a fleet that is up with a marked key, its store, and a model that can fail."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from actors.errors import StoreUnusable
from actors.settings import FleetSettings, HealthSettings, ModelSettings, PatienceSettings, Pools
from cluster.cli import agents
from cluster.fleets.fleet_file import FleetFile
from tests.campaign.model import CampaignModel
from tests.campaign.monkey import STOPPED, VICTIMS, is_stopped
from tests.messages_server import Latency, MessagesServer, serving
from tests.support import servers
from tests.support.canary import Canary
from tests.support.fleets import fleet_of, processes
from tests.support.leaks import Marked
from tests.support.servers import PostgresServer

FLEET = FleetSettings(pools=Pools(executors=2), concurrency=4)
HEALTH = HealthSettings(
    restarts=1000,  # the monkey strikes more often than a fault that lasts would be borne
    backoff_base_s=0.2,
    backoff_max_s=1.0,
    stale_tick_s=3.0,
    silent_s=3.0,
    slow_answer_s=1.5,
    silent_node_s=10.0,
    patience_s=3.0,
    model_backoff_max_s=5.0,
)
MODELS = ModelSettings(
    deadline_base_s=4.0,
    deadline_per_token_s=0.0,
    patience=PatienceSettings(backoff_base_s=0.1, backoff_max_s=1.0, limit_base_s=0.2, limit_max_s=2.0),
)
MODEL, QUICK_MODEL = Latency(base_s=0.4, sigma=0.6), Latency(base_s=0.15, sigma=0.6)
"""Of the model's answers."""


class Field(NamedTuple):
    """Where it takes place."""

    commands: Marked
    mark: Canary
    model: CampaignModel
    fleet: FleetFile
    database: PostgresServer | None
    """The store's server; None if it is a file."""


@contextmanager
def field(folder: Path, store: str, latency: Latency = MODEL) -> Iterator[Field]:
    """Until the end of the block."""
    mark = Canary("sk-ant-api03-canary")
    model = CampaignModel(mark.key)
    with database(store) as at, serving(MessagesServer(key=mark.key)) as server:
        server.default, server.latency = model, latency
        address = {"MNEMOSYNE_STORE": at.address()} if at else {}
        commands = Marked(folder, server, mark.key, **address)
        with fleet_of(commands, FLEET, HEALTH, MODELS) as up:
            yield Field(commands, mark, model, up(), at)


@contextmanager
def database(store: str) -> Iterator[PostgresServer | None]:
    """A server, if the store is to be on one."""
    server = servers.make() if store == "postgres" else None
    try:
        yield server
    finally:
        if server:
            server.remove()


def ailments(at: Field) -> list[str]:
    """What does not do what it should: agents, the page, whatever is stopped, what commands left."""
    try:
        known = agents.read(at.commands.home, time.time()).to_json()
    except StoreUnusable as error:
        return [f"the store: {error}"]
    told = [f"{one['id']} is {one['state']}" for one in known if one["state"] != "idle"]
    there = {victim: processes(at.fleet, victim) for victim in VICTIMS}
    told += [f"{victim} {pid} is stopped" for victim, pids in there.items() for pid in pids if is_stopped(pid)]
    told += [f"there is no {victim}" for victim in STOPPED if not there[victim]]
    told += [f"process {pid} works on in a run's workspace" for pid in left_in(at.commands.home / "runs")]
    try:
        build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{at.fleet.page}/health", timeout=10).close()
    except (URLError, OSError) as error:
        told.append(f"the page: {error}")
    return told


def left_in(folder: Path) -> Iterator[int]:
    """Processes whose working folder is below this one."""
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if link.readlink().is_relative_to(folder):
                yield int(link.parent.name)
        except OSError:  # it has ended
            continue
