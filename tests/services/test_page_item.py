"""An item opened in a real Chromium: what it used, and what is said while the server cannot tell of it."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Route, expect

from actors.stores.group import GroupStore
from actors.work import Usage
from tests.support.browsers import entrance, opened
from tests.support.histories import GOOD, accept, assigned, closed, items, write
from tests.support.pages import page
from tests.support.scenes import QUESTIONS

pytestmark = pytest.mark.asyncio(loop_scope="module")

AGAIN_MS = 5_000


async def test_an_item_tells_what_it_used_as_the_list_does(chromium: Browser, tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await accept(store, items(a=(), letter=()))
    used = Usage(input_tokens=4, output_tokens=300, cache_read_tokens=50_000, cache_write_tokens=2_000)
    await write(store, assigned("a"), closed("a", GOOD.model_copy(update={"usage": used})))
    await write(store, assigned("letter"), closed("letter", QUESTIONS))
    async with page(tmp_path) as served, opened(chromium, entrance(served)) as tab:
        await expect(tab.locator("#link")).to_have_text("live")
        await tab.click("#list-tab")
        await expect(tab.locator("[data-id=a]")).to_contain_text("52.3k")
        await tab.click("[data-id=a]")
        facts = tab.locator("#item dl.facts")
        await expect(facts).to_contain_text("52.3k: 4 in, 50.0k from the cache, 2000 into the cache, 300 out")
        await tab.keyboard.press("Escape")
        await expect(tab.locator("[data-id=letter]")).to_contain_text("$0.0030")
        await tab.click("[data-id=letter]")
        await expect(facts).to_contain_text("$0.0030")
        await expect(facts).not_to_contain_text("attempts")
    await store.close()


async def test_an_item_that_cannot_be_told_is_asked_for_slowly_until_it_is_closed(
    chromium: Browser, tmp_path: Path
) -> None:
    store = GroupStore(tmp_path / "store.db")
    await accept(store, items(a=()))
    asked: list[str] = []

    async def refuse(route: Route) -> None:
        asked.append(route.request.url)
        await route.fulfill(status=500, content_type="text/plain", body="Internal Server Error")

    async with page(tmp_path) as served, opened(chromium, entrance(served)) as tab:
        await expect(tab.locator("#link")).to_have_text("live")
        await tab.clock.install()
        await tab.route("**/item?*", refuse)
        await tab.click("#list-tab")
        await tab.click("[data-id=a]")
        await expect(tab.locator("#item")).to_contain_text("The server answers 500 Internal Server Error")
        await tab.clock.run_for(AGAIN_MS - 1_000)
        assert len(asked) == 1
        await tab.clock.run_for(2_000)
        async with tab.expect_request("**/item?*"):
            await tab.clock.run_for(AGAIN_MS)
        await tab.keyboard.press("Escape")
        await expect(tab.locator("#item")).to_be_hidden()
        told = len(asked)
        await tab.clock.run_for(3 * AGAIN_MS)
        assert len(asked) == told
        await tab.click("[data-id=a]")
        await expect(tab.locator("#item")).to_contain_text("The server answers 500")
        await tab.unroute("**/item?*", refuse)
        await tab.clock.run_for(AGAIN_MS)
        await expect(tab.locator("#item")).to_contain_text("do a")
    await store.close()
