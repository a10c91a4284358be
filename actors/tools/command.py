"""The tool run_command: a command in the workspace, bounded in time, memory and output, that leaves nothing behind."""

import asyncio
import signal
import time
from collections.abc import Mapping
from typing import Any

from actors.context.marked import visible
from actors.errors import ToolFailed
from actors.machine.limit import Limit
from actors.secrecy.redaction import redact
from actors.settings import CommandSettings
from actors.tools.launch import Confines, Launched, launched
from actors.tools.tool import Said, ToolSpec, parameters

KEPT = 16 * 2**10
"""Bytes of the output's head, and of its tail."""
KEY = "MNEMOSYNE_IDEMPOTENCY_KEY"
MIB = 2**20


class Kept:
    """Head and tail of an output."""

    def __init__(self) -> None:
        self._head, self._tail, self.size = b"", b"", 0

    def add(self, part: bytes) -> None:
        """More of it."""
        self.size += len(part)
        room = KEPT - len(self._head)
        self._head += part[:room]
        self._tail = (self._tail + part[room:])[-KEPT:]

    def text(self) -> str:
        """With what is missing in the middle said, and without secrets."""
        missing = self.size - len(self._head) - len(self._tail)
        middle = f"\n[... {missing} bytes left out ...]\n".encode() if missing else b""
        text = (self._head + middle + self._tail).decode(errors="replace")
        return redact(visible(text.replace("\r\n", "\n").replace("\r", "\n")))


class RunCommand:
    """A program, or a line for the shell."""

    def __init__(self, confines: Confines, settings: CommandSettings) -> None:
        self._settings = settings
        limits = {
            "RLIMIT_AS": settings.memory_mb * MIB,
            "RLIMIT_FSIZE": settings.file_mb * MIB,
            "RLIMIT_CORE": 0,
        }
        self._confines = Confines(
            confines.folder,
            confines.private,
            (*confines.readable, *settings.readable),
            (*confines.writable, *settings.writable),
            limits=limits,
        )
        self.spec = ToolSpec(
            "run_command",
            "Run a command in the workspace: a line for /bin/sh, or a list of program and arguments. There is no "
            "input, and whatever it started ends with it. Temporary files belong into $TMPDIR, which is removed.",
            parameters(
                {"command": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}},
                {"timeout_s": {"type": "number", "exclusiveMinimum": 0, "maximum": settings.timeout_s}},
            ),
        )

    async def call(self, arguments: Mapping[str, Any], key: str, /) -> Said:
        """See Tool. A second time it runs again; $MNEMOSYNE_IDEMPOTENCY_KEY tells the command that it is the same."""
        argv, begin, kept = _argv(arguments["command"]), time.monotonic(), Kept()
        limit_s = arguments.get("timeout_s", self._settings.timeout_s)
        try:
            async with launched(argv, self._confines, {KEY: key}) as running:
                why = await self._follow(running, kept, limit_s)
                report = await running.wait()
        except TimeoutError:
            raise ToolFailed("the command could not be ended") from None
        except OSError as error:
            raise ToolFailed(f"the command could not be started: {error.strerror}") from None
        if "failed" in report:
            return Said("the command could not be started", visible(report["failed"]), error=True)
        notes = [f"{_end(report)} after {time.monotonic() - begin:.2f} s", *why]
        if kept.size > 2 * KEPT:
            notes.append(f"{kept.size} bytes of output, the middle of it left out")
        if report.get("left"):
            notes.append(f"{report['left']} processes of it would not end")
        return Said("; ".join(notes), kept.text() if kept.size else None, error=report.get("code") != 0)

    async def _follow(self, running: Launched, kept: Kept, limit_s: float) -> list[str]:
        """Read to the end of the output; what ended it, if it was not the command."""
        try:
            async with Limit(asyncio.get_running_loop().time() + limit_s):
                if await _drain(running, kept, self._settings.output_mb * MIB):
                    return []
                why = f"ended at its output limit of {self._settings.output_mb} MiB"
        except TimeoutError:
            why = f"ended at its time limit of {limit_s:g} s"
        running.end()
        return [why]


async def _drain(running: Launched, kept: Kept, most: int) -> bool:
    """Whether the output ended before it was too much."""
    assert running.process.stdout
    while part := await running.process.stdout.read(65536):
        kept.add(part)
        if kept.size > most:
            return False
    await running.gone()  # a command may close its output and go on
    return True


def _argv(command: str | list[str]) -> list[str]:
    argv = ["/bin/sh", "-c", command] if isinstance(command, str) else command
    if not argv or any("\0" in word for word in argv):
        raise ToolFailed("the command is empty or has NUL characters in it")
    try:
        size = sum(len(word.encode()) for word in argv)
    except UnicodeEncodeError:
        raise ToolFailed("the command has half a character in it (a lone surrogate)") from None
    if size > 60_000:  # the kernel takes 128 KiB in one argument, and it is passed on as JSON
        raise ToolFailed("the command is too long; write it into a file and run that")
    return argv


def _end(report: Mapping[str, Any]) -> str:
    if report.get("signal"):
        name = signal.Signals(report["signal"]).name if report["signal"] in set(signal.Signals) else report["signal"]
        return f"killed by signal {name}"
    return f"exit code {report['code']}" if report.get("code") is not None else "no exit code: its launcher was killed"
