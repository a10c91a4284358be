"""A command that goes on without this terminal: in a session of its own, its output in a file."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import typer

from actors.errors import FleetError, HomeUnusable
from cluster.cli.text import one_line

LOG = "driver.log"

BEGIN_TIMEOUT_S = 120.0
"""Ray and the agents are up in seconds; on a machine that is busy with other things in a minute."""
END_TIMEOUT_S = 15.0
POLL_S = 0.1

TAIL_BYTES = 8192


def command(*arguments: str) -> list[str]:
    """This program with other arguments, run by the same interpreter in the same way."""
    safe_path = ["-P"] if sys.flags.safe_path else []
    return [sys.executable, *safe_path, "-m", "cluster", *arguments]


def detach(arguments: Sequence[str], log: Path, begun: Callable[[], bool]) -> int:
    """Start it and return its process id once it has begun; it outlives this process and its terminal.

    If it ends before, says why on standard error and raises typer.Exit with its exit code. Raises FleetError if it has
    not begun in time; then it is ended.
    """
    process = _start(arguments, log)
    try:
        _wait(process, log, begun)
    except BaseException:
        _end(process)
        raise
    process.returncode = 0  # it is not waited for: whoever adopts it does that
    return process.pid


def _start(arguments: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        log.touch(mode=0o600)
        with log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - this program itself
                arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
    except OSError as error:
        raise HomeUnusable(f"{log} cannot be written: {error.strerror}; name another home with --home") from None


def _wait(process: "subprocess.Popen[bytes]", log: Path, begun: Callable[[], bool]) -> None:
    deadline = time.monotonic() + BEGIN_TIMEOUT_S
    while True:
        ended = process.poll()  # asked first: what it did before its end is seen then
        if begun():
            return
        if ended is not None:
            typer.echo(one_line(_last_line(log)) or f"mnemosyne: it ended at once; its output is in {log}", err=True)
            raise typer.Exit(ended if ended >= 0 else 128 - ended)
        if time.monotonic() > deadline:
            raise FleetError(f"it did not begin within {BEGIN_TIMEOUT_S:g} s and was ended; its output is in {log}")
        time.sleep(POLL_S)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_TIMEOUT_S)
    process.kill()  # nothing if it has ended
    process.wait()


def _last_line(log: Path) -> str:
    with log.open("rb") as output:
        output.seek(max(output.seek(0, 2) - TAIL_BYTES, 0))
        lines = output.read().decode(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
