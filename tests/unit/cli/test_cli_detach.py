"""A command that goes on by itself: seen off once it has begun, or told why it did not."""

import os
import signal
import sys
from pathlib import Path

import pytest
import typer

from actors.errors import HomeUnusable
from cluster.cli.detach import command, detach


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def refused(arguments: list[str], log: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(typer.Exit) as caught:
        detach(arguments, log, lambda: False)
    return caught.value.exit_code, capsys.readouterr().err


def test_it_goes_on_in_a_session_of_its_own(tmp_path: Path) -> None:
    begun, log = tmp_path / "begun", tmp_path / "runs" / "r" / "driver.log"
    code = f"import os, sys, time; print('hello', flush=True); open({str(begun)!r}, 'w'); time.sleep(60)"
    pid = detach(python(code), log, begun.exists)
    try:
        assert os.getsid(pid) == os.getpgid(pid) == pid
        assert os.getsid(pid) != os.getsid(0)
        assert Path(f"/proc/{pid}/fd/0").readlink() == Path(os.devnull)
        assert log.read_text() == "hello\n"
        assert log.stat().st_mode & 0o077 == log.parent.stat().st_mode & 0o077 == 0
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.mark.parametrize(
    ("code", "exit_code", "told"),
    [
        ("import sys; print('one\\n'); sys.exit('mnemosyne: why not\\n')", 1, "mnemosyne: why not"),
        ("import sys; sys.exit(4)", 4, "its output is in"),
        ("print('bad \\x1b[2J\\n  ')", 0, "bad \\x1b[2J"),
        ("import os, signal; print('x', flush=True); os.kill(os.getpid(), signal.SIGKILL)", 137, "x"),
        ("import sys; sys.stdout.buffer.write(b'\\xff\\xfe' * 9000)", 0, "\ufffd"),
    ],
)
def test_one_that_ends_before_it_began_says_why(
    code: str, exit_code: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, err = refused(python(code), tmp_path / "driver.log", capsys)
    assert found == exit_code
    assert told in err
    assert err.count("\n") == 1


def test_one_that_begins_and_ends_at_once_has_begun(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    pid = detach(python(f"open({str(begun)!r}, 'w')"), tmp_path / "driver.log", begun.exists)
    assert pid > 0


def test_an_interrupted_wait_leaves_no_process_behind(tmp_path: Path) -> None:
    pids: list[int] = []

    def interrupted() -> bool:
        pids.extend(int(line) for line in (tmp_path / "driver.log").read_text().split())
        if pids:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        detach(
            python("import os, time; print(os.getpid(), flush=True); time.sleep(60)"),
            tmp_path / "driver.log",
            interrupted,
        )
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_a_log_that_cannot_be_written_is_refused_and_nothing_is_started(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(HomeUnusable, match="--home"):
        detach(python("open('started', 'w')"), tmp_path / "runs" / "r" / "driver.log", lambda: True)


def test_the_same_program_is_called_in_the_same_way() -> None:
    assert command("run", "x")[-4:] == ["-m", "cluster", "run", "x"]
    assert ("-P" in command()) == bool(sys.flags.safe_path)
