"""A real Prometheus and Alertmanager on free ports. Without them a test is skipped with the reason, and CI fails."""

import asyncio
import json
import os
import shutil
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from cluster.fleets.head import free_port

PATIENCE_S = 40.0


def program(name: str) -> str:
    """Its path. Skips the test if there is none."""
    found = shutil.which(name)
    if found is None:
        why = f"there is no {name} on this machine: `make watchers`, or your system's packages of it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
        raise AssertionError(why)
    return found


@asynccontextmanager
async def running(command: list[str], ready: str) -> AsyncIterator[None]:
    """The program, from when it answers there until the end of the context."""
    process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=DEVNULL)
    try:
        async with httpx2.AsyncClient() as client:
            for _ in range(int(PATIENCE_S / 0.1)):
                assert process.returncode is None, f"{command[0]} has ended with {process.returncode}"
                try:
                    if (await client.get(ready)).status_code == 200:
                        break
                except httpx2.TransportError:
                    pass
                await asyncio.sleep(0.1)
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class Prometheus:
    """One that answers."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self._client = httpx2.AsyncClient(base_url=self.base, timeout=PATIENCE_S)

    async def __aenter__(self) -> "Prometheus":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def ask(self, path: str, **parameters: Any) -> Any:
        """The data of an answer."""
        told = (await self._client.get(f"/api/v1/{path}", params=parameters)).json()
        assert told["status"] == "success", f"{told.get('error')}: {parameters}"
        return told["data"]

    async def query(self, expr: str) -> list[dict[str, Any]]:
        """The series of an expression, just now."""
        found: list[dict[str, Any]] = (await self.ask("query", query=expr))["result"]
        return found

    async def until(self, expr: str, holds: Callable[[list[dict[str, Any]]], object] = bool) -> list[dict[str, Any]]:
        """Its series once they are as they should be."""
        end = time.monotonic() + PATIENCE_S
        while not holds(found := await self.query(expr)):
            assert time.monotonic() < end, f"{expr} still gives {found}"
            await asyncio.sleep(0.2)
        return found


@asynccontextmanager
async def prometheus(folder: Path, config: Mapping[str, Any]) -> AsyncIterator[Prometheus]:
    """Scrapes and evaluates every second."""
    found, port = program("prometheus"), free_port()
    fast = {"global": {"scrape_interval": "1s", "scrape_timeout": "900ms", "evaluation_interval": "1s"}, **config}
    path = folder / "prometheus-test.yml"
    path.write_text(yaml.safe_dump(fast))
    options = [f"--config.file={path}", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"]
    served = Prometheus(port)
    async with running([found, *options, "--log.level=error"], f"{served.base}/-/ready"), served:
        yield served


@asynccontextmanager
async def alertmanager(folder: Path, hook: int) -> AsyncIterator[int]:
    """Sends every alert to the hook's port at once; its own port."""
    found, port = program("prometheus-alertmanager"), free_port()
    receiver = {"name": "hook", "webhook_configs": [{"url": f"http://127.0.0.1:{hook}/"}]}
    route = {"receiver": "hook", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"}
    path = folder / "alertmanager-test.yml"
    path.write_text(yaml.safe_dump({"route": route, "receivers": [receiver]}))
    address = f"127.0.0.1:{port}"
    options = [f"--config.file={path}", f"--storage.path={folder}/am", f"--web.listen-address={address}"]
    async with running([found, *options, "--cluster.listen-address="], f"http://{address}/-/ready"):
        yield port


@asynccontextmanager
async def webhook() -> AsyncIterator[tuple[int, "asyncio.Queue[Any]"]]:
    """A port that takes what is posted to it, and what it took."""
    taken: asyncio.Queue[Any] = asyncio.Queue()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(next(line for line in head.split("\r\n") if line.startswith("content-length:")).split(":")[1])
        taken.put_nowait(json.loads(await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], taken
