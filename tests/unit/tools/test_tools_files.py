"""The tools for files do what they say, within their caps."""

import os
from pathlib import Path

import pytest

from actors.errors import ToolFailed
from actors.tools import files, finding
from actors.tools.beneath import Beneath
from actors.tools.walk import Walk
from tests.support.workspaces import Workspace, workspace


@pytest.fixture
def here(tmp_path: Path) -> Workspace:
    return workspace(tmp_path)


def test_what_was_written_is_read(here: Workspace) -> None:
    assert here.call("write_file", path="src/deep/ä b.py", content="one\ntwo\n").text == (
        'wrote the new file "src/deep/ä b.py", 8 bytes'
    )
    told = here.call("read_file", path="./src//deep/ä b.py")
    assert not told.error
    assert told.text.startswith('"./src//deep/ä b.py", lines 1-2 of 2\n<data-')
    assert "\none\ntwo\n" in told.text


def test_a_file_comes_in_parts(here: Workspace) -> None:
    here.inside.joinpath("long").write_text("".join(f"line {n:06}\n" for n in range(1, 20_001)))
    told = here.call("read_file", path="long").text
    assert told.startswith('"long", lines 1-5461 of 20000; go on with from_line 5462')
    assert "line 005461\n" in told
    assert "line 005462\n" not in told
    told = here.call("read_file", path="long", from_line=19_999, lines=5).text
    assert told.startswith('"long", lines 19999-20000 of 20000\n')
    assert here.call("read_file", path="long", from_line=20_001).error


def test_a_line_that_is_too_long_is_said(here: Workspace) -> None:
    here.inside.joinpath("one").write_text("x" * (files.READ_BYTES + 1))
    assert "its first line is too long" in here.call("read_file", path="one").text


def test_lines_are_counted_by_newlines_alone(here: Workspace) -> None:
    here.inside.joinpath("odd").write_text("a\u2028b\x0cc\r\nd\n", newline="")
    assert here.call("read_file", path="odd").text.startswith('"odd", lines 1-2 of 2')


@pytest.mark.parametrize(
    ("content", "why"), [(b"a\0b", "NUL"), (b"x" * (files.FILE_BYTES + 1), "at most")], ids=["binary", "large"]
)
def test_what_is_no_text_or_too_long_is_refused(here: Workspace, content: bytes, why: str) -> None:
    here.inside.joinpath("file").write_bytes(content)
    told = here.call("read_file", path="file")
    assert told.error
    assert why in told.text


def test_a_sparse_file_costs_nothing(here: Workspace) -> None:
    with here.inside.joinpath("sparse").open("wb") as file:
        file.truncate(2**40)
    assert "at most" in here.call("read_file", path="sparse").text
    assert here.call("search_files", text="x").text == "0 lines"


def test_bytes_that_are_not_utf8_are_read_and_never_edited(here: Workspace) -> None:
    here.inside.joinpath("latin").write_bytes("fünf".encode("latin-1"))
    told = here.call("read_file", path="latin")
    assert "not UTF-8" in told.text
    assert "f\ufffdnf" in told.text
    assert here.call("edit_file", path="latin", old="nf", new="x").error
    assert here.inside.joinpath("latin").read_bytes() == "fünf".encode("latin-1")


def test_an_edit_needs_one_place(here: Workspace) -> None:
    here.inside.joinpath("a").write_text("x = 1\ny = 1\n")
    told = here.call("edit_file", path="a", old="= 1", new="= 2")
    assert told[:2] == ('`old` occurs 2 times; give more of the text around it ("a")', True)
    assert here.call("edit_file", path="a", old="z", new="x").error
    assert here.call("edit_file", path="a", old="y = 1", new="y = 2").text == 'edited "a", line 2'
    assert here.inside.joinpath("a").read_text() == "x = 1\ny = 2\n"


def test_an_edit_that_is_made_again_says_so(here: Workspace) -> None:
    here.inside.joinpath("a").write_text("x = 1\n")
    here.call("edit_file", path="a", old="x = 1", new="x = 2")
    told = here.call("edit_file", path="a", old="x = 1", new="x = 2")
    assert told.error
    assert "may have been replaced already" in told.text
    assert here.inside.joinpath("a").read_text() == "x = 2\n"


def test_a_file_that_changed_under_an_edit_is_left_alone(here: Workspace) -> None:
    file, beneath = here.inside / "a", Beneath(here.inside)
    file.write_text("x = 1\n")
    _, seen = files.read(beneath, "a")
    file.write_text("somebody else's\n")
    with pytest.raises(ToolFailed, match="changed by somebody else"):
        beneath.write("a", b"x = 2\n", seen)
    assert file.read_text() == "somebody else's\n"
    assert [path.name for path in here.inside.iterdir()] == ["a"]


def test_a_write_keeps_rights_and_leaves_nothing_beside(here: Workspace) -> None:
    script = here.inside / "run.sh"
    script.write_text("old")
    script.chmod(0o750)
    here.call("write_file", path="run.sh", content="new")
    assert (script.read_text(), script.stat().st_mode & 0o777) == ("new", 0o750)
    assert [path.name for path in here.inside.iterdir()] == ["run.sh"]


def test_a_write_that_fails_changes_nothing(here: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    here.inside.joinpath("a").write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    told = here.call("write_file", path="a", content="new")
    assert told[:2] == ('"a" cannot be written: the disk is full', True)
    assert [path.read_text() for path in here.inside.iterdir()] == ["old"]


@pytest.mark.parametrize("content", ["x" * (files.WRITE_BYTES + 1), "a\0b", "\ud800"], ids=["large", "nul", "half"])
def test_what_is_too_long_or_no_text_is_not_written(here: Workspace, content: str) -> None:
    assert here.call("write_file", path="a", content=content).error
    assert list(here.inside.iterdir()) == []


def test_files_are_listed_and_found(here: Workspace) -> None:
    for path, text in (("a.py", "import os\n"), ("src/b.py", "IMPORT re\n"), ("src/c.txt", "import\n")):
        here.inside.joinpath(path).parent.mkdir(exist_ok=True)
        here.inside.joinpath(path).write_text(text)
    assert "\na.py\t10\nsrc/\nsrc/b.py\t10\nsrc/c.txt\t7\n" in here.call("list_files").text
    assert "\nsrc/b.py\t10\nsrc/c.txt\t7\n" in here.call("list_files", path="src").text
    assert "\na.py\t10\nsrc/b.py\t10\n" in here.call("list_files", glob="*.py").text
    assert "\nsrc/b.py\t10\n" in here.call("list_files", glob="src/*.py").text
    assert "\na.py:1: import os\nsrc/c.txt:1: import\n" in here.call("search_files", text="import").text
    assert "\nsrc/b.py:1: IMPORT re\n" in here.call("search_files", text="import re", ignore_case=True).text
    assert here.call("search_files", text=".*").text == "0 lines"


def test_lists_end(here: Workspace) -> None:
    for number in range(finding.LISTED + 100):
        here.inside.joinpath(f"{number:04}").write_text("same\n" * 2)
    told = here.call("list_files").text
    assert told.startswith("500 entries; there are more")
    assert "\n0499\t" in told
    assert "\n0500\t" not in told
    assert here.call("search_files", text="same").text.startswith("100 lines; there are more")


@pytest.mark.parametrize(
    ("limits", "why"), [((50, 10.0), "only the first 50 entries were looked at"), ((50, -1.0), "stopped after -1 s")]
)
def test_a_walk_ends(here: Workspace, limits: tuple[int, float], why: str) -> None:
    for number in range(60):
        here.inside.joinpath(f"{number:02}").mkdir()
    walk = Walk(Beneath(here.inside), (), *limits)
    assert len(list(walk)) <= 50
    assert walk.cut == why


def test_unfinished_files_are_shown_to_nobody(here: Workspace) -> None:
    here.inside.joinpath(".mnemosyne-0123").write_text("half of it")
    assert here.call("list_files").text == "0 entries"
    assert here.call("search_files", text="half").text == "0 lines"
    assert here.call("read_file", path=".mnemosyne-0123").error


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("read_file", {}),
        ("read_file", {"path": 1}),
        ("read_file", {"path": "a", "other": 1}),
        ("read_file", {"path": "a", "from_line": 0}),
        ("edit_file", {"path": "a", "old": "", "new": "b"}),
        ("write_file", {"path": "a"}),
        ("run_command", {"command": "true"}),
    ],
)
def test_wrong_calls_are_results(here: Workspace, tool: str, arguments: dict[str, object]) -> None:
    assert here.call(tool, **arguments).error
