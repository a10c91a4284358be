"""The files that a plan gives its run's workspace: all of a folder inside the plan's, or no plan; put there once."""

import os
from pathlib import Path

import pytest

from actors.errors import PlanRefused, ToolsUnavailable
from actors.settings import Settings
from actors.stores.memory import MemoryStore
from actors.tools.granted import Granted
from actors.tools.workspace import Given, fill, packed, unpacked, workspace_of
from actors.work import Content, Item, Task
from cluster.plan import Caps, Plan, load
from tests.support.fakes import accepted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("secret")
    package = tmp_path / "plans" / "package"
    (package / "sub").mkdir(parents=True)
    (package / "a.py").write_text("a = 1\n")
    (package / "sub" / "run.sh").write_text("#!/bin/sh\n")
    (package / "sub" / "run.sh").chmod(0o755)
    (package / "icon").write_bytes(b"\xff\x00")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "a.pyc").write_bytes(b"x")
    return tmp_path / "plans"


def plan(folder: Path, files: str = "package", caps: Caps = Caps(), tools: str = "[files:read]") -> Plan:  # noqa: B008
    items = f"[{{id: a, description: do, tools: {tools}}}, {{id: b, description: tell}}]"
    (folder / "plan.yaml").write_text(f"workspace: {{files: {files}}}\nitems: {items}\n")
    return load(folder / "plan.yaml", caps)


def told(folder: Path, files: str = "package", caps: Caps = Caps(), tools: str = "[files:read]") -> list[str]:  # noqa: B008
    with pytest.raises(PlanRefused) as caught:
        plan(folder, files, caps, tools)
    return [mistake.message for mistake in caught.value.mistakes]


def test_its_files_are_read_with_the_plan_for_the_items_that_see_them(folder: Path) -> None:
    made = plan(folder)
    given = made.graph.by_id["a"].workspace
    assert given is not None
    files = unpacked(made.payloads[given.ref or ""])
    assert {path: (file.content, file.executable) for path, file in files.items()} == {
        "a.py": (b"a = 1\n", False),
        "icon": (b"\xff\x00", False),
        "sub/run.sh": (b"#!/bin/sh\n", True),
    }
    assert made.graph.by_id["b"].workspace is None


def test_they_are_part_of_the_digest_by_what_they_hold(folder: Path) -> None:
    first = plan(folder).digest
    (folder / "package").rename(folder / "moved")
    assert plan(folder, "moved").digest == first
    (folder / "moved" / "a.py").write_text("a = 2\n")
    assert plan(folder, "moved").digest != first


@pytest.mark.parametrize("files", ["..", "/etc", "out", "package/../.."])
def test_no_folder_outside_is_taken(folder: Path, files: str) -> None:
    (folder / "out").symlink_to(folder.parent)
    assert ["outside the plan's folder" in one for one in told(folder, files)] == [True]


def test_every_file_that_cannot_be_taken_is_told(folder: Path) -> None:
    package = folder / "package"
    (package / "link").symlink_to("a.py")
    (package / "sub" / "way").symlink_to(folder.parent)
    os.mkfifo(package / "pipe")
    (package / "new\nline").write_text("x")
    found = "\n".join(told(folder))
    assert '"link" is a symbolic link' in found
    assert '"sub/way" is a symbolic link' in found
    assert '"pipe" is no regular file' in found
    assert "characters that nobody can see" in found
    assert len(told(folder)) == 4


def test_too_many_and_too_much_are_refused_at_the_cap_exactly(folder: Path) -> None:
    assert plan(folder, caps=Caps(workspace_files=4, workspace_bytes=18))
    assert ["too many" in one for one in told(folder, caps=Caps(workspace_files=3))] == [True]
    assert ["too large" in one for one in told(folder, caps=Caps(workspace_bytes=17))] == [True]


@pytest.mark.parametrize(("files", "why"), [("nowhere", "no such file"), ("package/a.py", "is no folder")])
def test_what_is_no_folder_is_a_mistake(folder: Path, files: str, why: str) -> None:
    assert [why in one for one in told(folder, files)] == [True]


def test_files_that_no_item_would_see_are_a_mistake(folder: Path) -> None:
    assert told(folder, tools="[]") == ["no item would see these files"]


def task(ref: str) -> Task:
    item = Item(id="a", description="do", tools=("files:read",), workspace=Content(ref=ref))
    return Task(run="r", item=item, epoch=1, attempt=1, model="scripted")


async def test_they_are_there_before_the_first_item_and_not_put_there_again(folder: Path, tmp_path: Path) -> None:
    made = plan(folder)
    given = made.graph.by_id["a"].workspace
    store = MemoryStore()
    await accepted(store, *made.graph.items, payloads=made.payloads)
    granted, home = Granted(Settings(home=tmp_path), store), workspace_of(tmp_path, "r")
    async with granted(task((given and given.ref) or "")) as toolbox:
        assert "a = 1" in (await toolbox.call("read_file", {"path": "a.py"}, "k")).text
    assert os.access(home / "sub" / "run.sh", os.X_OK)
    (home / "a.py").write_text("changed")
    (home / "icon").unlink()
    async with granted(task((given and given.ref) or "")):
        pass
    assert ((home / "a.py").read_text(), (home / "icon").exists()) == ("changed", False)


def test_what_a_killed_process_left_is_not_taken_for_whole(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "workspace"
    half = folder.with_name(".workspace.new")
    half.mkdir(parents=True)
    (half / "half.py").write_text("ha")
    fill(folder, {"whole.py": Given(text="whole")})
    assert {path.name for path in folder.iterdir()} == {"whole.py"}
    assert not half.exists()


async def test_files_that_would_lead_out_are_not_written_whoever_stored_them(tmp_path: Path) -> None:
    store = MemoryStore()
    text = packed({"../../out.py": Given(text="x" * 5000)})
    ref = "0" * 64
    await accepted(store, task(ref).item, payloads={ref: text})
    with pytest.raises(ToolsUnavailable, match=r"has \"\.\.\" in it"):
        async with Granted(Settings(home=tmp_path), store)(task(ref)):
            pass
    assert not (tmp_path / "runs" / "out.py").exists()
    assert not workspace_of(tmp_path, "r").exists()
