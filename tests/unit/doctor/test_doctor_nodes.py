"""`doctor` in a job: what the nodes of a cluster tell, all of them well, and one that is not."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from actors.errors import FleetError
from actors.machine.build import BUILD
from cluster.doctor import Finding, Level, examine
from cluster.doctor.finding import ok, warning
from cluster.doctor.look import Look, clock, look, skew
from cluster.doctor.nodes import SKEW_S, nodes
from cluster.home import config

WELL = (ok("memory", "9 GiB"), ok("key", "found"))
HEAD = Look(node="aaaa (10.0.0.1)", head=True, build="b1", cpus=2.0, python="3.11.7", ray="2.60.0", findings=WELL)
OTHER = HEAD.model_copy(update={"node": "bbbb (10.0.0.2)", "head": False})


def told(*looks: Look, build: str = "b1", cpus: float = 0.0) -> dict[str, Finding]:
    found: Sequence[Finding] = list(nodes(lambda: looks, build, cpus))
    assert len({finding.name for finding in found}) == len(found)
    return {finding.name: finding for finding in found}


def test_a_cluster_as_it_should_be() -> None:
    found = told(HEAD, OTHER)
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert found["cluster"].message == "Ray answers: 2 nodes"
    assert found["on each node"].message == "well: key, memory"


def test_a_ray_that_does_not_answer_is_broken_and_nothing_else_is_told() -> None:
    def refused() -> list[Look]:
        raise FleetError("nobody answers at 10.0.0.1:6379")

    (finding,) = nodes(refused, "b1", 0.0)
    assert (finding.name, finding.level) == ("cluster", Level.BROKEN)


def test_a_cluster_without_its_head_has_no_place_for_the_store() -> None:
    assert told(OTHER)["cluster"].level is Level.BROKEN


def test_a_node_that_does_not_answer_is_named_and_the_others_are_looked_at() -> None:
    found = told(HEAD, Look(node="cccc (10.0.0.3)", trouble="did not answer within 60 s"))
    assert found["node cccc (10.0.0.3)"].level is Level.BROKEN
    assert found["builds"].level is Level.OK


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [("build", "b2", "builds"), ("python", "3.12.1", "versions"), ("ray", "2.59.0", "versions")],
)
def test_a_node_that_runs_something_else_is_broken(field: str, value: str, name: str) -> None:
    found = told(HEAD, OTHER, OTHER.model_copy(update={"node": "cccc (10.0.0.3)", field: value}))
    assert found[name].level is Level.BROKEN
    assert "cccc (10.0.0.3) has" in found[name].message
    assert "bbbb" not in found[name].message


def test_the_build_is_compared_with_that_of_the_command() -> None:
    found = told(HEAD, OTHER, build="b0")
    assert found["builds"].level is Level.BROKEN
    assert found["builds"].message.count("has b1") == 2


def test_a_clock_that_is_off_is_told_with_the_direction() -> None:
    assert told(HEAD, OTHER.model_copy(update={"skew_s": SKEW_S}))["clocks"].level is Level.OK
    found = told(HEAD, OTHER.model_copy(update={"skew_s": -90.0}))["clocks"]
    assert found.level is Level.WARNING
    assert "bbbb (10.0.0.2) by -90.0 s" in found.message


@pytest.mark.parametrize(("cpus", "agents"), [(0.5, 8), (0.75, 4), (2.0, 2)])
def test_the_room_for_agents_is_counted_node_by_node(cpus: float, agents: int) -> None:
    found = told(HEAD, OTHER, cpus=cpus)["room"]
    assert found.level is Level.OK
    assert f"{agents} at once" in found.message


def test_agents_that_fit_nowhere_are_told_before_they_wait() -> None:
    assert told(HEAD, OTHER, cpus=2.5)["room"].level is Level.WARNING
    assert told(HEAD, OTHER)["room"].level is Level.OK


def test_time_on_the_way_is_no_skew() -> None:
    assert skew(asked=10.0, told=10.0, heard=14.0) == 0.0
    assert skew(asked=10.0, told=14.0, heard=14.0) == 0.0
    assert skew(asked=10.0, told=7.0, heard=14.0) == -3.0
    assert skew(asked=10.0, told=15.0, heard=14.0) == 1.0
    before = clock()
    assert skew(before, clock(), clock()) == 0.0


def test_what_is_wrong_on_one_node_names_it_and_keeps_its_cure() -> None:
    low = warning("memory", "1 MiB free", "end something")
    found = told(HEAD, OTHER.model_copy(update={"findings": (low, WELL[1])}))
    assert found["memory on bbbb (10.0.0.2)"].cure == "end something"
    assert found["on each node"].message == "well: key"


def test_a_node_tells_its_build_and_looks_at_the_store_if_it_is_the_head(tmp_path: Path) -> None:
    told = [Look(node="a", **look(str(tmp_path), head=head)) for head in (True, False)]
    assert {one.build for one in told} == {BUILD}
    head, other = ({finding.name for finding in one.findings} for one in told)
    assert head - other == {"store"}
    assert {"packages", "memory", "home", "key"} <= other


def test_a_job_whose_ray_is_gone_is_told_so_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(config.RAY_JOB, "{}")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    (finding,) = [one for one in examine(tmp_path, "utf-8") if one.name == "cluster"]
    assert finding.level is Level.BROKEN
    assert "127.0.0.1:1" in finding.message
