"""No path leads out of the workspace: not by its name, not by what lies there, not by who is faster."""

import ctypes
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import ToolFailed
from actors.tools.beneath import DEPTH, Beneath, parts_of
from actors.tools.tool import ToolResult
from tests.support.workspaces import SECRET, Workspace, workspace


@pytest.fixture
def here(tmp_path: Path) -> Workspace:
    return workspace(tmp_path)


def harmless(here: Workspace, path: str) -> None:
    """No tool shows the secret or changes the outside through this path."""
    for tool, more in (
        ("read_file", {}),
        ("write_file", {"content": "overwritten"}),
        ("edit_file", {"old": "secret", "new": "x"}),
        ("list_files", {}),
        ("search_files", {"text": "secret"}),
    ):
        told = here.call(tool, path=path, **more)
        assert SECRET not in told.text, tool
        assert here.outside.joinpath("secret.txt").read_text() == SECRET, tool
        assert [file.name for file in here.outside.iterdir()] == ["secret.txt"], tool


@pytest.mark.parametrize(
    "path",
    [
        "../outside/secret.txt",
        "a/../../outside/secret.txt",
        "..",
        "/etc/passwd",
        "//etc/passwd",
        "/proc/self/root/etc/passwd",
        "~/secret.txt",
        "a\0b",
        "a\nb",
        "\ud800",
        "\u202etxt.terces",
        "x" * 256,
        "ä" * 128,
        "d/" * 2000,
        "d/" * (DEPTH + 1) + "f",
        "",
        ".",
        "./",
    ],
)
def test_names_that_lead_out(here: Workspace, path: str) -> None:
    harmless(here, path)
    if path != "~/secret.txt":
        assert here.call("write_file", path=path, content="x").error
    assert here.call("read_file", path=path).error is (path != "~/secret.txt")


@pytest.mark.parametrize("path", ["link", "link/secret.txt", "folder/link/secret.txt", "file"])
def test_symbolic_links(here: Workspace, path: str) -> None:
    (here.inside / "folder").mkdir()
    (here.inside / "link").symlink_to(here.outside)
    (here.inside / "folder" / "link").symlink_to("../../outside")
    (here.inside / "file").symlink_to(here.outside / "secret.txt")
    assert here.call("read_file", path=path).error
    harmless(here, path)


def test_links_within_the_workspace_are_not_followed_either(here: Workspace) -> None:
    (here.inside / "real").write_text("here")
    (here.inside / "link").symlink_to("real")
    assert here.call("read_file", path="link")[:2] == ('"link" is a symbolic link, and those are not followed', True)


@pytest.mark.parametrize("target", ["/proc/self/root", "/proc/self/cwd", "/dev/fd", "/"])
def test_links_into_proc(here: Workspace, target: str) -> None:
    (here.inside / "root").symlink_to(target)
    for path in ("root", "root/etc/passwd"):
        assert here.call("read_file", path=path).error
        assert here.call("write_file", path=path, content="x").error


def test_hard_links(here: Workspace) -> None:
    os.link(here.outside / "secret.txt", here.inside / "mine")
    assert here.call("read_file", path="mine").error
    assert here.call("edit_file", path="mine", old="secret", new="x").error
    assert here.call("search_files", text="secret").text == "0 lines"
    assert here.call("write_file", path="mine", content="replaced").error is False
    assert here.outside.joinpath("secret.txt").read_text() == SECRET


def test_a_workspace_that_is_a_link(tmp_path: Path, here: Workspace) -> None:
    shutil.rmtree(here.inside)
    here.inside.symlink_to(here.outside)
    harmless(here, "secret.txt")
    assert here.call("read_file", path="secret.txt").error


@pytest.mark.timeout(20)
def test_pipes_sockets_and_devices_are_left_alone(here: Workspace) -> None:
    os.mkfifo(here.inside / "pipe")
    (here.inside / "zero").symlink_to("/dev/zero")
    if os.geteuid() == 0:
        os.mknod(here.inside / "device", 0o666 | 0o020000, os.makedev(1, 5))
    for name in [path.name for path in here.inside.iterdir()]:
        assert here.call("read_file", path=name).error
        assert here.call("write_file", path=name, content="x").error
        assert here.call("edit_file", path=name, old="x", new="y").error
    assert here.call("search_files", text="x").text == "0 lines"
    assert "pipe\tno regular file" in here.call("list_files").text


@pytest.mark.skipif(not Path("/proc/self/mounts").exists(), reason="only where a file system is mounted below")
def test_another_file_system_is_not_entered() -> None:
    root = Path("/")
    mounted = next(path for path in ("proc", "sys", "dev") if (root / path).stat().st_dev != root.stat().st_dev)
    with pytest.raises(ToolFailed, match="another file system"), Beneath(root).folder((mounted,)):
        pass


@given(st.text(max_size=60) | st.lists(st.sampled_from(["..", ".", "", "a", "/", "ä", "\0"])).map("/".join))
def test_every_path_is_refused_or_goes_down(path: str) -> None:
    try:
        parts = parts_of(path)
    except ToolFailed:
        return
    assert all(part and part not in (".", "..") and "/" not in part and part.isprintable() for part in parts)
    assert not path.startswith("/")


class Swapper(threading.Thread):
    """Somebody who makes a folder a link to the outside and back, as fast as possible, each time in one step."""

    EXCHANGE = 2

    def __init__(self, folder: Path, outside: Path) -> None:
        super().__init__(daemon=True)
        link = folder.with_name("link")
        link.symlink_to(outside)
        self._names, self._libc = (os.fsencode(folder), os.fsencode(link)), ctypes.CDLL(None, use_errno=True)
        self._over = threading.Event()

    def run(self) -> None:
        one, other = self._names
        while not self._over.is_set():
            assert self._libc.renameat2(-100, one, -100, other, self.EXCHANGE) == 0

    def end(self) -> None:
        self._over.set()
        self.join()


def test_a_folder_that_becomes_a_link_between_check_and_use(here: Workspace) -> None:
    folder = here.inside / "folder"
    folder.mkdir()
    (folder / "secret.txt").write_text("what is inside")
    swapper = Swapper(folder, here.outside)
    swapper.start()
    told = until_both(lambda: here.call("read_file", path="folder/secret.txt"), lambda result: result.error)
    found = until_both(lambda: here.call("search_files", text="side"), lambda result: result.text == "0 lines")
    names = iter(range(10**9))
    written = until_both(
        lambda: here.call("write_file", path=f"folder/{next(names)}.txt", content="x"), lambda result: result.error
    )
    swapper.end()
    assert written
    assert not any(SECRET in result.text for result in (*told, *found))
    assert [path.name for path in here.outside.iterdir()] == ["secret.txt"]
    assert here.outside.joinpath("secret.txt").read_text() == SECRET


def until_both(call: Callable[[], ToolResult], swapped: Callable[[ToolResult], bool]) -> list[ToolResult]:
    """At least 50 results, and more until some of them fell into a swap and some did not."""
    results: list[ToolResult] = []
    while len(results) < 50 or len({swapped(result) for result in results}) < 2:
        results.append(call())
    return results
