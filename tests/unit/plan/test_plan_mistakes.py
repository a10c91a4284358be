"""Refused plans: every mistake at once, each with its line, its place and what to do."""

import dataclasses
import json
import pickle
import time
from pathlib import Path

import pytest

from actors.errors import Mistake, PlanRefused
from cluster.plan import Caps, load

A = "items:\n- id: a\n  description: do\n"
"""A good plan of three lines; what is put behind it is on line 4."""


def refused(folder: Path, text: str, name: str = "plan.yaml", caps: Caps = Caps()) -> PlanRefused:  # noqa: B008
    path = folder / name
    path.write_text(text)
    with pytest.raises(PlanRefused) as caught:
        load(path, caps)
    return caught.value


def only(error: PlanRefused) -> Mistake:
    (mistake,) = error.mistakes
    return mistake


CASES = [
    # between items
    (A + "  dependencies: [b]", 4, "items[0].dependencies[0]", 'no item "b"', "add the item"),
    (A + "  dependencies:\n  - a", 5, "items[0].dependencies[0]", '"a" depends on itself', "remove it"),
    (A + "- id: a\n  description: do", 4, "items[1].id", 'the id "a" is there twice', "the first is on line 2"),
    (A + "- id: A\n  description: do", 4, "items[1].id", '"A" and "a" differ only in case', "rename one"),
    (A + "- {id: b, description: x, dependencies: [a, a]}", 4, "items[1].dependencies[1]", "there twice", "once"),
    (A + "  dependencies: [b]\n- {id: b, description: x, dependencies: [a]}", 4, "items[0].dependencies[0]",
     "cycle of 2 items: a -> b -> a", "remove one"),
    # types and ranges
    (A + "  priority: 11", 4, "items[0].priority", "11 is out of range", "from 0 to 10"),
    (A + "  priority: -1", 4, "items[0].priority", "-1 is out of range", "from 0 to 10"),
    (A + "  priority: 1.5", 4, "items[0].priority", "1.5 is not a whole number", "write 2"),
    (A + "  priority: high", 4, "items[0].priority", 'found the text "high"', "write a whole number"),
    (A + "  priority: true", 4, "items[0].priority", "found the value true", "write a whole number"),
    (A + "  priority:", 4, "items[0].priority", "found nothing", "or remove the key"),
    (A + "  timeout: 0", 4, "items[0].timeout", "0 is out of range", "above 0, at most 86400"),
    (A + "  timeout: '30'", 4, "items[0].timeout", 'found the text "30"', "remove the quotes"),
    (A + "  timeout: .inf", 4, "items[0].timeout", '".inf" can be read', "plain digits"),
    (A + "  max_tokens: 0", 4, "items[0].max_tokens", "0 is out of range", "from 1 to 128000"),
    (A + "  max_tokens: " + "9" * 5000, 4, "items[0].max_tokens", "can be read", "plain digits"),
    (A + "  dependencies: b", 4, "items[0].dependencies", "expected a list of ids", "write a list"),
    (A + "  inputs: [b]", 4, "items[0].inputs", "expected a mapping", "write a mapping"),
    (A + "- b", 4, "items[1]", "expected a mapping of the keys of an item", "write a mapping"),
    ("items: [{id: a, description: ' '}]", 1, "items[0].description", "the text is empty", "write something"),
    ("items: [{id: a, description: " + "x" * 50_001 + "}]", 1, "items[0].description", "50001 characters", "at most"),
    ("- a", 1, "", "expected a mapping of the keys of a plan", "write a mapping"),
    ("items: 5", 1, "items", "expected a list of items", "write a list"),
    ("items: []", 1, "items", "the plan has no items", "add one"),
    # keys
    ("items: [{id: a, description: do}]\nmodle: local", 2, "modle", 'unknown key "modle"', 'did you mean "model"?'),
    (A + "  priorty: 3", 4, "items[0].priorty", 'unknown key "priorty"', 'did you mean "priority"?'),
    (A + "  depend: [b]", 4, "items[0].depend", 'unknown key "depend"', 'did you mean "dependencies"?'),
    (A + "  retries: [a]", 4, "items[0].retries", 'unknown key "retries"', 'did you mean "review"?'),
    (A + "  zzz: 3", 4, "items[0].zzz", 'unknown key "zzz"', "keys here are id, description, agent"),
    ("items: [{description: do}]", 1, "items[0]", "the key id is missing", "add id"),
    ("items: [{id: a}]", 1, "items[0]", "the key description is missing", "add description"),
    ("name: x", 1, "", "the key items is missing", "add items"),
    (A + "  priority: 1\n  priority: 2", 5, "items[0].priority", 'the key "priority" is there twice', "is on line 4"),
    ("items: [{id: a, description: do}]\nitems: []", 2, "items", 'the key "items" is there twice', "is on line 1"),
    (A + "  [x]: 2", 4, "items[0]", "a key is a list or mapping", "use a text"),
    # what this version does not enforce
    *[(A + f"  {key}: [x]", 4, f"items[0].{key}", f"{key} is not enforced by this version", "remove it")
      for key in ("files", "file_scope")],
    # reviews and people
    (A + "  review: [x]", 4, "items[0].review", "expected a mapping of the keys of a review", "write a mapping"),
    (A + "  review: {gates: [corectness]}", 4, "items[0].review.gates[0]", 'no gate "corectness"', "correctness"),
    (A + "  review: {gates: []}", 4, "items[0].review.gates", "there is no gate", "name one"),
    (A + "  review: {gates: [correctness, correctness]}", 4, "items[0].review.gates[0]", "is there twice", "once"),
    (A + "  review: {gates: [tests_passing]}", 4, "items[0].review.gates", "needs a command", "add tests"),
    (A + "  review: {tests: [pytest]}", 4, "items[0].review", "the command of the tests has no gate", "tests_passing"),
    (A + "  review: {max_attempts: 11}", 4, "items[0].review.max_attempts", "11 is out of range", "from 1 to 10"),
    (A + "  review: {on_exhausted: pray}", 4, "items[0].review.on_exhausted", 'no way out "pray"', "fail, accept, ask"),
    (A + "  agent: orchestrator\n  expand: true\n  review: {}", 6, "items[0].review", "not reviewed", "review those"),
    (A + "  approve: yes", 4, "items[0].approve", "yes can be read as", "true"),
    (A + "  approve: 1", 4, "items[0].approve", "expected true or false", "write true or false"),
    (A + "  requirements: [a, a]", 4, "items[0].requirements[1]", '"a" is there twice', "write it once"),
    (A + "  requirements: x", 4, "items[0].requirements", "expected a list of texts", "write a list"),
    (A + "  extract: true", 4, "items[0].extract", "extracted for a review, and there is none", "add review"),
    (A + "  extract: true\n  requirements: [a]", 4, "items[0].extract", "are there already", "remove extract"),
    (A + "budget: {usd: -2}", 4, "budget.usd", "-2 is out of range", "from 0 to"),
    (A + "  budget: {tokens: many}", 4, "items[0].budget.tokens", "expected a whole number", "write a whole number"),
    (A + "  agent: Reviewer", 4, "items[0].agent", 'no agent "Reviewer"', 'did you mean "reviewer"?'),
    (A + "  agent: exekutor", 4, "items[0].agent", 'no agent "exekutor"', 'did you mean "executor"?'),
    (A + "  agent: boss", 4, "items[0].agent", 'no agent "boss"', "agents are orchestrator, optimizer, executor"),
    # tools
    (A + "  tools: command", 4, "items[0].tools", "expected a list of capabilities", "write a list"),
    (A + "  tools: [file:read]", 4, "items[0].tools[0]", 'no capability "file:read"', 'did you mean "files:read"?'),
    (A + "  tools: [all]", 4, "items[0].tools[0]", 'no capability "all"', "memory:read, memory:write and mcp:"),
    (A + "  tools:\n  - command\n  - command", 6, "items[0].tools[1]", '"command" is there twice', "name it once"),
    (A + "  tools: ['mcp:']", 4, "items[0].tools[0]", '"mcp:" names no MCP server', "as in mcp:tickets"),
    (A + "  tools: [mcp:a__b]", 4, "items[0].tools[0]", "names no MCP server", "write mcp:"),
    (A + "  tools: [3]", 4, "items[0].tools[0]", "found the number 3", "put it in quotes"),
    # models
    (A + "  model: sripted", 4, "items[0].model", 'no model "sripted"', 'did you mean "scripted"?'),
    (A + "model: gpt-5", 4, "model", 'no model "gpt-5"', 'start with "claude-"'),
    (A + "model: claude-", 4, "model", 'no model "claude-"', 'start with "claude-"'),
    # ids
    *[(json.dumps({"items": [{"id": id_, "description": "do"}]}), 1, "items[0].id", said, "")
      for id_, said in [("a/b", 'the character "/"'), ("a\\b", "contains the character"), (".a", "starts with a dot"),
                        ("..", "starts with a dot"), (".", "starts with a dot"), ("a\n", '"\\n"'), ("a\x7f", '"\\x7f"'),
                        ("a\x1b[0m", '"\\x1b"'), ("a\u202e", '"\\u202e"'), (" a", "starts or ends with a space"),
                        ("a\u00a0b", '"\\xa0"'), ("x" * 241, "too long"), ("ä" * 121, "too long"), ("", "is empty"),
                        ("a\x00", "contains a NUL")]],
    (A + "  inputs: {a/b: {text: x}}", 4, 'items[0].inputs["a/b"]', 'the character "/"', "use letters"),
    # words that YAML reads in its own way
    ("items: [{id: 1, description: do}]", 1, "items[0].id", "found the number 1", 'put it in quotes: "1"'),
    ("items: [{id: 1.50, description: do}]", 1, "items[0].id", "the number 1.50", 'put it in quotes: "1.50"'),
    ("items: [{id: 1e3, description: do}]", 1, "items[0].id", "the number 1e3", 'put it in quotes: "1e3"'),
    ("items: [{id: yes, description: do}]", 1, "items[0].id", "yes can be read as a text", '"yes" in quotes'),
    ("items: [{id: true, description: do}]", 1, "items[0].id", "found the value true", 'put it in quotes: "true"'),
    ("items: [{id: ~, description: do}]", 1, "items[0].id", "found nothing", "write a text"),
    ("items: [{id: 2024-01-01, description: do}]", 1, "items[0].id", "or as a date", "put it in quotes"),
    ("items: [{id: 010, description: do}]", 1, "items[0].id", "as different numbers", "put it in quotes"),
    ("items: [{id: 1_0, description: do}]", 1, "items[0].id", "as different numbers", "put it in quotes"),
    ("items: [{id: 0x1f, description: do}]", 1, "items[0].id", "as different numbers", "put it in quotes"),
    (A + "  timeout: 1:30", 4, "items[0].timeout", "as different numbers", "plain digits"),
    (A + "  output: {properties: {no: {}}}", 4, "items[0].output.properties", "no can be read", "in quotes"),
    (A + "  output: {enum: [on]}", 4, "items[0].output.enum[0]", "on can be read as a text or as true", "in quotes"),
    (A + "  1: x", 4, "items[0]", "the key 1 is not a text", 'put it in quotes: "1"'),
    (A + "  <<: {priority: 3}", 4, "items[0]", "merge keys (<<) are not supported", "write the keys out"),
    (A + "  priority: !!int 3", 4, "items[0].priority", 'the tag "tag:yaml.org,2002:int" is not supported', "remove"),
    (A + "name: !!python/object/apply:os.system [x]", 4, "name", "python/object", "remove it"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "where", "message", "cure"), CASES)
def test_a_mistake_is_told_with_line_place_and_cure(
    tmp_path: Path, text: str, line: int, where: str, message: str, cure: str
) -> None:
    error = refused(tmp_path, text)
    found = error.mistakes[0]
    assert (found.line, found.where) == (line, where)
    assert message in found.message
    assert cure in found.cure
    assert str(error).startswith(f"{tmp_path}/plan.yaml:{line}: ")
    assert "\x1b" not in str(error)


@pytest.mark.parametrize("text", [case[0] for case in CASES if case[0].startswith("{")])
def test_json_is_judged_like_yaml(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text, "plan.json").mistakes == refused(tmp_path, text).mistakes


def test_what_stands_under_an_unknown_key_is_not_judged_by_one_that_it_hardly_resembles(tmp_path: Path) -> None:
    (only,) = refused(tmp_path, A + "  retries: [a]").mistakes
    assert only.where == "items[0].retries"


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = """\
nmae: x
model: sripted
budget: {usd: -2}
items:
  - id: summary-a
    description: Sum it
    dependencies: [sumary-b]
    priority: 11
  - id: summary-b
    description: 42
    inputs: {a: {file: /etc/passwd}, b: {file: ../x}, c: {file: none.md}}
    output: {type: strng}
  - id: c
    agent: revewer
    dependencies: [d]
  - id: d
    description: do
    dependencies: [c]
"""
    error = refused(tmp_path, text)
    assert [mistake.line for mistake in error.mistakes] == [1, 2, 3, 7, 8, 10, 11, 11, 11, 12, 13, 14, 15]
    assert f'{tmp_path}/plan.yaml:7: items[0].dependencies[0]: no item "sumary-b"; did you mean "summary-b"?' in str(
        error
    )
    assert len(str(error).splitlines()) == 13


def test_a_key_nearly_right_is_read_as_the_right_one(tmp_path: Path) -> None:
    error = refused(tmp_path, "items: [{id: a, descriptoin: do, priorty: 11}]")
    assert [mistake.where for mistake in error.mistakes] == [
        "items[0].descriptoin",
        "items[0].priorty",
        "items[0].priorty",
    ]


def test_a_bad_id_does_not_make_dependencies_on_it_mistakes(tmp_path: Path) -> None:
    text = "items: [{id: a/b, description: do}, {id: b, description: do, dependencies: [a/b]}]"
    assert only(refused(tmp_path, text)).where == "items[0].id"


def test_every_cycle_is_told_and_a_long_one_shortened(tmp_path: Path) -> None:
    ring = [{"id": f"r{n}", "description": "do", "dependencies": [f"r{(n + 1) % 40}"]} for n in range(40)]
    pair = [
        {"id": "x", "description": "do", "dependencies": ["y"]},
        {"id": "y", "description": "do", "dependencies": ["x"]},
    ]
    error = refused(tmp_path, json.dumps({"items": ring + pair}), "plan.json")
    first, second = error.mistakes
    assert first.message == "cycle of 40 items: r0 -> r1 -> r2 -> r3 -> r4 -> r5 -> r6 -> r7 -> ... -> r0"
    assert second.message == "cycle of 2 items: x -> y -> x"


def test_the_message_stays_short_and_the_mistakes_complete(tmp_path: Path) -> None:
    items = [{"id": f"i{n}", "description": "do", "priority": 11} for n in range(60)]
    error = refused(tmp_path, json.dumps({"items": items}), "plan.json")
    assert len(error.mistakes) == 60
    assert len(str(error).splitlines()) == 51
    assert str(error).endswith("... and 10 more")


def test_nobody_looks_further_after_a_thousand_mistakes(tmp_path: Path) -> None:
    items = [{"id": f"item-{n}", "description": "do", "dependencies": [f"itme-{n}"]} for n in range(9_000)]
    started = time.process_time()
    error = refused(tmp_path, json.dumps({"items": items}), "plan.json")
    assert time.process_time() - started < 15  # 1.3 s where this was written
    assert len(error.mistakes) == 1000
    assert str(error).endswith("... and 950 more (stopped looking after 1000)")
    assert error.mistakes[0].cure == 'did you mean "item-0"?'


def test_a_refusal_survives_pickling_and_becomes_json(tmp_path: Path) -> None:
    error = refused(tmp_path, A + "  priority: 11")
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, PlanRefused)
    assert (str(copy), copy.mistakes) == (str(error), error.mistakes)
    assert json.loads(json.dumps([dataclasses.asdict(mistake) for mistake in copy.mistakes])) == [
        {
            "line": 4,
            "where": "items[0].priority",
            "message": "11 is out of range",
            "cure": "write a whole number from 0 to 10",
        }
    ]


def test_a_line_of_the_message_is_one_line_whatever_the_plan_says(tmp_path: Path) -> None:
    evil = "x\x1b]0;title\x07\n\u2028\u202e" + "y" * 500
    error = refused(
        tmp_path, json.dumps({"items": [{"id": "a", "description": "d", evil: 1, "agent": evil}]}), "plan.json"
    )
    assert len(str(error).splitlines()) == 2
    assert all(character.isprintable() for character in str(error).replace("\n", ""))
    assert all(len(line) < 600 for line in str(error).splitlines())


CAPS = [
    (Caps(items=2), "items: [{}, {}, {}]", "3 items are too many", "at most 2"),
    (Caps(edges=1), A + "- {id: b, description: x}\n- {id: c, description: x, dependencies: [a, b]}",
     "too many dependencies in the plan", "at most 1"),
    (Caps(plan_bytes=20), A, "the plan is larger than 20 bytes", "move long texts to files"),
    (Caps(depth=3), A + "  output: {}", "the plan is nested too deeply", "at most 3"),
    (Caps(nodes=5), A, "the plan is too large", "split the plan"),
    (Caps(inputs_bytes=4), A + "  inputs: {x: {text: abcde}}", "larger than 4 bytes together", "shorten"),
]  # fmt: skip


@pytest.mark.parametrize(("caps", "text", "message", "cure"), CAPS)
def test_what_is_over_a_cap_is_refused(tmp_path: Path, caps: Caps, text: str, message: str, cure: str) -> None:
    found = only(refused(tmp_path, text, caps=caps))
    assert message in found.message
    assert cure in found.cure
