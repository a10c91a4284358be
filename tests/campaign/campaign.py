"""One campaign: a fleet, plans that never end, a monkey that strikes; then calm, and the question what is left."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from actors.settings import FleetSettings, HealthSettings, ModelSettings, PatienceSettings, Pools
from cluster.config import store_path
from cluster.fleet_file import FleetFile
from tests.campaign import verdict
from tests.campaign.model import CampaignModel
from tests.campaign.monkey import STOPPED, VICTIMS, Monkey, is_stopped
from tests.campaign.person import Person
from tests.campaign.report import Report
from tests.campaign.witness import Witness
from tests.canary import Canary
from tests.fleets import fleet_of, processes
from tests.leaks import Marked, everywhere
from tests.messages_server import Latency, MessagesServer, serving

POLL_S = 0.05
LOOKED_AT = 2
"""Runs of which every command is asked, so that its output can be searched too."""
CALM_S = 150.0
"""Patience, once nothing strikes any more, until everything is over and well."""

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
LATENCY = Latency(base_s=0.4, sigma=0.6)


class Field(NamedTuple):
    """Where it takes place."""

    commands: Marked
    mark: Canary
    model: CampaignModel
    fleet: FleetFile


@contextmanager
def field(folder: Path) -> Iterator[Field]:
    """A fleet that is up, with a marked key."""
    mark = Canary("sk-ant-api03-canary")
    model = CampaignModel(mark.key)
    with serving(MessagesServer(key=mark.key)) as server:
        server.default, server.latency = model, LATENCY
        commands = Marked(folder, server, mark.key)
        with fleet_of(commands, FLEET, HEALTH, MODELS) as up:
            yield Field(commands, mark, model, up())


@contextmanager
def place(keep: Path | None) -> Iterator[Path]:
    """A new folder; a short name, since sockets are made below."""
    if keep:
        keep.mkdir()
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="mn-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def campaign(seed: int, seconds: float, keep: Path | None = None) -> Report:
    """So long, then until all is over."""
    with place(keep) as folder, field(folder) as at:
        begin = time.time()
        witness = Witness(store_path(at.commands.home))
        person = Person(seed, at.commands, at.model, witness)
        monkey = Monkey(seed, at.fleet, at.model, time.time, begin)
        while time.time() < begin + seconds:
            witness.look()
            person.act()
            if (struck := monkey.act()) and struck[:2] == ("freeze", "driver"):
                person.take_over()
            time.sleep(POLL_S)
        monkey.rest()
        load = os.getloadavg()
        unhealed = calm(at, person, witness)
        monkey.rest()
        agents = {witness.agents[struck.pid] for struck in monkey.struck if struck.pid in witness.agents}
        judged = verdict.judge(store_path(at.commands.home), list(person.plans.values()), at.model, agents)
        at.commands.look(*list(person.plans)[-LOOKED_AT:])
        found = everywhere(at.mark, at.commands, at.fleet)
        if keep:  # Ray's go with the fleet
            shutil.copytree(at.fleet.folder / "session_latest" / "logs", keep / "logs", ignore_dangling_symlinks=True)
        return Report(
            seed=seed,
            seconds=seconds,
            load=load,
            judged=judged,
            struck=monkey.struck,
            results=witness.results,
            runs=len(person.plans),
            calls=sum(map(len, at.model.calls.values())),
            restarts=len(witness.restarts),
            unfinished=person.unfinished,
            broken=person.broken,
            refusals=dict(person.refusals),
            searched={place: told.searched for place, told in found.items()},
            canary={place: told.where for place, told in found.items()},
            unhealed=unhealed,
        )


def calm(at: Field, person: Person, witness: Witness) -> list[str]:
    """Wait until every run is over and everything works again; what does not."""
    deadline = time.monotonic() + CALM_S
    while time.monotonic() < deadline:
        witness.look()
        person.act(new=False)
        if person.is_done and not ailments(at):
            return []
        time.sleep(POLL_S)
    return ailments(at)


def ailments(at: Field) -> list[str]:
    """What does not do what it should: agents, the page, whatever is stopped."""
    known = json.loads(at.commands.run("agents", "--json")[1])
    told = [f"{one['id']} is {one['state']}" for one in known if one["state"] != "idle"]
    there = {victim: processes(at.fleet, victim) for victim in VICTIMS}
    told += [f"{victim} {pid} is stopped" for victim, pids in there.items() for pid in pids if is_stopped(pid)]
    told += [f"there is no {victim}" for victim in STOPPED if not there[victim]]
    try:
        build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{at.fleet.page}/health", timeout=10).close()
    except (URLError, OSError) as error:
        told.append(f"the page: {error}")
    return told
