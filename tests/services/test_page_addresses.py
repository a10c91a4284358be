"""What the page shows for an address: in a real Chromium, of runs with and without a key, and of runs that are gone."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from actors.events import RunStarted
from actors.stores.group import GroupStore
from tests.support.browsers import entrance, opened
from tests.support.histories import accept, items, write
from tests.support.pages import page

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def begin(store: GroupStore, run: str = "r", key: str | None = None) -> None:
    await accept(store, items(a=()), run, key)
    await write(store, RunStarted(run=run, term=1, driver="d"))


@pytest.mark.parametrize("key", ["monday", None])
async def test_without_a_run_in_the_address_the_newest_is_shown(
    chromium: Browser, tmp_path: Path, key: str | None
) -> None:
    store = GroupStore(tmp_path / "store.db")
    await begin(store, "r", key)
    async with page(tmp_path) as served, opened(chromium, entrance(served)) as tab:
        await expect(tab.locator("#state")).to_have_text("running")
        await expect(tab.locator("#link")).to_have_text("live")
        assert await tab.evaluate("location.hash") == "#run=r"
        assert await tab.title() == f"{key or 'r'} running · mnemosyne"
    await store.close()


async def test_a_run_that_the_address_names_by_its_key_is_asked_for_once(chromium: Browser, tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await begin(store, "r", "monday")
    await begin(store, "newer")
    async with page(tmp_path) as served, opened(chromium, entrance(served)) as tab:
        await expect(tab.locator("#state")).to_have_text("running")
        await tab.goto("about:blank")
        asked: list[str] = []
        tab.on("request", lambda request: asked.append(request.url.removeprefix(served.base)))
        await tab.goto(f"{served.base}/#run=monday")
        await expect(tab).to_have_title("monday running · mnemosyne")
        await tab.click("#list-tab")
        await tab.click("[data-id=a]")
        await expect(tab.locator("#item")).to_contain_text("do a")
        assert await tab.evaluate("location.hash") == "#run=r&item=a"
        assert [url for url in asked if "/events?" in url] == ["/events?run=monday"]
        await tab.keyboard.press("Escape")
        await tab.select_option("#runs", "newer")
        await expect(tab).to_have_title("newer running · mnemosyne")
    await store.close()
