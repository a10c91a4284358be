"""What tests over services share: a server that plays the Messages API, a browser."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from actors.models.claude import ClaudeModel
from actors.settings import ModelSettings
from tests.messages_server import KEY, MessagesServer
from tests.support import browsers


@pytest.fixture
async def server() -> AsyncIterator[MessagesServer]:
    """Plays the Messages API; answers at once."""
    async with MessagesServer() as running:
        yield running


@pytest.fixture
async def model(server: MessagesServer) -> AsyncIterator[ClaudeModel]:
    """Calls that server through the real SDK."""
    opened = ClaudeModel(lambda: KEY, ModelSettings(base_url=server.base_url, deadline_base_s=30))
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """One for all tests of a module, whose loop is the module's too."""
    async with browsers.browser() as started:
        yield started
