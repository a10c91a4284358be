"""Pictures of the boards, from a scripted journal in trouble, drawn by Grafana's libraries: `make boards`."""

import asyncio
import tempfile
from pathlib import Path

from dashboards.grafana import content
from tests.support.browsers import browser
from tests.support.drawing import drawn
from tests.support.watched import watched

FOLDER = Path(__file__).parent / "pictures"
SECONDS = 120
PAUSES = (1, 3, 2, 6, 1, 1, 4)
"""Between the rounds, again and again: so that the graphs are not flat."""


async def main() -> None:
    """All three, of two minutes."""
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as home:
        async with browser() as started, watched(Path(home)) as seen:
            end, turn = loop.time() + SECONDS, 0
            while loop.time() < end:
                await seen.more()
                await asyncio.sleep(PAUSES[turn % len(PAUSES)])
                turn += 1
            for board in content.boards():
                async with drawn(started, board, seen.prometheus, seconds=SECONDS) as (tab, _):
                    await tab.wait_for_timeout(1000)  # a picture of what moves
                    name = board["uid"].replace("mnemosyne", "board")
                    await tab.locator("#board").screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    asyncio.run(main())
