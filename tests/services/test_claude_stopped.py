"""A process that stood still (stopped, frozen, a busy loop) while its answer came in: it is not paid for twice."""

import asyncio
import threading
import time

import pytest

from actors.models.claude import ClaudeModel, load_sdk
from actors.settings import ModelSettings
from tests.messages_server import KEY, Exchange, answers, serving
from tests.support.claude_calls import ask

DEADLINE_S = 3.0


@pytest.mark.parametrize("watched", [False, True])
async def test_the_answer_that_came_meanwhile_counts(watched: bool) -> None:
    asked, stopped = threading.Event(), threading.Event()

    async def answers_once_it_stands_still(exchange: Exchange) -> None:
        asked.set()
        await asyncio.to_thread(stopped.wait)
        await answers("in time")(exchange)

    load_sdk()
    with serving() as server:
        server.then(answers("warm"), answers_once_it_stands_still)
        settings = ModelSettings(base_url=server.base_url, deadline_base_s=DEADLINE_S, deadline_per_token_s=0)
        model = ClaudeModel(lambda: KEY, settings)
        try:
            await model.complete(ask())  # a connection is open
            call = asyncio.ensure_future(model.complete(ask(), (lambda _: None) if watched else None))
            await asyncio.to_thread(asked.wait)
            stopped.set()
            asyncio.get_running_loop().call_soon(time.sleep, DEADLINE_S + 0.3)
            reply = await call
        finally:
            await model.close()

    assert reply.text == "in time"
    assert server.ledger.accepted == 2
