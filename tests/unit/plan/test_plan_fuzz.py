"""No bytes whatever give anything but a Plan or PlanRefused, and none take long."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.errors import PlanRefused
from cluster.plan import Caps, Plan, load
from cluster.plan.mistakes import Mistakes
from cluster.plan.tree import Listing, Mapping, Node
from cluster.plan.words import meaning
from cluster.plan.yaml_reader import LOADER, read_yaml

SEED = b"""\
name: x
model: local
items:
  - id: a
    description: &d do it
    inputs: {r: {text: hi}, f: {file: plan.yaml}}
    output: {type: object, $ref: '#/$defs/x', $defs: {x: {type: string}}}
  - {id: b, description: *d, dependencies: [a], priority: 3, timeout: 1.5, agent: executor}
"""
PIECES = [
    b"- ", b"\n", b"  ", b": ", b"{", b"}", b"[", b"]", b",", b"&d ", b"*d", b"!!", b"!x ", b"|", b">-\n", b"'", b'"',
    b"\\", b"? ", b"<<: ", b"---\n", b"...\n", b"%YAML 1.1\n", b"#", b"\t", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r",
    b"~", b"yes", b"1e999", b"0x1", b"2024-01-01", b"a", b"items", b"id", b"file", b"../x", b"/etc/passwd", b"null",
    "\u2028".encode(), "\u0085".encode(), b"dependencies", b"output", b"$ref", b"#/", b"9" * 30, b".nan", b"-",
    b"\\ud800",
]  # fmt: skip
SUFFIXES = st.sampled_from(["plan.yaml", "plan.json"])
soup = st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good plan with some pieces put in and some bytes taken out."""
    text = SEED if draw(st.booleans()) else json.dumps(yaml.safe_load(SEED)).encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(st.sampled_from(PIECES)) + text[start + draw(st.integers(0, 6)) :]
    return text


def outcome(folder: Path, content: bytes, name: str) -> Plan | PlanRefused:
    path = folder / name
    path.write_bytes(content)
    try:
        return load(path, Caps(depth=16))
    except PlanRefused as error:
        refusal = error
    assert refusal.mistakes
    for mistake in refusal.mistakes:
        assert mistake.message
        assert mistake.cure
        assert mistake.line is None or 1 <= mistake.line <= content.count(b"\n") + content.count(b"\r") + 3
    lines = str(refusal).split("\n")
    assert len(lines) == min(len(refusal.mistakes), 51)
    assert all(line.isprintable() for line in lines)
    return refusal


@settings(max_examples=600)
@given(st.binary(max_size=200) | soup | damaged(), SUFFIXES)
@example(b"%YAML 99999999999999999999.1\n---\na", "plan.yaml")
@example(b'"\\Uffffffff"', "plan.yaml")
def test_any_bytes_give_a_plan_or_its_mistakes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    found = outcome(tmp_path_factory.mktemp("plan"), content, name)
    assert isinstance(found, Plan | PlanRefused)


def test_what_the_damage_is_done_to_is_a_plan(tmp_path: Path) -> None:
    assert isinstance(outcome(tmp_path, SEED, "plan.yaml"), Plan)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["items", "id", "description", "inputs", "file", "text", "output", "dependencies", "x"]),
            inner,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=300)
@given(json_values, SUFFIXES)
def test_any_document_gives_a_plan_or_its_mistakes(
    tmp_path_factory: pytest.TempPathFactory, document: Any, name: str
) -> None:
    outcome(tmp_path_factory.mktemp("plan"), json.dumps(document).encode(), name)


@pytest.mark.parametrize("name", ["plan.yaml", "plan.json"])
@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "{",
        "- ",
        "? ",
        "&a ",
        "*a ",
        "!a ",
        '"',
        "'",
        "|\n",
        "a: ",
        "a\n",
        "-\n",
        "[[],",
        '{"a":',
        "#",
        "\\",
        " \n",
        "a,",
    ],
)
def test_a_flood_of_one_piece_is_refused_soon(tmp_path: Path, piece: str, name: str) -> None:
    started = time.process_time()
    found = outcome(tmp_path, (piece * 400_000)[:400_000].encode(), name)
    assert isinstance(found, PlanRefused)
    assert time.process_time() - started < 5


def tree(text: str, loader: Any) -> tuple[Node | None, str]:
    mistakes = Mistakes("plan")
    try:
        return read_yaml(text, Caps(), mistakes, loader), str(len(mistakes))
    except PlanRefused as error:
        return None, str(error)


def test_the_parser_without_libyaml_builds_the_same_tree() -> None:
    fast, slow = tree(SEED.decode(), LOADER), tree(SEED.decode(), yaml.SafeLoader)
    assert fast == slow
    assert isinstance(fast[0], Mapping)
    assert isinstance(fast[0].entries["items"][1], Listing)


@settings(max_examples=200)
@given(soup | damaged())
@example(b"%YAML 99999999999999999999.1\n---\na")
@example(b'"\\Uffffffff"')
def test_the_parser_without_libyaml_fails_no_worse(content: bytes) -> None:
    found, told = tree(content.decode("utf-8", "replace"), yaml.SafeLoader)
    assert found is not None or told


@given(st.from_regex(r"\A[-+0-9a-fxobyenst.:_~<TZ ]{0,12}\Z") | st.text(max_size=8))
def test_a_word_means_what_yaml_reads_or_is_in_doubt(word: str) -> None:
    """Where this and YAML 1.1 read different things, there is a doubt; plain exponents are numbers here."""
    value, doubt = meaning(word)
    if doubt is not None or isinstance(value, float):
        return
    if word in ("=", "!", "&", "*"):  # a tag that nobody uses, and what no parser gives as a word
        return
    resolver: Any = yaml.resolver.Resolver()
    kind = {bool: "bool", int: "int", type(None): "null", str: "str"}[type(value)]
    assert resolver.resolve(yaml.ScalarNode, word, (True, False)) == f"tag:yaml.org,2002:{kind}"
