"""The matrix of failures end to end: a real fleet, the real SDK, a Messages API that fails.

No failure of the infrastructure becomes a result, none restarts an agent, and what ends an item is the item's own.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from actors.events import ItemClosed
from actors.journal.fleet import AgentErrorRecorded, AgentHealthDegraded, AgentRestarted
from actors.work import Failure
from cluster.fleets.fleet_file import FleetFile
from tests.messages_server import ENDLESS, Limits, MessagesServer, serving
from tests.messages_server.messages import HELLO
from tests.support.claude_failures import EXPECTED, FAILING, Then, heals
from tests.support.fleets import Paid, fleet_up
from tests.support.processes import paid

pytestmark = pytest.mark.timeout(300)  # a busy machine takes its time to start Ray

SLOW = {*ENDLESS, "rate_limited_for_a_day"}
"""Only the deadline of a call, and the longest wait for the pace, end these: minutes."""
PASSING = sorted(name for name, streamed in FAILING if not streamed and heals(name, streamed) and name not in SLOW)
FINAL = sorted(name for name, expected in EXPECTED.items() if expected.then is Then.FAILED)
ANSWER = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paid]:
    with serving() as server:
        yield Paid(tmp_path_factory.mktemp("claude"), server)


@pytest.fixture(scope="module")
def fleet(commands: Paid) -> Iterator[FleetFile]:
    with fleet_up(commands, "--executors", "2", "--concurrency", "16") as up:
        yield up


@pytest.fixture
def server(commands: Paid, fleet: FleetFile) -> Iterator[MessagesServer]:
    """Plays nothing, at first; afterwards no agent was blamed for what it played."""
    yield commands.server
    commands.server.forget()
    commands.server.limit({})
    agents = json.loads(commands.run("agents", "--json")[1])
    assert {(agent["generation"], agent["restarts"]) for agent in agents} == {(1, 0)}, agents
    for run in json.loads(commands.run("status", "--json")[1]):
        blamed = (AgentErrorRecorded, AgentHealthDegraded, AgentRestarted)
        assert not [event for event in commands.events(run["run"]) if isinstance(event, blamed)]


def plan(commands: Paid, items: Iterable[str], structured: Iterable[str] = ()) -> str:
    told: list[dict[str, Any]] = [{"id": id_, "description": f"[item:{id_}]"} for id_ in items]
    told += [{"id": id_, "description": f"[item:{id_}]", "output": ANSWER} for id_ in structured]
    (commands.folder / "plan.json").write_text(
        json.dumps({"name": "plan", "model": "claude-sonnet-5-5", "items": told})
    )
    return "plan.json"


def complete(commands: Paid, run: str, items: Iterable[str]) -> dict[str, Any]:
    """Every item has its own, right and only result; the status of the run."""
    told = json.loads(commands.run("results", run, "--json")[1])
    assert {id_: result["data"] for id_, result in told.items()} == dict.fromkeys(items, HELLO)
    assert sorted(paid(commands.events(run))) == sorted(items)
    return dict(json.loads(commands.run("status", run, "--json")[1]))


def failures(commands: Paid, run: str) -> list[tuple[str, Failure]]:
    closed = [event for event in commands.events(run) if isinstance(event, ItemClosed)]
    return [(event.item, event.outcome) for event in closed if isinstance(event.outcome, Failure)]


def test_what_passes_is_nobodys_failure(commands: Paid, server: MessagesServer) -> None:
    for name in PASSING:
        server.play(name, text=f"[item:{name}]", times=1)

    code, _, err = commands.run("run", plan(commands, PASSING), "--key", "passing")

    assert (code, failures(commands, "passing")) == (0, []), err
    status = complete(commands, "passing", PASSING)
    assert {item["attempts"] for item in status["items"]} == {1}
    assert server.ledger.played == dict.fromkeys(PASSING, 1)


@pytest.mark.faults
def test_a_stormy_day(commands: Paid, server: MessagesServer) -> None:
    items, before = [f"s{number}" for number in range(80)], server.ledger.played.total()
    storm = ("reset_before_headers", "closed_in_body", "server_error", "truncated_json", "rate_limited", "overloaded")
    for seed, name in enumerate(storm):
        server.play(name, text="[item:s", chance=0.05, seed=seed)

    code, _, err = commands.run("run", plan(commands, items), "--key", "storm")

    assert (code, failures(commands, "storm")) == (0, []), err
    complete(commands, "storm", items)
    assert server.ledger.played.total() - before > 5, "else nothing was proved"


@pytest.mark.faults
def test_limits_hold_work_up_and_fail_nothing(commands: Paid, server: MessagesServer) -> None:
    items, ledger = [f"l{number}" for number in range(40)], server.ledger
    accepted, output = ledger.accepted, ledger.output_tokens
    limits = Limits(requests=24, input_tokens=24 * 14, minute_s=3, burst=0.5, rounded_to=1)
    server.limit({"*": limits})

    code, _, err = commands.run("run", plan(commands, items), "--key", "limits")

    assert (code, failures(commands, "limits")) == (0, []), err
    status = complete(commands, "limits", items)
    assert ledger.accepted - accepted == len(items), "no call was paid twice"
    assert status["usage"]["output_tokens"] == ledger.output_tokens - output


@pytest.mark.parametrize("name", ["spend_limit", "unauthorized"])
def test_a_person_has_to_mend_it(commands: Paid, server: MessagesServer, name: str) -> None:
    """The run is paused with nothing failed, and goes on once it is mended."""
    items = [f"{name}-{number}" for number in range(12)]
    server.play(name, text=f"[item:{name}-1")

    code, out, err = commands.run("run", plan(commands, items), "--key", name, "--wait", "1")

    status = json.loads(commands.run("status", name, "--json")[1])
    assert (code, status["state"], status["reason"]) == (3, "paused", EXPECTED[name].error.kind.value), out + err
    assert status["counts"].get("failed", 0) == 0
    assert sum(status["counts"].values()) == len(items)
    server.forget()
    code, out, err = commands.run("resume", name)
    assert code == 0, out + err
    complete(commands, name, items)


def test_what_is_the_items_own_ends_the_item_alone(commands: Paid, server: MessagesServer) -> None:
    for name in FINAL:
        server.play(name, text=f"[item:{name}]")

    code, _, err = commands.run("run", plan(commands, ["fine"], FINAL), "--key", "final")

    told = dict(failures(commands, "final"))
    assert (code, sorted(told)) == (1, FINAL), err
    for name, failure in told.items():
        assert failure.reason is EXPECTED[name].error.kind
        assert re.search(EXPECTED[name].told, failure.message)
    complete(commands, "final", ["fine"])
