"""What the page shows for an address: in a real Chromium, of runs with and without a key, and of runs that are gone."""

import asyncio
import random
import time
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab

from actors.events import RunStarted
from actors.stores import upkeep
from actors.stores.group import GroupStore
from actors.stores.sqlite import SqliteStore
from tests.support.browsers import entrance, opened
from tests.support.histories import accept, items, write, write_run
from tests.support.pages import page

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def begin(store: GroupStore, run: str = "r", key: str | None = None) -> None:
    await accept(store, items(a=()), run, key)
    await write(store, RunStarted(run=run, term=1, driver="d"))


def streams(tab: Tab) -> list[str]:
    """Requests for the event stream from now on."""
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url) if "/events?" in request.url else None)
    return asked


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
        asked = streams(tab)
        await tab.goto(f"{served.base}/#run=monday")
        await expect(tab).to_have_title("monday running · mnemosyne")
        await tab.click("#list-tab")
        await tab.click("[data-id=a]")
        await expect(tab.locator("#item")).to_contain_text("do a")
        assert await tab.evaluate("location.hash") == "#run=r&item=a"
        assert asked == [f"{served.base}/events?run=monday"]
        await tab.keyboard.press("Escape")
        await tab.select_option("#runs", "newer")
        await expect(tab).to_have_title("newer running · mnemosyne")
    await store.close()


async def test_instead_of_a_run_that_is_gone_another_one_is_shown(chromium: Browser, tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await begin(store)
    async with page(tmp_path) as served, opened(chromium, entrance(served)) as tab:
        await expect(tab.locator("#state")).to_have_text("running")
        await tab.goto("about:blank")
        await tab.goto(f"{served.base}/#run=pruned&item=a")
        await expect(tab.locator("#notice")).to_contain_text("'pruned'")
        await expect(tab).to_have_title("r running · mnemosyne")
        await expect(tab.locator("#link")).to_have_text("live")
        assert await tab.evaluate("location.hash") == "#run=r"
    await store.close()


async def test_a_run_that_is_removed_while_the_page_lists_it_is_not_chosen_for_ever(
    chromium: Browser, tmp_path: Path
) -> None:
    await write_run(tmp_path, items(a=()), random.Random(1), "old")
    async with page(tmp_path) as served:
        store = SqliteStore(tmp_path / "store.db")
        upkeep.remove(store, upkeep.finished_before(store.db, time.time() + 1)[0])
        store.close()
        async with opened(chromium, entrance(served)) as tab:
            asked = streams(tab)
            await expect(tab.locator("#empty")).to_contain_text("No runs yet")
            await expect(tab.locator("#notice")).to_contain_text("'old'")
            await asyncio.sleep(1.0)
            assert len(asked) == 3, "everything, the run, everything"


async def test_without_the_token_the_page_says_so_and_asks_no_more(chromium: Browser, tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await begin(store)
    await begin(store, "newer")
    async with page(tmp_path) as served, opened(chromium, entrance(served)) as tab:
        await expect(tab).to_have_title("newer running · mnemosyne")
        asked = streams(tab)
        await tab.context.clear_cookies()
        await tab.select_option("#runs", "r")
        await expect(tab.locator("#notice")).to_contain_text("open the link that `mnemosyne dash` prints")
        await asyncio.sleep(2.5)
        assert len(asked) == 1
        other = await tab.context.new_page()
        await other.goto(entrance(served))
        await expect(other.locator("#link")).to_have_text("live")
        await tab.evaluate("dispatchEvent(new Event('focus'))")
        await expect(tab).to_have_title("r running · mnemosyne")
    await store.close()
