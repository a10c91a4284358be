"""A review on a fleet that is up: whoever is killed in it, work and verdict are made and counted once."""

import json
import signal
from collections.abc import Iterator

import pytest

from actors.events import Event, ItemAccepted, ItemClosed, ItemStarted
from actors.vocabulary.review import Consolidated, Verdict
from actors.work import Lost, Result
from cluster.fleets.fleet_file import FleetFile
from tests.support.fleets import fleet_up, strike, wait_for
from tests.support.processes import Commands, paid
from tests.support.reviews import answer

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

REVIEWING = "You review what another agent made"
CONDENSING = "You condense material"
REVIEW_S = 5.0


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    made = Commands(tmp_path_factory.mktemp("reviews"))
    made.script(
        rules=[
            {"match": CONDENSING, "answer": "blue, again and again", "delay_s": REVIEW_S},
            {"match": "This is attempt 3", "answer": "work of the third"},
            {"match": "This is attempt 2", "answer": "work of the first"},
            {"match": "work of the third", "answer": answer(passed=True)},
            {"match": "work of the first", "answer": answer(passed=False)},
            {"match": REVIEWING, "answer": answer(passed=True), "delay_s": REVIEW_S},
            {"match": "do it thrice", "answer": "work of the first"},
        ]
    )
    return made


@pytest.fixture(scope="module")
def fleet(commands: Commands) -> Iterator[FleetFile]:
    with fleet_up(commands, "--executors", "1", "--pool", "reviewer=1", "--pool", "optimizer=1") as up:
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


def consolidates(event: Event) -> bool:
    return isinstance(event, ItemStarted) and event.agent.startswith("optimizer")


@pytest.mark.parametrize("victim", ["optimizer", "driver"])
def test_what_is_killed_between_two_attempts_makes_one_text_of_the_reviews_once(
    commands: Commands, fleet: FleetFile, victim: str
) -> None:
    plan = commands.items({"id": "a", "description": "do it thrice", "review": {"gates": ["correctness"]}})
    key = f"several-{victim}"
    assert commands.run("run", plan, "--key", key, "--detach")[0] == 0
    commands.wait(key, consolidates)
    if victim == "optimizer":
        known = json.loads(commands.run("agents", "--json")[1])
        strike(next(agent["pid"] for agent in known if agent["id"] == "optimizer-0"), signal.SIGKILL)
    else:
        strike(wait_for(fleet, "driver")[0], signal.SIGKILL)
    code, _, err = commands.run("status", key, "--watch")
    assert code == 0, err
    ends = [event for event in commands.events(key) if isinstance(event, ItemClosed)]
    kinds = [type(event.outcome) for event in ends if not isinstance(event.outcome, Lost)]
    assert kinds == [Result, Verdict, Result, Verdict, Consolidated, Result, Verdict]
    lost = [event.agent for event in ends if isinstance(event.outcome, Lost)]
    assert lost == (["optimizer-0"] if victim == "optimizer" else [])
    why = json.loads(commands.run("why", key, "a", "--json")[1])
    assert ("consolidated", "of 2") in [(part["kind"], part["name"]) for part in why["parts"]]
