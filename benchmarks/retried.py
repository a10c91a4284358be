"""The SDK's own retries, in one loop of asyncio, as a player at the limit of an API.

python -m benchmarks.retried BASE_URL KEY RETRIES
"""

import asyncio
import sys
from typing import Any

from anthropic import AnthropicError, AsyncAnthropic, DefaultAioHttpClient

from benchmarks.peers.limited import AT_ONCE, MAX_TOKENS, MODEL, SYSTEM, play


async def main(base_url: str, key: str, retries: int) -> None:
    """Play."""
    http = DefaultAioHttpClient()
    client = AsyncAnthropic(api_key=key, base_url=base_url, max_retries=retries, http_client=http)
    slots = asyncio.Semaphore(AT_ONCE)

    async def call(text: str) -> bool:
        async with slots:
            try:
                messages: Any = [{"role": "user", "content": text}]
                await client.messages.create(model=MODEL, max_tokens=MAX_TOKENS, system=SYSTEM, messages=messages)
            except AnthropicError:
                return False
            return True

    async def fan_out(texts: list[str]) -> int:
        return sum(await asyncio.gather(*map(call, texts)))

    await play(fan_out, ("anthropic",))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
