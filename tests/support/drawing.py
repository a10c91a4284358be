"""Boards as Grafana's own libraries draw them, in a real Chromium, over a real Prometheus; without a Grafana.

The libraries come with npm on first use, some 400 MB, into a folder that is no part of the sources. What is Grafana's:
frames, transformations, units, names, colours, graphs, values, tables, the frames of panels. What is not: the timeline,
which is not published, the data source's way over a server, annotations, links, variables at the top.
"""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.async_api import Browser
from playwright.async_api import Page as Tab

from tests.support.browsers import opened
from tests.support.watchers import Prometheus

ROOT = Path(__file__).parents[2]
SOURCES = Path(__file__).parent / "grafana_page"
TOOLS = ROOT / ".tools" / "grafana-page"
SIZE = {"width": 1200, "height": 2000}
"""A whole board: what is out of sight, some of these components do not draw."""

INSTALL_S, BUNDLE_S, DRAW_MS = 600, 120, 30_000

BUNDLE = (
    "--bundle",
    "--minify",
    "--log-level=error",
    '--define:process.env.NODE_ENV="production"',
    "--define:global=window",
    *(f"--loader:.{kind}=dataurl" for kind in ("svg", "woff", "woff2", "ttf")),
)


class Told(NamedTuple):
    """What a panel is on the page."""

    title: str
    type: str
    frames: int
    points: int
    error: str | None
    text: str
    """All that can be read in it, its title included."""
    canvases: int
    """Graphs that have something on them."""


@cache
def page_file() -> Path:
    """The bundled page. Skips the test if there is no npm."""
    npm = shutil.which("npm")
    if npm is None:
        why = "there is no npm on this machine: your system's package of it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
        raise AssertionError(why)
    TOOLS.mkdir(parents=True, exist_ok=True)
    lock = (SOURCES / "package-lock.json").read_bytes()
    stamp = TOOLS / "installed"
    if not stamp.exists() or stamp.read_bytes() != lock:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCES / name, TOOLS)
        _run([npm, "ci", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], INSTALL_S)
        stamp.write_bytes(lock)
    modules = TOOLS / "node_modules"
    command = [str(modules / ".bin" / "esbuild"), str(SOURCES / "main.jsx"), f"--outdir={TOOLS / 'out'}", *BUNDLE]
    _run(command, BUNDLE_S, NODE_PATH=str(modules))
    shutil.copy(SOURCES / "index.html", TOOLS / "out")
    return TOOLS / "out" / "index.html"


def _run(command: list[str], timeout_s: float, **variables: str) -> None:
    told = {"cwd": TOOLS, "env": {**os.environ, **variables}, "capture_output": True, "text": True}
    done = subprocess.run(command, timeout=timeout_s, check=False, **told)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


@asynccontextmanager
async def drawn(
    browser: Browser, board: Mapping[str, Any], prometheus: Prometheus, *, seconds: int, theme: str = "dark"
) -> AsyncIterator[tuple[Tab, list[Told]]]:
    """The page with the board on it as of now, and what each panel became."""
    file = await asyncio.to_thread(page_file)
    async with opened(browser, file.as_uri(), viewport=SIZE) as tab:
        options = {"prometheus": prometheus.base, "theme": theme, "seconds": seconds, "end": int(time.time())}
        await tab.evaluate("([board, options]) => window.draw(board, options)", [board, options])
        await tab.wait_for_function(SETTLED, timeout=DRAW_MS)
        yield tab, [Told(**one) for one in await tab.evaluate(READ)]


SETTLED = """() => {
  const panels = [...document.querySelectorAll('[data-panel]')];
  const canvases = [...document.querySelectorAll('canvas')];
  return window.told && panels.length === window.told.length && panels.every((one) => one.innerText.trim())
    && canvases.every((one) => one.width > 0);
}"""

READ = """() => {
  const inked = (canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.some((byte, n) => n % 4 === 3 && byte > 0);
  };
  const panels = [...document.querySelectorAll('[data-panel]')];
  return panels.map((one, n) => ({
    ...window.told[n], text: one.innerText, canvases: [...one.querySelectorAll('canvas')].filter(inked).length,
  }));
}"""


def faults(told: Told) -> list[str]:
    """Why a person would not call it a panel with data."""
    found = [told.error] if told.error else []
    found += ["no data"] if not told.points or "No data" in told.text else []
    inside = told.text.replace(told.title, "", 1).strip()
    found += ["nothing to read"] if not inside else []
    found += ["no graph"] if told.type == "timeseries" and not told.canvases else []
    found += ["no value"] if told.type == "stat" and not any(letter.isdigit() for letter in inside) else []
    return [f"{told.title}: {fault}" for fault in found]
