"""A review on a fleet that is up: whoever is killed in it, work and verdict are made and counted once."""

import json
import signal
from collections.abc import Iterator

import pytest

from actors.events import Event, ItemAccepted, ItemClosed, ItemStarted
from actors.review import Verdict
from actors.work import Lost
from cluster.fleet_file import FleetFile
from tests.fleets import fleet_up, strike, wait_for
from tests.processes import Commands, paid
from tests.reviews import answer

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

REVIEWING = "You review what another agent made"
REVIEW_S = 5.0


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    made = Commands(tmp_path_factory.mktemp("reviews"))
    made.script(rules=[{"match": REVIEWING, "answer": answer(passed=True), "delay_s": REVIEW_S}])
    return made


@pytest.fixture(scope="module")
def fleet(commands: Commands) -> Iterator[FleetFile]:
    with fleet_up(commands, "--executors", "1", "--pool", "reviewer=1", "--pool", "optimizer=0") as up:
        yield up


def reviews(event: Event) -> bool:
    return isinstance(event, ItemStarted) and event.agent.startswith("reviewer")


@pytest.mark.parametrize("victim", ["reviewer", "driver"])
def test_what_is_killed_in_a_review_costs_neither_work_nor_a_second_verdict(
    commands: Commands, fleet: FleetFile, victim: str
) -> None:
    plan = commands.items(
        {"id": "a", "description": "a", "review": {"gates": ["correctness"]}},
        {"id": "b", "description": "b", "dependencies": ["a"]},
    )
    assert commands.run("run", plan, "--key", victim, "--detach")[0] == 0
    commands.wait(victim, reviews)
    if victim == "reviewer":
        known = json.loads(commands.run("agents", "--json")[1])
        strike(next(agent["pid"] for agent in known if agent["id"] == "reviewer-0"), signal.SIGKILL)
    else:
        strike(wait_for(fleet, "driver")[0], signal.SIGKILL)
    code, _, err = commands.run("status", victim, "--watch")
    assert code == 0, err
    events = commands.events(victim)
    assert paid(events) == ["a", "b"]
    assert len([e for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Verdict)]) == 1
    assert [(e.item, e.passed) for e in events if isinstance(e, ItemAccepted)] == [("a", True)]
    lost = [e.agent for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Lost)]
    assert lost == (["reviewer-0"] if victim == "reviewer" else [])
