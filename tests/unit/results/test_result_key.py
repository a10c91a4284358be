"""Keys of results: equal exactly when everything that went in is equal."""

import json
import random
from hashlib import sha256
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.work import Content, Item, Role, items_from
from cluster.results.result_key import result_key

TEXTS = ("", "a", "b", "é\n")
SCHEMAS: tuple[dict[str, Any] | None, ...] = (
    None,
    {},
    {"a": 1, "b": {"c": 2}},
    {"b": {"c": 2}, "a": 1},
    {"a": 1.0, "b": {"c": 2}},
    {"a": True},
)


class What(NamedTuple):
    """What went in, told without the code under test."""

    item: str
    description: str
    agent: Role
    inputs: tuple[tuple[str, str], ...]
    output: str
    """JSON, or null."""
    max_tokens: int | None
    model: str
    prompt: str
    results: tuple[tuple[str, str], ...]


named = st.dictionaries(st.sampled_from("mn"), st.sampled_from(TEXTS), max_size=2).map(
    lambda d: tuple(sorted(d.items()))
)
whats = st.builds(
    What,
    st.sampled_from("xy"),
    st.sampled_from("xy"),
    st.sampled_from([Role.EXECUTOR, Role.REVIEWER]),
    named,
    st.sampled_from(SCHEMAS).map(lambda schema: json.dumps(schema, sort_keys=True)),
    st.sampled_from([None, 1, 4096]),
    st.sampled_from("xy"),
    st.sampled_from("xy"),
    named,
)
pairs = st.tuples(whats, whats, st.sets(st.sampled_from(What._fields), max_size=2)).map(
    lambda drawn: (drawn[0], drawn[0]._replace(**{name: getattr(drawn[1], name) for name in drawn[2]}))
)
"""Two that differ in at most two parts, and often in none."""


def key_of(what: What, rng: random.Random) -> str:
    """Its key, with everything that must not count as chance has it: order, where a text lies, when an item runs."""

    def contents(texts: tuple[tuple[str, str], ...]) -> dict[str, Content]:
        some = rng.sample(texts, len(texts))
        hashed = {name: Content(ref=sha256(text.encode()).hexdigest()) for name, text in some}
        return {name: rng.choice([hashed[name], Content(text=text)]) for name, text in some}

    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: shuffled(value[name]) for name in rng.sample(sorted(value), len(value))}

    results = contents(what.results)
    item = Item(
        id=what.item,
        description=what.description,
        agent=what.agent,
        inputs=contents(what.inputs),
        output=shuffled(json.loads(what.output)),
        max_tokens=what.max_tokens,
        dependencies=tuple(rng.sample(sorted(results), len(results))),
        model=rng.choice([None, "z"]),  # the one asked for in the end is given beside the item
        priority=rng.randint(0, 10),
        timeout=rng.choice([1.0, 600.0]),
    )
    return result_key(item, what.model, what.prompt, results)


@settings(max_examples=300)
@given(pairs, st.integers(0, 2**32).map(random.Random))
def test_two_keys_are_equal_exactly_when_what_went_in_is(pair: tuple[What, What], rng: random.Random) -> None:
    one, other = pair
    assert (key_of(one, rng) == key_of(other, rng)) == (one == other)


CHANGES: dict[str, list[Any]] = {
    "id": ["x", "y"],
    "description": ["do", "do "],
    "agent": [Role.EXECUTOR, Role.REVIEWER],
    "inputs": [{}, {"m": "a"}, {"m": "b"}, {"n": "a"}, {"m": "a", "n": "a"}, {"m": ""}],
    "output": [*SCHEMAS[:3], *SCHEMAS[4:]],
    "max_tokens": [None, 1, 2],
    "model": ["x", "y"],
    "prompt": ["x", "y"],
    "results": [{}, {"m": "a"}, {"m": "b"}, {"n": "a"}, {"m": "a", "n": "a"}],
}


def key(**values: Any) -> str:
    told = {name: choices[0] for name, choices in CHANGES.items()} | values
    model, prompt, results = told.pop("model"), told.pop("prompt"), told.pop("results")
    told["inputs"] = {name: Content(text=text) for name, text in told["inputs"].items()}
    item = Item(**told, dependencies=tuple(results))
    return result_key(item, model, prompt, {id_: Content(text=text) for id_, text in results.items()})


@pytest.mark.parametrize("name", CHANGES)
def test_each_part_changes_the_key(name: str) -> None:
    values = CHANGES[name]
    assert len({key(**{name: value}) for value in values}) == len(values)


def test_an_input_is_not_a_dependency_and_a_name_is_not_a_text() -> None:
    assert len({key(inputs={"m": "a"}), key(results={"m": "a"}), key(inputs={"a": "m"})}) == 3


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4)
)
schemas = st.dictionaries(
    st.text(max_size=4), scalars | st.lists(scalars) | st.dictionaries(st.text(max_size=4), scalars)
)


@given(schemas)
def test_an_item_that_was_in_a_store_has_the_key_it_had_before(schema: dict[str, Any]) -> None:
    item = Item(id="a", description="x", output=schema)
    (stored,) = items_from([item.model_dump_json(exclude_defaults=True)])
    assert result_key(stored, "m", "p", {}) == result_key(item, "m", "p", {})


def test_keys_are_those_of_earlier_versions() -> None:
    """If this fails, results that people paid for are thrown away: leave a new field out at its default."""
    full = Item(
        id="a",
        description="Größe",
        inputs={"report": Content(text="text")},
        output={"type": "object", "a": 1},
        max_tokens=9,
        dependencies=("b",),
    )
    assert result_key(Item(id="a", description="do"), "local", "0123456789ab", {}) == BARE
    assert result_key(full, "local", "0123456789ab", {"b": Content(text="done")}) == FULL


BARE = "78acac4488c9f68b0cf1fe1c919ef1f859fff0d2d2bfe9dd6b00cf77fa54ad6b"
FULL = "05bf9d0454bc6aa4f1cdbd998586ea8c55803bfd46048b9a032e1b8ca20a4de4"


def test_a_result_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError, match="b"):
        result_key(Item(id="a", description="x", dependencies=("b",)), "m", "p", {})
