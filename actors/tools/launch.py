"""Commands in a launcher: an agent's side of it."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from actors.tools.launcher import main; main(sys.argv[2])"
SEARCHED = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/nix", "/proc", "/sys/devices/system")
NAMES = ("/run/systemd/resolve", "/run/resolvconf")
"""Where /etc/resolv.conf may lead."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
END_S = 6.0
"""Longer than the launcher takes to end everything."""


@dataclass(frozen=True)
class Confines:
    """What a command may touch and use."""

    folder: Path
    """Its working directory and home."""
    private: Path
    """Never readable but for `folder`, even if a path that is readable leads to it."""
    readable: tuple[str, ...] = ()
    """Beside the system's programs and libraries."""
    writable: tuple[str, ...] = ()
    """Beside `folder` and a temporary folder of its own."""
    open: bool = False
    """Whether it may touch all that its user may."""
    limits: Mapping[str, int] = field(default_factory=dict)
    nice: int = 10

    def spec(self) -> dict[str, Any]:
        """As the launcher takes it."""
        readable = (*SYSTEM, *NAMES, sys.prefix, sys.base_prefix, *self.readable)
        return {
            "cwd": str(self.folder),
            "readable": None if self.open else [path for path in readable if not self.private.is_relative_to(path)],
            "writable": [str(self.folder), *DEVICES, *self.writable],
            "limits": dict(self.limits),
            "nice": self.nice,
            "tmp": tempfile.gettempdir(),
        }

    def environment(self) -> dict[str, str]:
        """Nothing of the agent's own."""
        path = f"{SEARCHED}:{Path(sys.executable).parent}"
        # Python takes bytecode for current if time (to the second) and size of its source are: an agent edits faster.
        return {"PATH": path, "HOME": str(self.folder), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


class Launched:
    """A command under way. `end` it, and everything that came from it is gone."""

    def __init__(self, process: asyncio.subprocess.Process, lifeline: int, report: int) -> None:
        self.process = process
        self._lifeline: int | None = lifeline
        self._report = report

    def end(self) -> None:
        """Let the launcher end everything."""
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    async def gone(self) -> None:
        """Once the launcher ended. Unlike asyncio's wait, also if nobody reads the output to its end."""
        pause_s = 0.002
        while self.process.returncode is None:
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, 0.05)

    async def wait(self) -> dict[str, Any]:
        """Once it ended: the launcher's report. Empty if somebody killed the launcher."""
        await self.gone()
        os.set_blocking(self._report, False)
        told = b""
        with suppress(BlockingIOError):
            while part := os.read(self._report, 65536):
                told += part
        return {key: value for line in told.splitlines() for key, value in json.loads(line).items()}

    async def close(self) -> None:
        """End it if it has not ended, by force if need be. Returns once nothing of it is left, or END_S later."""
        self.end()
        try:
            async with asyncio.timeout(END_S):
                await self.gone()
        finally:
            if self.process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
            os.close(self._report)
            self.process._transport.close()  # type: ignore[attr-defined]  # else a pipe that somebody holds stays open


@asynccontextmanager
async def launched(
    argv: Sequence[str],
    confines: Confines,
    environment: Mapping[str, str],
    *,
    pipes: bool = False,
    limit: int = 2**16,
) -> AsyncIterator[Launched]:
    """Run a command: its output comes from `process.stdout`, with `pipes` it has stdin and stderr too.

    `limit`: bytes that a line of its output may have for `readline`.
    Raises OSError if not even the launcher can be started.
    """
    alive, lifeline = os.pipe()
    report, told = os.pipe()
    spec = {**confines.spec(), "argv": list(argv), "pipes": pipes, "lifeline": alive, "report": told}
    there = asyncio.subprocess.PIPE if pipes else asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", "-c", BOOT, str(ROOT), json.dumps(spec),
            stdin=there, stdout=asyncio.subprocess.PIPE, stderr=there,
            env={**confines.environment(), **environment},
            pass_fds=(alive, told), start_new_session=True, limit=limit,
        )  # fmt: skip
    except BaseException:
        os.close(lifeline)
        os.close(report)
        raise
    finally:
        os.close(alive)
        os.close(told)
    running = Launched(process, lifeline, report)
    try:
        yield running
    finally:
        await running.close()
