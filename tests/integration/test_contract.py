"""The contract of the four kinds of agents, on a fleet that is up: real processes, a scripted model, one real SDK."""

import json
import time
from collections.abc import Iterator

import pytest

from actors.events import ItemClosed, RunWaiting
from actors.journal.fleet import AgentHeartbeat, AgentStarted, AgentStarting
from actors.roles.prompt import VERSIONS
from actors.settings import FleetSettings, HealthSettings, Pools
from actors.work import Result, Role
from tests.messages_server import answers, fails, serving
from tests.support.contract import (
    Living,
    agents,
    chain,
    listed,
    of_agent,
    of_item,
    outside_the_window,
    plan,
    recorded,
    run,
    told,
    wait_for_agents,
    wire,
)
from tests.support.fleets import Paid, first_seen, fleet_of

pytestmark = pytest.mark.timeout(300)  # a busy machine takes its time to start Ray

FLEET = FleetSettings(pools=Pools(executors=2, reviewers=1, optimizers=1, orchestrators=1), concurrency=5)
WINDOW_S = 4.0
"""Shorter than the 60 s of every other fleet, whose rules are those of tests/unit/health/test_health_random.py."""
HEALTH = HealthSettings(window_s=WINDOW_S, heartbeat_s=1.0, model_backoff_max_s=1.0)

SECOND_S = 1.0
SPREAD_S = 1.6
"""Between two faults, so that never five of them are in one window."""

RULES = [
    {"match": "/spread[0-9]/1$", "regex": True, "delay_s": SPREAD_S, "failure": "agent_fault"},
    {"match": "/fault[0-9]/1$", "regex": True, "failure": "agent_fault", "message": "a mistake"},
    {"match": "/second", "delay_s": SECOND_S},
    {"match": "/long", "delay_s": 120},
    {"match": "/refused", "failure": "refusal", "message": "declined"},
]
AGENTS = {"executor-0": "executor", "executor-1": "executor"} | {
    f"{role}-0": role for role in Role if role != "executor"
}


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    with serving() as server:
        commands = Paid(tmp_path_factory.mktemp("contract"), server)
        commands.script(rules=RULES)
        with fleet_of(commands, FLEET, HEALTH) as starting:
            first, late_s = first_seen(commands.home)
            yield Living(commands, server, starting(), first, late_s)


def test_the_four_roles_are_spawned_registered_and_answer(living: Living) -> None:
    assert {agent["id"]: (agent["role"], agent["state"]) for agent in living.first} == {
        id_: (role, "starting") for id_, role in AGENTS.items()
    }
    assert living.late_s < 1.0
    wait_for_agents(living.commands, state="idle")
    now = {agent["id"]: agent for agent in json.loads(living.commands.run("agents", "--json")[1])}
    row = {"id", "role", "state", "reason", "generation", "pid", "node", "restarts", "health"}
    for id_, agent in now.items():
        assert agent.keys() == row
        assert agent["role"] == AGENTS[id_]
        assert (agent["generation"], agent["restarts"], agent["reason"]) == (1, 0, None)
        assert agent["health"] == {"error_count": 0, "last_error": None, "is_healthy": True, "last_restart": None}
    assert len({agent["pid"] for agent in now.values()}) == len(AGENTS)
    run(living.commands, "roles", *({"id": f"by-{role}", "agent": role} for role in Role))
    events = living.commands.events("roles")
    closed = {event.item: event for event in events if isinstance(event, ItemClosed)}
    for role in Role:
        outcome = closed[f"by-{role}"].outcome
        assert isinstance(outcome, Result)
        assert (AGENTS[closed[f"by-{role}"].agent], outcome.prompt) == (role, VERSIONS[role])
    starting = [event.seq for event in events if isinstance(event, AgentStarting)]
    assert max(starting) < min(event.seq for event in events if isinstance(event, AgentStarted))


def test_delegated_work_comes_back_with_success_data_and_a_memory_that_is_recalled(living: Living) -> None:
    rows = run(living.commands, "delegated", {"id": "a", "agent": "optimizer"})
    assert of_item(rows, "a") == ["work_item_assigned", "work_item_started", "work_item_completed"]
    assert of_agent(rows, "optimizer-0", "a") == ["agent_started", "agent_completed"]
    assert [type_ for type_ in told(rows) if type_.startswith("run_")] == [
        "run_accepted",
        "run_started",
        "run_finished",
    ]
    result = json.loads(living.commands.run("results", "delegated", "--json")[1])["a"]
    assert ("Do a." in result["data"], result["model"]) == (True, "scripted")
    recalled = json.loads(living.commands.run("recall", '"Do a."', "--min-importance", "6", "--json")[1])["results"]
    status = json.loads(living.commands.run("status", "delegated", "--json")[1])
    (memory,) = [row for row in recalled if row["run"] == status["run"]]
    assert [memory["id"]] == result["memory_ids"]
    assert (memory["content"], memory["item"]) == (result["data"], "a")
    assert (status["state"], status["counts"]["complete"]) == ("completed", 1)
    (item,) = status["items"]
    assert (item["state"], item["agent"], item["attempts"], item["error"]) == ("complete", "optimizer-0", 1, None)
    file = living.commands.home / "runs" / status["run"] / "a.md"
    assert file.read_text().strip() == result["data"].strip()


def test_an_item_that_fails_has_its_events_in_order_and_is_no_fault_of_its_agent(living: Living) -> None:
    commands = living.commands
    assert commands.run("run", plan(commands, {"id": "refused", "agent": "optimizer"}), "--key", "failed")[0] == 1
    rows = wire(commands, "failed")
    assert of_item(rows, "refused") == ["work_item_assigned", "work_item_started", "work_item_failed"]
    assert of_agent(rows, "optimizer-0") == ["agent_started", "agent_failed"]
    told_ = {row["error"] for row in rows if row["type"] in ("agent_failed", "work_item_failed")}
    assert told_ == {"declined"}


def test_two_faults_leave_an_agent_healthy(living: Living) -> None:
    rows = run(living.commands, "two", *chain("fault1", "fault2", agent="reviewer"))
    one_try = ["work_item_assigned", "work_item_started"]
    for item in ("fault1", "fault2"):
        assert of_item(rows, item) == [*one_try, "work_item_retried", *one_try, "work_item_completed"]
        assert of_agent(rows, "reviewer-0", item) == [
            "agent_started",
            "agent_failed",
            "agent_started",
            "agent_completed",
        ]
    faults = recorded(living, "two", 2)
    assert [row["type"] for row in faults] == ["agent_error_recorded"] * 2
    assert [(row["error_count"], "a mistake" in row["error_message"]) for row in faults] == [(1, True), (2, True)]
    agent = agents(living.commands)["reviewer-0"]
    assert (agent["health"]["error_count"], agent["health"]["is_healthy"], agent["restarts"]) == (2, True, 0)
    outside_the_window(faults, WINDOW_S)


def test_five_faults_in_a_window_degrade_an_agent_and_restart_it(living: Living) -> None:
    before = agents(living.commands)["reviewer-0"]
    run(living.commands, "five", *({"id": f"fault{n}", "agent": "reviewer"} for n in range(5)))
    kept = ("agent_error_recorded", "agent_health_degraded", "agent_restarted", "agent_started")
    rows = recorded(living, "five", 5, "agent_restarted", "agent_started")
    rows = [row for row in rows if row["type"] in kept]
    assert [row["type"] for row in rows] == [
        *["agent_error_recorded"] * 2,
        *["agent_error_recorded", "agent_health_degraded"] * 3,
        "agent_restarted",
        "agent_started",
    ]
    degraded = [row for row in rows if row["type"] == "agent_health_degraded"]
    assert [(row["error_count"], row["is_healthy"]) for row in degraded] == [(3, True), (4, True), (5, False)]
    assert (rows[-2]["restart_cause"], rows[-1]["generation"]) == ("threshold", before["generation"] + 1)
    now = wait_for_agents(living.commands, state="idle")["reviewer-0"]
    assert (now["restarts"], now["generation"]) == (before["restarts"] + 1, before["generation"] + 1)
    assert now["pid"] != before["pid"]
    assert now["health"]["last_restart"] == pytest.approx(rows[-2]["at"])
    assert (now["health"]["error_count"], now["health"]["is_healthy"]) == (0, True)
    assert "a mistake" in now["health"]["last_error"]


@pytest.mark.faults
def test_five_faults_spread_over_more_than_a_window_restart_nobody(living: Living) -> None:
    before = agents(living.commands)["reviewer-0"]
    run(living.commands, "spread", *chain(*(f"spread{n}" for n in range(5)), agent="reviewer"))
    rows = recorded(living, "spread", 5)
    faults = [row for row in rows if row["type"] == "agent_error_recorded"]
    assert faults[-1]["at"] - faults[0]["at"] > WINDOW_S
    assert max(row["error_count"] for row in faults) < HEALTH.restart_faults
    assert not [row for row in wire(living.commands, "spread") if row["type"] == "agent_restarted"]
    now = agents(living.commands)["reviewer-0"]
    assert (now["pid"], now["generation"]) == (before["pid"], before["generation"])


def test_without_a_model_agents_live_items_wait_and_a_model_that_appears_is_used(living: Living) -> None:
    commands, server = living.commands, living.server
    server.default = fails(404, "not_found_error", "model: claude-haiku-5-5")
    before = wait_for_agents(commands, state="idle")
    items = [{"id": f"by-{role}", "agent": role} for role in Role]
    code, _, err = commands.run("run", plan(commands, *items, model="claude-haiku-5-5"), "--key", "none", "--detach")
    assert code == 0, err
    commands.wait("none", lambda event: isinstance(event, RunWaiting))
    waiting = next(event for event in commands.events("none") if isinstance(event, RunWaiting))
    assert waiting.reason.startswith("model claude-haiku-5-5 is unavailable: ")
    commands.wait("none", lambda event: isinstance(event, AgentHeartbeat) and event.seq > waiting.seq)
    shown = agents(commands)
    unavailable = [agent for agent in shown.values() if agent["state"] == "unavailable"]
    assert len(unavailable) >= len(AGENTS) - 1, "one may be at work on the item that asks again"
    assert all("model claude-haiku-5-5 is unavailable" in agent["reason"] for agent in unavailable)
    status = json.loads(commands.run("status", "none", "--json")[1])
    assert (status["counts"]["complete"], status["counts"]["failed"]) == (0, 0)
    assert json.loads(commands.run("results", "none", "--json")[1]) == {}
    server.default = answers("A real answer.")
    assert commands.run("status", "none", "--watch")[0] == 0
    results = json.loads(commands.run("results", "none", "--json")[1])
    assert {result["data"] for result in results.values()} == {"A real answer."}
    now = wait_for_agents(commands, state="idle")
    same = ("pid", "generation", "restarts")
    assert {id_: [agent[name] for name in same] for id_, agent in now.items()} == {
        id_: [agent[name] for name in same] for id_, agent in before.items()
    }


def test_twenty_items_of_a_second_over_two_executors(living: Living) -> None:
    ids = [f"second{n}" for n in range(20)]
    rows = run(living.commands, "wide", *({"id": id_} for id_ in ids))
    began = min(row["at"] for row in rows if row["type"] == "work_item_assigned")
    ended = max(row["at"] for row in rows if row["type"] == "work_item_completed")
    ideal = SECOND_S * len(ids) / (2 * FLEET.concurrency)
    assert ideal <= ended - began < 2 * ideal
    results = json.loads(living.commands.run("results", "wide", "--json")[1])
    assert {id_: f"Do {id_}." in results[id_]["data"] for id_ in ids} == dict.fromkeys(ids, True)
    shares = [
        sum(row["type"] == "agent_completed" and row["agent_id"] == f"executor-{n}" for row in rows) for n in (0, 1)
    ]
    assert shares == [10, 10]


def test_ray_shows_agents_and_their_work_by_names_that_speak(living: Living) -> None:
    """While the run is driven: what was called in the last second before a driver's end is told to nobody."""
    commands = living.commands
    items = [{"id": f"long{n}", "agent": "orchestrator"} for n in range(5)]
    code, _, err = commands.run("run", plan(commands, *items), "--key", "named", "--detach")
    assert code == 0, err
    actors = {actor["name"]: actor for actor in listed(living, "actors", "--filter", "state=ALIVE")}
    assert {f"mnemosyne: {id_}" for id_ in (*AGENTS, "store", "monitor")} <= actors.keys()
    for id_ in AGENTS:
        actor = actors[f"mnemosyne: {id_}"]
        assert (actor["ray_namespace"], actor["repr_name"]) == (living.fleet.namespace, f"mnemosyne: {id_}")
    name = json.loads(commands.run("status", "named", "--json")[1])["run"]
    submit, deadline = f"mnemosyne: orchestrator-0.submit {name}: long0, long1, long2 and 2 more", time.monotonic() + 30
    while submit not in {task["name"] for task in listed(living, "tasks", "--filter", f"name={submit}")}:
        assert time.monotonic() < deadline, "Ray tells of a call a moment later, and of this one not at all"
    assert commands.run("cancel", "named")[0] == 0
    assert commands.run("status", "named", "--watch")[0] == 5
