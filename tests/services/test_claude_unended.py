"""A streamed message that is whole on a connection that does not end: it counts at once, and is paid for once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.models.claude import END_S, ClaudeModel
from actors.settings import ModelSettings
from tests.messages_server import KEY, Exchange, MessagesServer, Turn, events, message, streams
from tests.messages_server.stream import encode
from tests.messages_server.turns import drips
from tests.messages_server.wire import Connection
from tests.support.claude_calls import ask

TOLD = events(message("a whole answer"))
DEADLINE_S = END_S / 2


@pytest.fixture
async def model(server: MessagesServer) -> AsyncIterator[ClaudeModel]:
    """Its deadline is earlier than the time that a connection has for its end."""
    settings = ModelSettings(base_url=server.base_url, deadline_base_s=DEADLINE_S, deadline_per_token_s=0.001)
    opened = ClaudeModel(lambda: KEY, settings)
    await opened.complete(ask(max_tokens=20_000))  # opens the client, which takes longer than the deadline
    yield opened
    await opened.close()


def noting(turn: Turn, seen: list[Connection]) -> Turn:
    """The same; adds the connection that it came on."""

    async def noted(exchange: Exchange) -> None:
        seen.append(exchange.wire._connection)
        await turn(exchange)

    return noted


async def ends_late(exchange: Exchange) -> None:
    exchange.wire.end, end = (lambda: None), exchange.wire.end  # type: ignore[method-assign]
    await streams(*TOLD)(exchange)
    await asyncio.sleep(DEADLINE_S / 2)
    end()


@pytest.mark.parametrize(
    ("turn", "is_kept"),
    [
        (streams(*TOLD), True),
        (ends_late, True),
        (streams(*TOLD, then="hang"), False),
        (drips(encode(("ping", {})), begin=b"".join(map(encode, TOLD))), False),
        (streams(*TOLD, then="reset"), False),
    ],
    ids=["ends", "ends late", "stays open", "goes on", "breaks"],
)
async def test_an_answer_that_is_whole_counts(
    server: MessagesServer, model: ClaudeModel, turn: Turn, is_kept: bool
) -> None:
    seen: list[Connection] = []
    server.then(noting(turn, seen), noting(streams(*TOLD), seen))
    begin, before = asyncio.get_running_loop().time(), server.ledger.requests

    assert (await model.complete(ask(max_tokens=1), lambda _: None)).text == "a whole answer"
    assert asyncio.get_running_loop().time() - begin < END_S + 2
    assert (await model.complete(ask(max_tokens=1), lambda _: None)).text == "a whole answer"
    assert server.ledger.requests == before + 2
    assert (seen[0] is seen[1]) is is_kept
