"""Runs that grow on a fleet that is up: whoever is killed, each item is made once, and no more of them than may be."""

import json
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from actors.events import Event, ItemClosed, ItemsAdded, ItemStarted, completed
from actors.stores.inspection import inspect
from actors.work import Lost
from cluster.fleets.fleet_file import FleetFile
from tests.messages_server import serving
from tests.messages_server.exchange import Call
from tests.support.answering import Answer, Answering, turn_of
from tests.support.fleets import Paid, fleet_up, strike, wait_for
from tests.support.processes import PATIENCE_S, begun

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

CHAPTERS, SOURCES = 3, 4
MODEL = "claude-sonnet-5-5"


def proposal(call: Call) -> str:
    """More items than may be added, then as many as may be."""
    wanted = range(SOURCES + 1 if turn_of(call) == 1 else CHAPTERS)
    items = [{"id": f"c{n}", "description": f"Write chapter-{n}.", "agent": "executor"} for n in wanted]
    return json.dumps({"items": [{**item, "dependencies": []} for item in items]})


def draft(_: Call) -> str:
    items = [{"id": f"p{n}", "description": f"Make part-{n}.", "agent": "executor"} for n in range(CHAPTERS)]
    return json.dumps({"items": [{**item, "dependencies": []} for item in items]})


ANSWERS: dict[str, Answer | str] = {
    "Put it together": "the report",
    "Plan the chapters": proposal,
    "List the sources": json.dumps({"names": [f"source-{n}" for n in range(SOURCES)]}),
    r"source-\d": "reliable",
    r"chapter-\d": "a chapter",
    r"part-\d": "a part",
    "Write a specification": "what is wanted",
    "Complete the specification": "all that is wanted",
    "Plan the work": draft,
}

ITEMS = {
    "chapters": {"Plan the chapters", "Plan the chapters#2"},
    **{f"chapters[c{n}]": {f"chapter-{n}"} for n in range(CHAPTERS)},
    "sources": {"List the sources"},
    "judged": set[str](),
    **{f"judged[{n}]": {f"source-{n}"} for n in range(SOURCES)},
    "report": {"Put it together"},
}
"""What each item of the grown run is asked for: by whom a model was called, as often as it has turns."""

LIST = {"type": "object", "properties": {"names": {"type": "array", "items": {"type": "string"}}}}
PLAN = {
    "name": "grows",
    "model": MODEL,
    "limits": {"items": CHAPTERS + SOURCES, "fan_out": SOURCES},
    "items": [
        {"id": "chapters", "agent": "orchestrator", "expand": True, "description": "Plan the chapters."},
        {
            "id": "sources",
            "description": "List the sources.",
            "output": {**LIST, "required": ["names"], "additionalProperties": False},
        },
        {
            "id": "judged",
            "foreach": {"over": {"item": "sources", "path": "names"}, "item": {"description": "Judge this one."}},
        },
        {"id": "report", "description": "Put it together.", "dependencies": ["chapters", "judged"]},
    ],
}


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paid]:
    with serving() as server:
        yield Paid(tmp_path_factory.mktemp("growth"), server)


@pytest.fixture(scope="module")
def fleet(commands: Paid) -> Iterator[FleetFile]:
    with fleet_up(commands, "--executors", "2", "--concurrency", "4", "--pool", "orchestrator=1") as up:
        yield up


@pytest.fixture
def model(commands: Paid, fleet: FleetFile) -> Iterator[Answering]:
    """The model of one test."""
    wait_for(fleet, "driver", lambda found: not found)
    commands.server.default = answering = Answering(ANSWERS)
    yield answering
    answering.held.clear()


def until(wanted: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not wanted():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def adds(item: str, event: Event) -> bool:
    return isinstance(event, ItemsAdded) and event.item == item and bool(event.items)


def kill_driver(fleet: FleetFile) -> None:
    (driver,) = wait_for(fleet, "driver", lambda found: len(found) == 1)
    strike(driver, signal.SIGKILL)
    wait_for(fleet, "driver", lambda found: bool(found) and driver not in found)


def kill_agent(commands: Paid, agent: str) -> None:
    known = json.loads(commands.run("agents", "--json")[1])
    strike(next(one["pid"] for one in known if one["id"] == agent), signal.SIGKILL)


def started(commands: Paid, run: str, item: str) -> ItemStarted:
    """Once it has."""
    commands.wait(run, begun(item))
    return next(event for event in commands.events(run) if isinstance(event, ItemStarted) and event.item == item)


def grown(commands: Paid, run: str) -> None:
    """Start it."""
    (commands.folder / "grows.json").write_text(json.dumps(PLAN))
    code, _, err = commands.run("run", "grows.json", "--key", run, "--detach")
    assert code == 0, err


def lost(events: list[Event]) -> Counter[str]:
    """Attempts that ended with their agent, by item."""
    return Counter(e.item for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Lost))


def check(commands: Paid, model: Answering, run: str) -> Counter[str]:
    """The run completes, each item once, within its limits, and no turn that was finished is asked for again.

    The attempts that were lost.
    """
    code, _, err = commands.run("status", run, "--watch")
    assert code == 0, err
    events = commands.events(run)
    assert Counter(done[0] for done in map(completed, events) if done) == Counter(dict.fromkeys(ITEMS, 1))
    added = [item.id for event in events if isinstance(event, ItemsAdded) for item in event.items]
    assert sorted(added) == sorted(id_ for id_ in ITEMS if "[" in id_)
    gone = lost(events)
    for item, keys in ITEMS.items():
        assert all(model.calls[key] >= 1 for key in keys), item
        again = sum(model.calls[key] for key in keys) - len(keys)
        assert again <= gone[item], f"{item} was asked for {again} times again and lost {gone[item]} times"
    assert list(inspect(commands.home / "store.db")) == []
    return gone


def test_a_driver_that_dies_while_the_orchestrator_plans(commands: Paid, fleet: FleetFile, model: Answering) -> None:
    model.held.add("Plan the chapters")
    grown(commands, "planning")
    until(lambda: model.calls["Plan the chapters"] == 1)
    kill_driver(fleet)
    model.held.clear()
    assert not check(commands, model, "planning"), "its agents work on and keep what they have"


def test_an_orchestrator_that_dies_while_it_corrects_its_plan(
    commands: Paid, fleet: FleetFile, model: Answering
) -> None:
    model.held.add("Plan the chapters#2")
    grown(commands, "correcting")
    until(lambda: model.calls["Plan the chapters#2"] == 1)
    kill_agent(commands, "orchestrator-0")
    commands.wait("correcting", lambda e: isinstance(e, ItemClosed) and isinstance(e.outcome, Lost))
    model.held.clear()
    gone = check(commands, model, "correcting")
    assert (model.calls["Plan the chapters"], model.calls["Plan the chapters#2"]) == (1, 2), "a turn on disk is kept"
    assert set(gone) == {"chapters"}


def test_a_driver_that_dies_when_the_run_has_grown(commands: Paid, fleet: FleetFile, model: Answering) -> None:
    model.held |= {r"chapter-\d", r"source-\d"}
    grown(commands, "grown")
    for item in ("chapters", "judged"):
        commands.wait("grown", partial(adds, item))
    started(commands, "grown", "chapters[c0]")
    kill_driver(fleet)
    model.held.clear()
    assert not check(commands, model, "grown"), "its agents work on and keep what they have"


def test_an_agent_that_dies_with_an_entry_of_a_list(commands: Paid, fleet: FleetFile, model: Answering) -> None:
    model.held.add(r"source-\d")
    grown(commands, "entry")
    agent = started(commands, "entry", "judged[1]").agent
    kill_agent(commands, agent)
    until(lambda: lost(commands.events("entry"))["judged[1]"] == 1)
    model.held.clear()
    gone = check(commands, model, "entry")
    assert gone["judged[1]"] == 1
    assert all(item.startswith(("judged[", "chapters[")) for item in gone), gone


def test_a_goal_whose_drivers_die_while_it_is_planned_and_while_it_is_done(
    commands: Paid, fleet: FleetFile, model: Answering
) -> None:
    model.held |= {"Plan the work", r"part-\d"}
    process = commands.start("orchestrate", "Write about tea.", "--model", MODEL, "--yes", "--json")
    until(lambda: model.calls["Plan the work"] == 1)
    kill_driver(fleet)
    model.held.remove("Plan the work")
    until(lambda: model.calls["part-0"] == 1)
    kill_driver(fleet)
    model.held.clear()
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert json.loads(out)["counts"]["complete"] == CHAPTERS
    asked = ("Write a specification", "Complete the specification", "Plan the work", "part-0", "part-1", "part-2")
    assert model.calls == Counter(dict.fromkeys(asked, 1))
