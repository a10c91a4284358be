"""Inputs of a plan: read once, only from the plan's folder, only text, within the caps."""

import json
import os
import stat
from pathlib import Path

import pytest

from actors.errors import Mistake, PlanRefused
from actors.work import Content
from cluster.plan import Caps, Plan, load
from cluster.plan.source import open_inside, read_regular


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plan's folder with a file, beside a file that is nobody's business."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "plans" / "sub").mkdir(parents=True)
    (tmp_path / "plans" / "sub" / "a.md").write_text("inside")
    return tmp_path / "plans"


def plan(folder: Path, *inputs: str, caps: Caps = Caps()) -> Plan:  # noqa: B008
    """Loads a plan whose items have one input each."""
    lines = [f"- {{id: i{n}, description: do, inputs: {{x: {entry}}}}}" for n, entry in enumerate(inputs)]
    path = folder / "plan.yaml"
    path.write_text("\n".join(["items:", *lines]))
    return load(path, caps)


def read(folder: Path, file: str) -> Content:
    return plan(folder, f"{{file: {file}}}").graph.items[0].inputs["x"]


def mistakes(folder: Path, *inputs: str, caps: Caps = Caps()) -> tuple[Mistake, ...]:  # noqa: B008
    with pytest.raises(PlanRefused) as caught:
        plan(folder, *inputs, caps=caps)
    assert "secret" not in str(caught.value).replace("secret.txt", "")
    return caught.value.mistakes


@pytest.mark.parametrize("file", ["sub/a.md", "./sub/a.md", "sub/../sub/a.md", "sub//a.md"])
def test_a_file_inside_is_read(folder: Path, file: str) -> None:
    assert read(folder, file) == Content(text="inside")


def test_a_link_that_stays_inside_is_followed(folder: Path) -> None:
    (folder / "link.md").symlink_to("sub/a.md")
    (folder / "dir").symlink_to(folder / "sub")
    assert read(folder, "link.md") == read(folder, "dir/a.md") == Content(text="inside")


def test_a_plan_reached_through_a_linked_folder_reads_its_files(folder: Path) -> None:
    (folder.parent / "linked").symlink_to(folder)
    assert read(folder.parent / "linked", "sub/a.md") == Content(text="inside")


@pytest.mark.parametrize(
    "file", ["../secret.txt", "sub/../../secret.txt", "/etc/passwd", "out.md", "outdir/secret.txt", "away/none", ".."]
)
def test_nothing_outside_is_read(folder: Path, file: str) -> None:
    (folder / "out.md").symlink_to("../secret.txt")
    (folder / "outdir").symlink_to("..")
    (folder / "away").symlink_to("/nowhere")
    (found,) = mistakes(folder, f"{{file: {file}}}")
    assert found.message == f'"{file}" is outside the plan\'s folder or an absolute path'
    assert (found.line, found.where) == (2, "items[0].inputs.x.file")


def test_an_absolute_path_is_refused_even_inside_and_after_a_good_one(folder: Path) -> None:
    (found,) = mistakes(folder, "{file: sub/a.md}", f"{{file: {folder}/sub/a.md}}", "{file: sub/a.md}")
    assert (found.line, found.cure) == (3, "copy the file into it, or write the path from there")


def test_a_folder_whose_name_only_begins_alike_is_outside(folder: Path) -> None:
    folder.with_name("plans-of-others").mkdir()
    folder.with_name("plans-of-others").joinpath("a.md").write_text("secret")
    (found,) = mistakes(folder, "{file: ../plans-of-others/a.md}")
    assert "outside the plan's folder" in found.message


def test_a_folder_swapped_for_a_link_after_the_check_leads_nowhere(folder: Path) -> None:
    checked = folder / "sub" / "a.md"
    (folder / "sub").rename(folder / "old")
    (folder / "sub").symlink_to(folder.parent)
    (folder.parent / "a.md").write_text("secret")
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        open_inside(folder, checked)
    (folder / "sub").unlink()
    (folder / "sub").mkdir()
    checked.symlink_to(folder.parent / "a.md")
    with pytest.raises(OSError, match="Too many levels"):
        open_inside(folder, checked)


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_no_descriptor_stays_open(folder: Path) -> None:
    before = descriptors()
    read(folder, "sub/a.md")
    mistakes(folder, "{file: sub}", "{file: sub/none}", "{file: sub/a.md/x}")
    assert descriptors() == before


def test_a_missing_file_names_the_nearest(folder: Path) -> None:
    first, second = mistakes(folder, "{file: sub/b.md}", "{file: zzzzzz/qqqqq}")
    assert (first.message, first.cure) == ('no file "sub/b.md"', 'did you mean "sub/a.md"?')
    assert (second.message, second.cure) == ('no file "zzzzzz/qqqqq"', "check the path; it starts at the plan's folder")


def test_a_file_that_several_items_name_is_judged_and_counted_once(folder: Path) -> None:
    (folder / "big.txt").write_text("x" * 60)
    plan(folder, *["{file: big.txt}"] * 5, caps=Caps(inputs_bytes=100))
    first, second = mistakes(folder, "{file: none.txt}", "{file: none.txt}")
    assert "no file" in first.message
    assert second.cure == "see the first place that names it"


@pytest.mark.parametrize(
    ("content", "message", "cure"),
    [
        (b"one\ntwo \xff", '"odd.bin" is not UTF-8 (its line 2)', "save it as UTF-8"),
        (b"a\x00b", "it contains the character NUL", "name a text file"),
        (b"x" * 101, '"odd.bin" is larger than 100 bytes', "split it"),
    ],
)
def test_what_is_no_text_of_a_fair_size_is_refused(folder: Path, content: bytes, message: str, cure: str) -> None:
    (folder / "odd.bin").write_bytes(content)
    (found,) = mistakes(folder, "{file: odd.bin}", caps=Caps(input_bytes=100))
    assert message in found.message
    assert cure in found.cure


def test_too_much_together_is_one_mistake(folder: Path) -> None:
    for name in "abc":
        (folder / name).write_text(name * 60)
    (found,) = mistakes(folder, "{file: a}", "{file: b}", "{file: c}", "{text: d}", caps=Caps(inputs_bytes=100))
    assert (found.line, found.message) == (3, "the inputs are larger than 100 bytes together")


def test_a_file_as_large_as_allowed_is_read_whole(folder: Path) -> None:
    (folder / "a").write_bytes("ä".encode() * 50)
    got = plan(folder, "{file: a}", caps=Caps(input_bytes=100, inputs_bytes=100)).graph.items[0]
    assert got.inputs["x"] == Content(text="ä" * 50)


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "."])
def test_what_is_no_regular_file_is_refused_without_waiting(folder: Path, kind: str) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    os.mknod(folder / "socket", stat.S_IFSOCK | 0o600)
    (found,) = mistakes(folder, f"{{file: {kind}}}")
    assert "is not a regular file" in found.message or "cannot be read: no such device" in found.message


@pytest.mark.parametrize("file", ["x" * 300, "loop", "sub/a.md/b", "\udc80"])
def test_a_path_that_cannot_be_opened_is_a_mistake(folder: Path, file: str) -> None:
    (folder / "loop").symlink_to("loop")
    path = folder / "plan.json"
    item = {"id": "a", "description": "do", "inputs": {"x": {"file": file}}}
    path.write_text(json.dumps({"items": [item]}))
    with pytest.raises(PlanRefused, match=r"cannot be read|surrogate") as caught:
        load(path)
    assert len(caught.value.mistakes) == 1


@pytest.mark.parametrize(
    ("entry", "message", "cure"),
    [
        ("sub/a.md", 'found the text "sub/a.md"', 'write a mapping of {file: path} or {text: "..."}'),
        ("{}", "the input is empty", "write {file: path}"),
        ("{file: sub/a.md, text: x}", "has both file and text", "keep one"),
        ("{flie: sub/a.md}", 'unknown key "flie"', 'did you mean "file"?'),
        ("{url: x}", 'unknown key "url"', "an input has the key file or text"),
        ("{file: 3}", "found the number 3", 'put it in quotes: "3"'),
        ("{text: ''}", "the text is empty", "write something"),
    ],
)
def test_an_input_says_exactly_one_thing(folder: Path, entry: str, message: str, cure: str) -> None:
    (found,) = mistakes(folder, entry)
    assert message in found.message
    assert cure in found.cure


def test_a_byte_order_mark_is_no_part_of_the_text_and_line_ends_are(folder: Path) -> None:
    (folder / "a").write_bytes("\ufeffone\r\ntwo".encode())
    assert read(folder, "a") == Content(text="one\r\ntwo")


def test_an_empty_file_is_an_input(folder: Path) -> None:
    (folder / "a").touch()
    assert read(folder, "a") == Content(text="")


def test_a_file_that_grows_while_it_is_read_stays_within_the_cap(folder: Path) -> None:
    descriptor = open_inside(folder, folder / "sub" / "a.md")
    (folder / "sub" / "a.md").write_text("inside" * 1000)
    assert read_regular(descriptor, 10) == b"insideinsid"
