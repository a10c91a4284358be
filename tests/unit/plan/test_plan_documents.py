"""Documents that are no plan at all: what cannot be opened, read, decoded or parsed safely."""

import os
import time
from pathlib import Path

import pytest

from actors.errors import Mistake, PlanRefused
from cluster.plan import load

A = "items:\n- id: a\n  description: do\n"
"""A good plan of three lines; what is put behind it is on line 4."""


def refused(folder: Path, text: str | bytes, name: str = "plan.yaml") -> PlanRefused:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PlanRefused) as caught:
        load(path)
    return caught.value


def only(error: PlanRefused) -> Mistake:
    (mistake,) = error.mistakes
    return mistake


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{after}: &{after} [{','.join(['*' + before] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[" * 100_000, 1, "nested too deeply"),
        ("{a: " * 100_000, 1, "nested too deeply"),
        ("- " * 100_000, 1, "nested too deeply"),
        ("".join(" " * n + "a:\n" for n in range(40)), 33, "nested too deeply"),
        (BOMB, 7, "the plan is too large"),
        ("a: &a " + "x" * 1_000_000 + "\nb: [" + ",".join(["*a"] * 50) + "]", 2, "the plan is too large"),
        ("a: &a [*a]", 1, 'the alias "*a" stands for nothing'),
        ("a: *b", 1, 'the alias "*b" stands for nothing'),
        (
            "x: &a " + "[" * 20 + "]" * 20 + "\ny: " + "[" * 20 + "*a" + "]" * 20,
            2,
            "the alias nests the plan too deeply",
        ),
        (A + "---\n" + A, 4, "several YAML documents"),
        (A + "  a: b: c", 4, "this is not YAML"),
        (A + "\tpriority: 3", 4, "this is not YAML"),
        (A + "  x: 'a\u2028b'\n  y: b: c", 5, "this is not YAML"),
        ("items:\n- id: a\n  description: 'a\u2028b'\n  <<: c", 4, "merge keys"),
        (A + "  x: 'unfinished", 4, "this is not YAML"),
        (A + "  x: @home", 4, "this is not YAML"),
        (A + "# \x00", 4, "YAML does not allow the character U+0000"),
        (A + "# \x1b[31m", 4, "YAML does not allow the character U+001B"),
        (b"items:\n- \xff", 2, "the plan is not UTF-8 (byte 0xff)"),
        (A.encode("utf-16"), 1, "the plan is not UTF-8"),
        (b"items:\n- \xed\xa0\x80", 2, "the plan is not UTF-8"),
    ],
)
def test_what_is_no_safe_yaml_is_refused_with_its_line(
    tmp_path: Path, text: str | bytes, line: int, message: str
) -> None:
    started = time.process_time()
    found = refused(tmp_path, text).mistakes[0]
    assert found.line == line
    assert message in found.message
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{"items": [\n{"id": "a",}]}', 2, 'unexpected "}"'),
        ('{"items": [\n1,]}', 2, 'unexpected "]"'),
        ('{"items"\n 5}', 2, 'unexpected "5"'),
        ('{"items": 5\n} {', 2, 'unexpected "{"'),
        ('{"items": [1\n\n', 3, "the file ends too early"),
        ("{'items': 1}", 1, "unexpected \"'items': 1}\""),
        ('{"items": "a\n', 1, 'unexpected "\\"a"'),
        ('{"items": // no\n 1}', 1, 'unexpected "// no"'),
        ('{"items": NaN}', 1, 'unexpected "NaN}"'),
        ('{"items": 01}', 1, 'unexpected "01}"'),
        ('{"items": "\\x"}', 1, "Invalid \\escape"),
        ("[" * 100_000, 1, "nested too deeply"),
        ('{"a":' * 100_000, 1, "nested too deeply"),
        ('{"items": [{"id": "a",\n"id": "b", "description": "do"}]}', 2, 'the key "id" is there twice'),
        ('{"items": [{"id": "a", "description": "\\ud800"}]}', 1, "half of a surrogate pair"),
        ('{"items": [{"id": "a", "description": "x",\n"timeout": 1e999}]}', 2, "too large or too exact"),
        (
            '{"items": [{"id": "a", "description": "x",\n"priority": 99999999999999999999}]}',
            2,
            "too large or too exact",
        ),
    ],
)
def test_what_is_no_safe_json_is_refused_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    found = refused(tmp_path, text, "plan.json").mistakes[0]
    assert found.line == line
    assert message in found.message


@pytest.mark.parametrize(
    ("name", "text"), [("p.yaml", ""), ("p.yaml", "# nothing\n"), ("p.json", " \n"), ("p.yaml", "\ufeff")]
)
def test_an_empty_plan_is_refused_with_an_example(tmp_path: Path, name: str, text: str) -> None:
    found = only(refused(tmp_path, text, name))
    assert found.message == "the plan is empty"
    assert "items: [{id: first" in found.cure


def test_a_missing_plan_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(A)
    with pytest.raises(PlanRefused, match=r'plna.yaml: there is no such file; did you mean "plan.yaml"\?'):
        load(tmp_path / "plna.yaml")
    with pytest.raises(PlanRefused, match="there is no such file"):
        load(tmp_path / "nowhere" / "plan.yaml")


def test_a_folder_names_the_plan_in_it(tmp_path: Path) -> None:
    with pytest.raises(PlanRefused, match=r"the plan is a folder; name the file in it$"):
        load(tmp_path)
    (tmp_path / "plan.yaml").write_text(A)
    with pytest.raises(PlanRefused, match=r'the plan is a folder; name the file in it: "plan\.yaml"$'):
        load(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "plan.yaml")
    with pytest.raises(PlanRefused, match="not a regular file"):
        load(tmp_path / "plan.yaml")


@pytest.mark.parametrize("name", ["x" * 5000, "a\x00b", "loop", "plan.yaml/below"])
def test_a_path_that_cannot_be_opened_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "plan.yaml").write_text(A)
    with pytest.raises(PlanRefused, match="the plan cannot be read"):
        load(tmp_path / name)
