"""A marked key through echoes in errors and SIGKILL of agent, driver and store; then it is searched everywhere."""

import json
from collections.abc import Callable, Iterator

import pytest

from actors.events import RunFinished
from cluster.fleets import head
from cluster.fleets.fleet_file import FleetFile
from tests.messages_server import MessagesServer, answers, late, serving
from tests.support import canary
from tests.support.canary import Canary
from tests.support.echoes import echoing
from tests.support.fleets import fleet_up, strike, wait_for
from tests.support.leaks import Marked, everywhere
from tests.support.processes import begun, paid

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

MANY = tuple(f"i{n}" for n in range(60))
VICTIMS = ("agent", "driver", "store")
PLACES = ("variable", "secrets file")


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def mark(place: str) -> Canary:
    return Canary("sk-ant-api03-canary" if place == "variable" else "no-shape-of-a-key")


@pytest.fixture(scope="module")
def commands(place: str, mark: Canary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marked]:
    with serving(MessagesServer(key=mark.key)) as server:
        inherited = mark.key if place == "variable" else None
        made = Marked(tmp_path_factory.mktemp("canary"), server, inherited)
        if not inherited:
            made.keep(mark.key)
        yield made


@pytest.fixture(scope="module")
def fleet(commands: Marked) -> Iterator[FleetFile]:
    with fleet_up(commands, "--executors", "2", "--concurrency", "6") as up:
        yield up


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """A line of the report."""
    writer = request.config.get_terminal_writer()
    return lambda line: writer.line(f"\n{line}")


def finished(commands: Marked, run: str) -> bool:
    return any(isinstance(event, RunFinished) for event in commands.events(run))


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_kill_amid_echoes(commands: Marked, fleet: FleetFile, victim: str) -> None:
    run = f"kill-{victim}"
    commands.server.default = echoing(late(answers(), 0.4))
    assert commands.tell("run", commands.plan_of_echoes(*MANY), "--key", run, "--detach")[0] == 0
    commands.wait(run, begun("i3"))
    assert not finished(commands, run)
    strike(wait_for(fleet, victim)[0])
    assert commands.tell("status", run, "--watch")[0] == 1, "some of the echoes are final"
    assert set(MANY) <= set(paid(commands.events(run)))


def test_a_run_that_pauses_because_the_key_is_refused(commands: Marked, fleet: FleetFile, mark: Canary) -> None:
    commands.server.key = "another"  # the refusal holds what was sent
    try:
        assert commands.tell("run", commands.plan_of_echoes(), "--key", "refused", "--wait", "0")[0] == 3
    finally:
        commands.server.key = mark.key
    assert json.loads(commands.tell("status", "refused", "--json")[1])["state"] == "paused"
    assert commands.tell("cancel", "refused")[0] == 0


def test_it_is_nowhere(
    commands: Marked, fleet: FleetFile, mark: Canary, place: str, tell: Callable[[str], None]
) -> None:
    commands.look(*(f"kill-{victim}" for victim in VICTIMS), "refused")
    found = everywhere(mark, commands, fleet)
    tell(f"key in the {place}: " + ", ".join(f"{at.searched} {what}" for what, at in found.items()))
    assert {what: at.where for what, at in found.items() if at.where} == {}
    holding = canary.in_environments(mark, head.members(fleet.pid))
    tell(f"environments: {len(holding.where)} of {holding.searched} processes of the fleet were started with it")
    assert bool(holding.where) == (place == "variable"), "a variable is inherited, a secret that is kept is not"
