"""The format as a JSON schema, and plans for people."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from actors.errors import PlanRefused
from actors.work import Item, Role
from cluster.plan import json_schema, load
from cluster.plan.show import show_mermaid, show_text

EXAMPLES = Path(__file__).parents[3] / "examples"
SMALL = (
    "items: [{id: a, description: do}, {id: 'b \"x\"', description: do, dependencies: [a]}, {id: c, description: do}]"
)

schema = Draft202012Validator(json_schema())


FIELDS = set(Item.model_fields) - {"parent", "workspace"}
"""Those that a plan gives an item itself."""


def test_the_schema_is_one_and_knows_every_field_of_an_item() -> None:
    Draft202012Validator.check_schema(json_schema())
    assert set(json_schema()["properties"]["items"]["items"]["properties"]) == FIELDS
    assert json.loads(json.dumps(json_schema())) == json_schema()


def test_the_ranges_of_the_schema_are_those_of_the_item() -> None:
    fields = json_schema()["properties"]["items"]["items"]["properties"]
    assert (fields["priority"]["minimum"], fields["priority"]["maximum"], fields["priority"]["default"]) == (0, 10, 5)
    assert (fields["timeout"]["exclusiveMinimum"], fields["timeout"]["maximum"]) == (0, 86_400)
    assert (fields["description"]["maxLength"], fields["max_tokens"]["maximum"]) == (50_000, 128_000)
    assert fields["output"]["type"] == "object"


def test_every_example_fits_the_schema_and_is_accepted() -> None:
    plans = [path for path in EXAMPLES.rglob("*") if path.name in ("plan.yaml", "plan.yml", "plan.json")]
    assert plans
    for path in plans:
        schema.validate(yaml.safe_load(path.read_text()))
        load(path)


texts = st.sampled_from(
    ["a", "b", "yes", "", " ", ".x", "a/b", "local", "scripted", "claude-x", "gpt", "executor", "é"]
)
odd = st.none() | st.booleans() | st.integers(-5, 200_000) | st.floats(allow_nan=False, allow_infinity=False) | texts
fields: dict[str, st.SearchStrategy[Any]] = {
    "id": texts,
    "description": texts,
    "agent": st.just("executor") | odd,
    "priority": st.integers(-1, 11) | odd,
    "timeout": st.floats(-1, 90_000) | odd,
    "dependencies": st.lists(texts, max_size=2) | odd,
    "inputs": st.dictionaries(texts, st.dictionaries(st.sampled_from(["text", "file", "x"]), texts | odd, max_size=2)),
    "output": st.just({"type": "object"}) | odd,
    "model": texts,
    "max_tokens": st.integers(0, 130_000) | odd,
    "budget": odd,
}
items = st.lists(st.fixed_dictionaries({}, optional=fields), max_size=3) | odd
plans = st.fixed_dictionaries({}, optional={"items": items, "name": texts | odd, "model": texts, "x": odd})
good = st.fixed_dictionaries(
    {"id": st.sampled_from("abc"), "description": st.just("do")},
    optional={
        "priority": st.integers(0, 10),
        "timeout": st.floats(1, 9),
        "model": st.just("local"),
        "agent": st.sampled_from([role.value for role in Role]),
    },
)
nearly = st.fixed_dictionaries({"items": st.lists(good, max_size=2, unique_by=lambda item: item["id"])})


@settings(max_examples=400)
@given(plans | nearly)
def test_what_is_accepted_fits_the_schema(tmp_path_factory: pytest.TempPathFactory, plan: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    path.write_text(json.dumps(plan))
    try:
        load(path)
    except PlanRefused:
        return
    schema.validate(plan)


@settings(max_examples=100)
@given(nearly)
def test_what_fits_the_schema_and_has_no_more_to_check_is_accepted(
    tmp_path_factory: pytest.TempPathFactory, plan: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    path.write_text(json.dumps(plan))
    if schema.is_valid(plan):
        assert len(load(path).graph.items) == len(plan["items"])
    else:
        with pytest.raises(PlanRefused):
            load(path)


def test_text_shows_layers_and_the_critical_path(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    assert show_text(load(tmp_path / "small.yaml")) == (
        "small: 3 items in 2 layers, 1 dependency, model as the fleet chooses\n"
        "layer 1 (2): a, c\n"
        'layer 2 (1): b "x"\n'
        'critical path (2 items): a -> b "x"'
    )


def test_whoever_is_no_executor_is_named(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL.replace("id: c", "agent: reviewer, id: c"))
    plan = load(tmp_path / "small.yaml")
    assert "layer 1 (2): a, c (reviewer)" in show_text(plan)
    assert 'n2["c #40;reviewer#41;"]' in show_mermaid(plan)


def test_mermaid_escapes_what_would_be_markup(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL.replace("id: c", "id: '<b>#[1]`;'"))
    assert show_mermaid(load(tmp_path / "small.yaml")) == (
        'flowchart TD\n  n0["a"]\n  n1["b #34;x#34;"]\n  n2["#60;b#62;#35;#91;1#93;#96;#59;"]\n  n0 --> n1'
    )
