"""More tabs of one browser than it has connections, in a real Chromium, each with a clock that is moved by hand."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab

from actors.events import PauseRequested, RunStarted
from actors.stores.group import GroupStore
from tests.support.browsers import entrance, opened
from tests.support.histories import accept, assigned, closed, items, write
from tests.support.pages import PATIENCE_S, Page, page
from tests.support.scenes import QUESTIONS

pytestmark = pytest.mark.asyncio(loop_scope="module")

HIDDEN_MS, GLANCE_MS = 10_000, 30_000
CONNECTIONS = 6

HIDE = """
  const { requestAnimationFrame: frame } = window;
  let hidden = true;
  let kept = [];
  Object.defineProperty(document, "hidden", { get: () => hidden });
  window.requestAnimationFrame = (draw) => (hidden ? kept.push(draw) : frame(draw));
  window.look = () => {
    hidden = false;
    kept.splice(0).forEach((draw) => frame(draw));
    document.dispatchEvent(new Event("visibilitychange"));
  };
"""
"""A tab that nobody sees, as a browser treats it: headless, every tab is in sight."""


async def stats(served: Page, **wanted: int) -> None:
    """Returns once the server says this of itself."""
    async with asyncio.timeout(PATIENCE_S):
        while not wanted.items() <= (await served.client.get("/state/stats")).json().items():
            await asyncio.sleep(0.05)


async def hide(tab: Tab, url: str) -> None:
    await tab.clock.install()
    await tab.add_init_script(HIDE)
    await tab.goto(url)
    await expect(tab.locator("#link")).to_have_text("live")


async def begin(store: GroupStore) -> None:
    await accept(store, items(a=(), b=()))
    await write(store, RunStarted(run="r", term=1, driver="d"))


async def test_a_hidden_tab_gives_its_connection_back_and_misses_nothing(chromium: Browser, tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await begin(store)
    async with page(tmp_path) as served, opened(chromium, "about:blank") as tab:
        await hide(tab, entrance(served))
        await expect(tab).to_have_title("r running · mnemosyne")
        await stats(served, readers=1)
        await tab.clock.run_for(HIDDEN_MS)
        await stats(served, readers=0)
        receipt = await store.append("asked", [assigned("a"), closed("a", QUESTIONS)])
        assert receipt.seqs[-1]
        await stats(served, seq=receipt.seqs[-1])
        await tab.clock.run_for(GLANCE_MS)
        await expect(tab).to_have_title("(1) r running · mnemosyne")
        await stats(served, readers=0)
        await write(store, PauseRequested(run="r"))
        await tab.evaluate("look()")
        await expect(tab.locator("#events")).to_contain_text("pause")
        await expect(tab.locator("#link")).to_have_text("live")
        await tab.clock.run_for(GLANCE_MS)
        await stats(served, readers=1)
        seen = await tab.evaluate("mnemosyne.state.events.map((event) => event.seq)")
        assert sorted(set(seen)) == list(range(seen[0], seen[-1] + 1)), "no row is missing"
    await store.close()


async def test_a_seventh_tab_is_live(chromium: Browser, tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await begin(store)
    async with page(tmp_path) as served, opened(chromium, entrance(served)) as first:
        await expect(first.locator("#link")).to_have_text("live")
        await first.goto("about:blank")
        tabs = [await first.context.new_page() for _ in range(CONNECTIONS)]
        for tab in tabs:
            await hide(tab, served.base)
        await stats(served, readers=CONNECTIONS)
        for tab in tabs:
            await tab.clock.run_for(HIDDEN_MS)
        await stats(served, readers=0)
        await first.goto(served.base)
        await expect(first.locator("#link")).to_have_text("live")
        await expect(first.locator("#state")).to_have_text("running")
    await store.close()
