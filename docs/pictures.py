"""The README's pictures of the page, from scripted journals in a real Chromium: `make pictures`."""

import asyncio
import random
import tempfile
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.support import scenes
from tests.support.browsers import browser, entrance, opened
from tests.support.pages import page

FOLDER = Path(__file__).parent / "pictures"
WIDE = {"width": 1280, "height": 760}
NARROW = {"width": 390, "height": 760}


async def shot(browser: Browser, scene: scenes.Scene, name: str, *, dark: bool, item: str = "", **size: int) -> None:
    """One picture of a scene."""
    with tempfile.TemporaryDirectory() as home:
        store = await scenes.write(Path(home), scene)
        async with page(Path(home)) as served:
            scheme = "dark" if dark else "light"
            async with opened(browser, entrance(served), viewport=size, color_scheme=scheme) as tab:
                await expect(tab.locator("#state")).to_have_text("running")
                if item:
                    await tab.evaluate(f"location.hash += '&item={item}'")
                    await tab.wait_for_selector("#item .inside")
                await tab.wait_for_function("mnemosyne.graph.drawn.frames > 0")
                await tab.wait_for_timeout(400)  # a picture of what moves
                await tab.screenshot(path=FOLDER / f"{name}.png")
        await store.close()


async def main() -> None:
    """All of them."""
    FOLDER.mkdir(exist_ok=True)
    async with browser() as started:
        await shot(started, scenes.twelve(), "page-dark", dark=True, **WIDE)
        await shot(started, scenes.twelve(), "page-item", dark=False, item="sales-north", **WIDE)
        thousand = scenes.many(1000, random.Random(3))  # noqa: S311 - the same picture every time
        await shot(started, thousand, "page-thousand", dark=True, **WIDE)
        await shot(started, scenes.twelve(), "page-narrow", dark=True, **NARROW)


if __name__ == "__main__":
    asyncio.run(main())
