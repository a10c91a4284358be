"""A real Chromium: whatever is on the PATH. Without one a test is skipped with the reason, and CI fails."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright, expect
from playwright.async_api import Page as Tab

from tests.support.pages import TOKEN, Page

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


def chromium() -> str:
    """The program. Skips the test if there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        why = "there is no Chromium on this machine: `make browser`, or your system's package of it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
        raise AssertionError(why)
    return found


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """One that is ended at the end."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            yield started
        finally:
            await started.close()


@asynccontextmanager
async def opened(browser: Browser, url: str, **options: Any) -> AsyncIterator[Tab]:
    """A visitor of their own, at this address. Errors and refusals in the console are failures."""
    context: BrowserContext = await browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    tab = await context.new_page()
    said: list[str] = []
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("console", lambda message: said.append(message.text) if "Content Security Policy" in message.text else None)
    try:
        await tab.goto(url)
        yield tab
    finally:
        await context.close()
    assert said == []


def entrance(page: Page) -> str:
    """The link that a person is given."""
    return f"{page.base}/?token={TOKEN}"
