"""Every board fits Grafana's own JSON schemas: the board, the options and fields of each panel, every query."""

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from dashboards.grafana import content

FOLDER = Path(__file__).parents[2] / "support" / "grafana_schemas"

ANYTHING = (("MatcherConfig", "options"), ("DynamicConfigValue", "value"))
"""Any value in Grafana, which the schemas mistake for an object."""

PARTS = {"Options": ("options",), "FieldConfig": ("fieldConfig", "defaults", "custom")}
"""Definitions of a panel's schema, and where in a panel their values stand."""

Json = dict[str, Any]


@cache
def validator(name: str, part: str = "") -> Draft7Validator:
    """Of a file, or of one of its definitions."""
    schema = json.loads((FOLDER / f"{name}.jsonschema.json").read_text())
    if name == "dashboard":
        for definition, field in ANYTHING:
            schema["definitions"][definition]["properties"][field] = {}
    if part:
        schema = {"$ref": f"#/definitions/{part}", "definitions": schema["definitions"]}
    return Draft7Validator(schema)


def parts(name: str) -> set[str]:
    return set(json.loads((FOLDER / f"{name}.jsonschema.json").read_text())["definitions"]) & set(PARTS)


def inside(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        value = value.get(key) or {}
    return value


def wrong(board: Json) -> list[str]:
    """What does not fit, with its place."""
    return [f"{error.json_path}: {error.message}" for error in _errors(board)]


def _errors(board: Json) -> Iterator[Any]:
    yield from validator("dashboard").iter_errors(board)
    for panel in (panel for panel in board["panels"] if panel["type"] != "row"):
        kind = panel["type"].replace("-", "")
        for part in parts(kind):
            yield from validator(kind, part).iter_errors(inside(panel, PARTS[part]))
        for target in panel["targets"]:
            yield from validator("prometheus").iter_errors(target)


@pytest.mark.parametrize("board", content.boards(), ids=lambda board: board["uid"])
def test_a_board_fits_grafanas_schemas(board: Json) -> None:
    assert wrong(board) == []


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("refreshh",), "10s"),
        (("schemaVersion",), "42"),
        (("panels", 1, "gridPos", "w"), "8"),
        (("panels", 1, "options", "graphMode"), "areas"),
        (("panels", 6, "fieldConfig", "defaults", "custom", "stacking", "mode"), "pile"),
        (("panels", 1, "targets", 0, "expression"), "up"),
        (("templating", "list", 0, "hide"), "never"),
    ],
)
def test_a_slip_is_seen(keys: tuple[Any, ...], value: Any) -> None:
    board = copy.deepcopy(next(one for one in content.boards() if one["uid"] == "mnemosyne-runs"))
    place: Any = board
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    assert wrong(board)
