"""The shape of a fleet: what a person asks for, what is started, what is told."""

import json
from pathlib import Path

import pytest

from actors.errors import UnknownRole, UserError
from actors.settings import FleetSettings, Pools
from actors.work import Role, role_of
from cluster.cli.shape import Shape, told
from cluster.fleets.fleet_file import FleetFile


def test_a_fleet_has_agents_of_every_role_and_ids_that_tell_it() -> None:
    agents = FleetSettings().pools.agents()
    assert list(agents) == ["executor-0", "executor-1", "orchestrator-0", "optimizer-0", "reviewer-0"]
    assert all(role_of(id_) is role for id_, role in agents.items())


def test_the_options_set_the_pools() -> None:
    pools = Shape(4, ["reviewer=2", "orchestrator=0"], 3).settings().pools
    assert pools == Pools(executors=4, reviewers=2, optimizers=1, orchestrators=0)
    assert Shape(None, ["executor=4"]).settings() == Shape(4).settings() == Shape(4, ["executor=4"]).settings()
    assert Shape().settings() == FleetSettings()


def test_an_embedded_fleet_has_the_roles_of_its_plan_alone() -> None:
    assert Shape().settings({Role.REVIEWER}).pools.agents() == {"reviewer-0": Role.REVIEWER}
    assert list(Shape(3, ["reviewer=2"]).settings({Role.EXECUTOR}).pools.agents()) == [
        f"executor-{n}" for n in range(3)
    ]
    with pytest.raises(UserError, match="the plan has items for agents of role reviewer, --pool reviewer=0"):
        Shape(pool=["reviewer=0"]).settings({Role.EXECUTOR, Role.REVIEWER})
    helped = {Role.EXECUTOR}, {Role.OPTIMIZER}
    assert Role.OPTIMIZER in Shape().settings(*helped).pools.agents().values()
    assert Role.OPTIMIZER not in Shape(pool=["optimizer=0"]).settings(*helped).pools.agents().values()


@pytest.mark.parametrize(
    ("executors", "pool", "why"),
    [
        (None, ["reviewer"], "write ROLE=N"),
        (None, ["reviewer="], "write ROLE=N"),
        (None, ["reviewer=-1"], "write ROLE=N"),
        (None, ["reviewer=65"], "from 0 to 64"),
        (None, ["reviewer=9" + 5000 * "9"], "write ROLE=N"),
        (None, ["reviewer=²"], "write ROLE=N"),
        (None, ["reviewer=1", "reviewer=2"], "the number of reviewers is told twice: 1 and 2"),
        (3, ["executor=2"], "the number of executors is told twice: 3 and 2"),
        (None, [f"{role}=0" for role in Role], "at least one agent"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(executors: int | None, pool: list[str], why: str) -> None:
    with pytest.raises(UserError, match=why):
        Shape(executors, pool).settings()


def test_an_unknown_role_is_an_error_that_lists_the_four() -> None:
    with pytest.raises(UnknownRole, match="'boss'; roles are orchestrator, optimizer, executor, reviewer"):
        Shape(pool=["boss=1"]).settings()


def test_a_shape_is_passed_on_and_told_in_words() -> None:
    assert Shape(2, ["reviewer=0", "optimizer=3"], 7).words == [
        *("--executors", "2", "--concurrency", "7", "--pool", "reviewer=0", "--pool", "optimizer=3")
    ]
    assert Shape().words == Shape().given == []
    assert Shape(2, ["reviewer=0"]).given == ["--executors", "--pool"]
    assert told(Shape(2, ["optimizer=3"], 7).settings()) == (
        "2 executors, 1 orchestrator, 3 optimizers and 1 reviewer of 7 items at once"
    )
    assert told(FleetSettings(pools=Pools().only([Role.REVIEWER]))) == "1 reviewer of 16 items at once"


def test_the_file_of_a_fleet_that_knew_executors_only_can_be_read(tmp_path: Path) -> None:
    now = FleetFile(state="up", since=1.0, build="b", pid=1, folder=tmp_path, shape=FleetSettings(concurrency=3))
    then = json.loads(now.model_dump_json())
    then["shape"]["executors"] = 5
    del then["shape"]["pools"]
    read = FleetFile.model_validate(then)
    assert list(read.shape.pools.agents()) == [f"executor-{n}" for n in range(5)]
    assert read.shape.concurrency == 3
    assert FleetFile.model_validate_json(now.model_dump_json()) == now
