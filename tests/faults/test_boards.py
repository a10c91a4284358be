"""The boards as Grafana's own libraries draw them, over the real Prometheus: every panel shows something."""

import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from dashboards.grafana import content
from tests.support.browsers import browser
from tests.support.drawing import drawn, faults, page_file
from tests.support.watched import Watched, watched

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(900),  # the libraries are installed on first use
    pytest.mark.asyncio(loop_scope="module"),
]

ROUNDS, SECONDS = 10, 60


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Watched, Browser]]:
    page_file()
    async with browser() as started, watched(tmp_path_factory.mktemp("drawn")) as seen:
        await seen.more(ROUNDS)
        yield seen, started


@pytest.mark.parametrize("board", content.boards(), ids=lambda board: board["uid"])
async def test_every_panel_of_a_board_shows_data(scene: tuple[Watched, Browser], board: dict[str, Any]) -> None:
    seen, started = scene
    await seen.prometheus.until('ALERTS{alertstate="firing", alertname="MnemosyneRunPaused"}')
    async with drawn(started, board, seen.prometheus, seconds=SECONDS) as (_, panels):
        titles = [panel["title"] for panel in board["panels"] if panel["type"] != "row"]
        assert [told.title for told in panels] == titles
        assert [fault for told in panels for fault in faults(told)] == []


async def test_what_is_wrong_with_a_panel_is_seen(scene: tuple[Watched, Browser]) -> None:
    seen, started = scene
    board = copy.deepcopy(content.boards()[0])
    graph = next(panel for panel in board["panels"] if panel["type"] == "timeseries")

    def other(id_: int, title: str, **fields: Any) -> dict[str, Any]:
        place = {"x": 0, "y": 8 * id_, "w": 12, "h": 8}
        return {**copy.deepcopy(graph), "id": id_, "title": title, "gridPos": place, **fields}

    board["panels"] = [
        other(1, "Broken", targets=[{"refId": "A", "expr": "sum("}]),
        other(2, "Nothing", targets=[{"refId": "A", "expr": "mnemosyne_no_such_total"}]),
        other(3, "Unknown", type="flame"),
    ]
    async with drawn(started, board, seen.prometheus, seconds=SECONDS) as (_, panels):
        broken, nothing, unknown = map(faults, panels)
    assert "parse error" in broken[0]
    assert nothing[0] == "Nothing: no data"
    assert "nothing here draws a flame" in unknown[0]
