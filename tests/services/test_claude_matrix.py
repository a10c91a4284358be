"""Every fault of the messages server against the real adapter: which failure it is, and what becomes of it."""

import re
from collections.abc import AsyncIterator
from random import Random

import pytest
import pytest_asyncio

from actors.errors import (
    ModelError,
    ModelFaulty,
)
from actors.models.claude import ClaudeModel
from actors.models.patient import PatientModel
from actors.models.permits import FreePermits
from actors.models.spending import Spending
from actors.settings import ModelSettings, PatienceSettings
from tests.messages_server import ENDLESS, FAULTS, KEY, MessagesServer, answers
from tests.support.claude_calls import ask, failure
from tests.support.claude_failures import EXPECTED, FAILING, PAUSES, Then, heals, then
from tests.support.patience import Clock

HELLO = '{"text": "hello"}'
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
HELLO = '{"text": "hello"}'


def test_every_fault_has_its_row() -> None:
    assert set(EXPECTED) | PAUSES == set(FAULTS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[MessagesServer]:
    async with MessagesServer() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model(server: MessagesServer) -> AsyncIterator[ClaudeModel]:
    settings = ModelSettings(base_url=server.base_url, deadline_base_s=0.1, deadline_per_token_s=0.004)
    opened = ClaudeModel(lambda: KEY, settings)
    await opened.complete(ask(max_tokens=20_000))  # opens the client, which takes longer than the deadlines below
    yield opened
    await opened.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("name", "streamed"), FAILING)
async def test_a_fault_becomes_the_failure_that_it_is(
    server: MessagesServer, model: ClaudeModel, name: str, streamed: bool
) -> None:
    expected, turn, before = EXPECTED[name], FAULTS[name].of(streamed), server.ledger.requests
    assert turn is not None
    server.then(turn)

    failed = await failure(model, ask(output=SCHEMA, max_tokens=100 if name in ENDLESS else 20_000), watched=streamed)

    assert server.ledger.requests == before + 1, "whoever tries again, it is not the SDK"
    # A stream that breaks within a tool's arguments is the connection's fault, whatever they were for.
    error = ModelFaulty if (name, streamed) == ("tool_cut_off", True) else expected.error
    assert type(failed) is error
    assert re.search((streamed and expected.streamed) or expected.told, str(failed))
    assert then(failed.kind) is (expected.then if error is expected.error else Then.AGAIN)
    assert len(str(failed)) < 1000


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("name", "streamed"), FAILING)
async def test_a_fault_that_passes_is_waited_for_and_every_other_is_asked_once(
    server: MessagesServer, model: ClaudeModel, name: str, streamed: bool
) -> None:
    turn, before, clock, spending = FAULTS[name].of(streamed), server.ledger.requests, Clock(), Spending()
    assert turn is not None
    server.then(turn, answers(HELLO))
    patient = PatientModel(model, clock, spending, FreePermits(), PatienceSettings(), Random(1), clock.sleep)
    request = ask(output=SCHEMA, max_tokens=100 if name in ENDLESS else 20_000)
    on_delta = (lambda _: None) if streamed else None

    if heals(name, streamed):
        assert (await patient.complete(request, on_delta)).text == HELLO
        assert (server.ledger.requests, spending.sum.effort.retries) == (before + 2, 1)
    else:
        with pytest.raises(ModelError):
            await patient.complete(request, on_delta)
        assert (server.ledger.requests, spending.sum.effort.retries) == (before + 1, 0)
        server.forget()
    assert sum(clock.sleeps) <= PatienceSettings().limit_wait_s, "whatever the API asks for"
