"""`plan check`, `plan schema`, `plan show`: exit codes, JSON, and nothing written."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from actors.errors import PlanRefused
from cluster.cli.main import app
from tests.support.screens import HARMLESS

GOOD = "name: two\nitems:\n- {id: a, description: x}\n- {id: b, description: x, dependencies: [a]}\n"
BAD = "items:\n- {id: a, description: x, dependencies: [c]}\n- {id: a, descriptio: x}\n"


def plan(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["plan", *arguments])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(BAD)
    return tmp_path


def test_a_good_plan(folder: Path) -> None:
    done = plan("check", "good.yaml")
    assert (done.exit_code, done.stdout.split(". ")[0]) == (0, "good.yaml: no mistakes")
    done = plan("check", "good.yaml", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["ok"], told["mistakes"]) == (0, True, [])
    assert (told["name"], told["items"], told["dependencies"], told["layers"]) == ("two", 2, 1, 2)
    assert told["critical_path"] == ["a", "b"]
    assert {path.name for path in folder.iterdir()} == {"good.yaml", "bad.yaml"}, "nothing was written"


def test_every_mistake_at_once_with_exit_code_2(folder: Path) -> None:
    done = plan("check", "bad.yaml")
    assert isinstance(done.exception, PlanRefused)
    assert done.exception.exit_code == 2
    assert done.stdout == ""
    lines = str(done.exception).splitlines()
    done = plan("check", "bad.yaml", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["ok"], len(told["mistakes"])) == (2, False, len(lines))
    assert len(lines) >= 3
    assert {"line", "where", "message", "cure"} == set(told["mistakes"][0])
    assert all(mistake["cure"] for mistake in told["mistakes"])
    assert {path.name for path in folder.iterdir()} == {"good.yaml", "bad.yaml"}, "nothing was written"


@pytest.mark.parametrize("file", ["nosuch.yaml", ".", "good.yaml/x", "/dev/null"])
def test_what_is_no_plan_is_refused_without_a_traceback(folder: Path, file: str) -> None:
    for command in ("check", "show"):
        done = plan(command, file)
        assert isinstance(done.exception, PlanRefused), done.exception
        assert "\n" not in str(done.exception)


def test_the_schema_is_one(folder: Path) -> None:
    done = plan("schema")
    Draft202012Validator.check_schema(json.loads(done.stdout))
    assert "# yaml-language-server: $schema=" in plan("schema", "--help").stdout


def test_show(folder: Path) -> None:
    assert "critical path (2 items): a -> b" in plan("show", "good.yaml").stdout
    assert plan("show", "good.yaml", "--mermaid").stdout.startswith("flowchart TD\n")


def test_hostile_names_do_nothing_on_a_terminal(folder: Path) -> None:
    hostile = "evil\u202e [red]x[/red] \u2028 \U000e0041"
    (folder / "hostile.json").write_text(
        json.dumps({"name": hostile, "items": [{"id": "a", "description": "x"}, {"id": hostile, "description": "x"}]})
    )
    for command in (("check", "hostile.json"), ("show", "hostile.json"), ("show", "hostile.json", "--mermaid")):
        done = plan(*command)
        text = done.stdout if done.exit_code == 0 else str(done.exception)
        assert all(map(HARMLESS.fullmatch, text.split("\n")))


def test_plan_alone_shows_its_commands() -> None:
    told = plan().output
    assert all(name in told for name in ("check", "schema", "show"))
