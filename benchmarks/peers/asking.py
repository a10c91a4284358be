"""A call to Claude through the real SDK, so that every peer makes the very same one: 5 KB in, 50 words out."""

from collections.abc import Mapping
from typing import Any

from benchmarks.walking import value

MODEL = "claude-sonnet-5-5"
PROMPT = "Summarise what follows in three sentences. " * 120
ANSWER = "word " * 50
MAX_TOKENS = 1000


class Asking:
    """Items that ask an API. `api` tells its `base_url` and `key`, and by which `transport`: aiohttp or httpx."""

    def __init__(self, api: Mapping[str, str]) -> None:
        from anthropic import AsyncAnthropic, DefaultAioHttpClient, DefaultAsyncHttpxClient

        http = DefaultAioHttpClient() if api["transport"] == "aiohttp" else DefaultAsyncHttpxClient()
        self._client = AsyncAnthropic(api_key=api["key"], base_url=api["base_url"], max_retries=0, http_client=http)

    async def call(self, item: int, parents: list[int]) -> int:
        """The value of the item, once the API has answered. Raises AnthropicError."""
        messages: Any = [{"role": "user", "content": PROMPT}]
        await self._client.messages.create(model=MODEL, max_tokens=MAX_TOKENS, messages=messages)
        return value(item, parents)
