"""The server as a process of its own, for fleets whose load it shall not share."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.messages_server.script import Script

ROOT = Path(__file__).resolve().parents[2]


class Running:
    """A server in another process."""

    def __init__(self, base_url: str, pid: int) -> None:
        self.base_url, self.pid = base_url, pid

    def ledger(self) -> dict[str, Any]:
        """What its ledger tells now."""
        with urllib.request.urlopen(f"{self.base_url}/ledger", timeout=10) as answer:
            return dict(json.load(answer))


@contextmanager
def running(script: Script | None = None) -> Iterator[Running]:
    """A server that plays this script, until the block ends."""
    command = [sys.executable, "-m", "tests.messages_server", "--script", "-"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write((script or Script(remember=False)).model_dump_json())
        process.stdin.close()
        try:
            base_url = process.stdout.readline().strip()
            assert base_url, "the server did not start"
            yield Running(base_url, process.pid)
        finally:
            process.terminate()
