"""From a goal to a plan: what is planned is a plan, keyed by what was asked, and nothing runs without a yes."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from actors.events import ItemAssigned, ItemJoined
from actors.work import Content, Expand, Grows, Item, Outcome, Result, Role, RunStatus, Task, Want
from cluster.cli.main import app
from cluster.plan import load, orchestration
from tests.support.growths import Grown

GOAL = "Write about tea."
FILES = {"a.md": "leaves"}


def loaded(folder: Path, plan: dict[str, Any]) -> tuple[Item, ...]:
    file = folder / "plan.json"
    file.write_text(json.dumps(plan))
    return load(file).graph.items


def test_the_planning_is_a_plan_whose_phases_feed_each_other(tmp_path: Path) -> None:
    spec, full, plan = loaded(tmp_path, orchestration.planning(GOAL, FILES, None))
    assert set(spec.inputs) == {"goal", "a.md"}
    assert (full.dependencies, plan.dependencies) == (("spec",), ("full-spec",))
    assert (plan.agent, plan.expand) == (Role.ORCHESTRATOR, Expand.DRAFT)


def test_what_was_planned_is_a_plan_whose_items_know_the_specification(tmp_path: Path) -> None:
    def draft(task: Task) -> Outcome:
        items = [{"id": "x", "description": "Do x.", "agent": "executor", "dependencies": []}]
        text = Content(text=json.dumps({"items": items}))
        return Grows(wants=(Want(turn=1, text=text),), model="fake")

    run = Grown(*loaded(tmp_path, orchestration.planning(GOAL, FILES, None)))
    full = Result(data=Content(text="the whole specification"), model="fake")
    assert run.drive({"plan": draft, "full-spec": full}).status is RunStatus.COMPLETED
    (joined,) = [event for event in run.journal if isinstance(event, ItemJoined)]
    made = orchestration.planned(joined.outcome.data.text or "", "the whole specification", FILES, "local")
    (item,) = loaded(tmp_path, made)
    assert item.inputs["specification"] == Content(text="the whole specification")
    assert item.inputs["a.md"] == Content(text="leaves")
    assert made["model"] == "local"
    assert [event.item for event in run.journal if isinstance(event, ItemAssigned)] == ["spec", "full-spec", "plan"]


def test_the_same_goal_and_files_are_the_same_planning() -> None:
    key = orchestration.key_of(GOAL, FILES, None)
    assert key == orchestration.key_of(GOAL, dict(FILES), None)
    assert key not in {orchestration.key_of("Other.", FILES, None), orchestration.key_of(GOAL, {}, None)}
    assert key != orchestration.key_of(GOAL, FILES, "local")


@pytest.mark.parametrize("arguments", [[" "], ["x", "--files", "nowhere.md"], ["x", "--files", "/"]])
def test_bad_input_is_told_before_anything_begins(tmp_path: Path, arguments: list[str]) -> None:
    done = CliRunner().invoke(app, ["orchestrate", *arguments, "--home", str(tmp_path / "home")])
    assert done.exit_code != 0
    assert not (tmp_path / "home").exists()
