"""Claude through the Messages API: every reply validated, every failure one of ours, no key in either.

The SDK does not retry here: how often and how fast a call is made again is decided in one place, elsewhere.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from actors.errors import CredentialsRefused, ModelError, ModelFaulty
from actors.machine.limit import Limit
from actors.models.claude_errors import Redact, own_error, redactor
from actors.models.claude_message import WholeMessage, read_message
from actors.models.claude_reply import Envelope, to_reply
from actors.models.claude_request import wire_body
from actors.models.claude_stream import Assembly
from actors.models.limits import read_limits
from actors.models.port import OnDelta, Reply, Request
from actors.secrecy.keys import is_sound
from actors.settings import ModelSettings
from actors.work import Usage

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

BASE_URL = "https://api.anthropic.com"
"""Given explicitly, so that no stray variable of the environment sends the key to another host."""

CONNECT_S = 10.0

END_S = 1.0
"""For the end of a body whose message is whole: with the API it comes at once, a proxy may keep it back for ever."""

WHOLE_TOKENS = 21_333
"""A longer answer is streamed though nobody watches: nothing would pass on its connection for longer than proxies keep
one that is silent. The SDK refuses whole answers from there on, unless its timeout is given."""

FindKey = Callable[[], str | None]

Answered = tuple[WholeMessage, Mapping[str, str]]
"""A message and the headers that came with it."""


class ClaudeModel:
    """One client of the Messages API, for one event loop; opened at the first call, safe for concurrent calls."""

    def __init__(self, key: FindKey, settings: ModelSettings | None = None) -> None:
        self._find_key, self._settings = key, settings or ModelSettings()
        self._client: AsyncAnthropic | None = None
        self._opening = asyncio.Lock()
        self._refused = False
        self._redact: Redact = redactor(None)

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model. Streams if somebody watches or the answer may be long. A refused key is looked up once more."""
        begin = time.monotonic()
        answered = await self._answer(request, on_delta)
        if isinstance(answered, ModelError):
            self._refused |= isinstance(answered, CredentialsRefused)
            # Raised here and not where it was caught: an exception remembers the one that was being handled, and
            # the SDK's hold the request with the key.
            raise answered
        message, headers = answered
        limits = read_limits(headers, datetime.now(UTC))
        return to_reply(message, request, Envelope(time.monotonic() - begin, headers.get("request-id"), limits))

    async def close(self) -> None:
        """Close the connections; calls that are under way fail."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _answer(self, request: Request, on_delta: OnDelta | None) -> Answered | ModelError:
        deadline_s = self._settings.deadline_base_s + self._settings.deadline_per_token_s * request.max_tokens
        # Around everything: a read timeout never fires while bytes drip or pings come.
        limit = Limit(asyncio.get_running_loop().time() + deadline_s)
        assembly = Assembly(request.model, self._hide)
        try:
            async with limit:
                client = await self._open()
                body = wire_body(request)
                if on_delta is None and request.max_tokens <= WHOLE_TOKENS:
                    return await self._ask(client, body)
                return await self._stream(client, body, assembly, on_delta or _unseen, limit)
        except ModelError as error:
            failed = error
        except Exception as error:
            failed = own_error(error, request.model, self._redact)
            if limit.expired():
                failed = ModelFaulty(f"{request.model}: no whole answer within the deadline of {deadline_s:g} s")
                failed.lost = True
        failed.usage = assembly.usage()
        failed.lost |= failed.usage != Usage()
        return failed

    def _hide(self, text: str) -> str:
        return self._redact(text)  # the one of now: the key is read after this was handed out

    async def _open(self) -> "AsyncAnthropic":
        async with self._opening:
            if self._client is None or self._refused:
                key = await asyncio.to_thread(_read_key, self._find_key)
                self._redact = redactor(key)
                if self._client is None:
                    self._client = await asyncio.to_thread(open_client, key, self._settings.base_url or BASE_URL)
                self._client.api_key = key
                self._refused = False
            return self._client

    async def _ask(self, client: "AsyncAnthropic", body: dict[str, Any]) -> Answered:
        raw = await client.messages.with_raw_response.create(**body)
        text = await raw.text()
        return read_message(text, body["model"], self._redact), raw.headers

    async def _stream(
        self, client: "AsyncAnthropic", body: dict[str, Any], assembly: Assembly, on_delta: OnDelta, limit: Limit
    ) -> Answered:
        from anthropic import AsyncStream

        raw = await client.messages.with_raw_response.create(**body, stream=True)
        events = AsyncStream.raw_events(raw.http_response)
        try:
            async for event in events:
                if text := assembly.add(event.event, event.data):
                    with suppress(Exception):  # whoever watches must not break the call
                        on_delta(text)
                if assembly.whole:
                    limit.reschedule(None)  # whatever the connection does now, the answer is there
                    await _read_out(events)
                    break
        finally:
            await raw.close()
        return assembly.message(), raw.headers


async def _read_out(events: AsyncIterator[object]) -> None:
    """Until the body ends, so that its connection can be used again; one that does not end in time is closed."""
    with suppress(Exception):
        async with asyncio.timeout(END_S):
            async for _ in events:
                pass


def _unseen(_text: str) -> None:
    """Nobody watches."""


def load_sdk() -> None:
    """Import it: that takes seconds, in which a call would be late."""
    import anthropic

    anthropic.DefaultAioHttpClient  # noqa: B018 - what it needs is imported when it is looked up


def open_client(key: str, base_url: str, timeout_s: float | None = None) -> "AsyncAnthropic":
    """The SDK's client without its retries, and without a timeout of its own unless one is given."""
    from anthropic import AsyncAnthropic, DefaultAioHttpClient, Timeout

    return AsyncAnthropic(
        api_key=key,
        base_url=base_url,
        max_retries=0,
        timeout=Timeout(timeout_s, connect=CONNECT_S),  # explicit, else the SDK refuses long answers
        http_client=DefaultAioHttpClient(follow_redirects=False),
        open_telemetry=False,
    )


def _read_key(find: FindKey) -> str:
    try:
        key = (find() or "").strip()
    except ModelError:
        raise
    except Exception as error:
        told = str(error) if isinstance(error, OSError) else type(error).__name__
        raise CredentialsRefused(f"the API key cannot be read: {told}; set ANTHROPIC_API_KEY") from None
    if not key:
        raise CredentialsRefused("no API key is found; set ANTHROPIC_API_KEY, or run with --model local")
    if not is_sound(key):
        raise CredentialsRefused("the API key holds characters that no key has; `mnemosyne doctor` says where it is")
    return key
