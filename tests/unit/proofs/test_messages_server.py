"""The test server against the real SDK: what it answers is what the API answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import pytest
from anthropic import AsyncAnthropic, DefaultAioHttpClient

from tests.messages_server import (
    CASES,
    ENDLESS,
    FAULTS,
    KEY,
    Latency,
    MessagesServer,
    Rule,
    Running,
    Script,
    answers,
    running,
    text_block,
    thinking,
    tool_use,
)

ASKED: dict[str, Any] = {"model": "claude-sonnet-5-5", "max_tokens": 100}


def said(text: str = "hello") -> list[Any]:
    return [{"role": "user", "content": text}]


@pytest.fixture
async def server() -> AsyncIterator[MessagesServer]:
    async with MessagesServer() as running_:
        yield running_


def opened(server: MessagesServer | Running) -> AsyncAnthropic:
    return AsyncAnthropic(
        api_key=KEY, base_url=server.base_url, max_retries=0, timeout=10, http_client=DefaultAioHttpClient()
    )


@pytest.fixture
async def client(server: MessagesServer) -> AsyncIterator[AsyncAnthropic]:
    async with opened(server) as client_:
        yield client_


BLOCKS = [
    thinking("I had better look.", "c2ln"),
    text_block("I look  at\nit."),
    tool_use("read_file", {"path": "naïve/päth.txt", "lines": [1, 2]}, "toolu_7"),
    tool_use("now", {}, "toolu_8"),
]


async def test_streamed_and_plain_are_the_same_message(server: MessagesServer, client: AsyncAnthropic) -> None:
    server.default = answers(content=BLOCKS, stop_reason="tool_use")

    plain = await client.messages.create(**ASKED, messages=said())
    async with client.messages.stream(**ASKED, messages=said()) as stream:
        kinds = [event.type async for event in stream]
        streamed = await stream.get_final_message()

    assert plain.model_dump(exclude={"content"}) == streamed.model_dump(exclude={"content"})
    assert [block.to_dict() for block in plain.content] == BLOCKS
    assert [block.to_dict() for block in streamed.content] == BLOCKS
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]


async def test_usage_of_a_stream_is_cumulative(server: MessagesServer, client: AsyncAnthropic) -> None:
    raw = await client.messages.create(**ASKED, messages=said(), stream=True)
    told = [event async for event in raw]

    assert told[0].type == "message_start"
    assert told[0].message.usage.output_tokens == 1
    assert told[-2].type == "message_delta"
    assert told[-2].usage.output_tokens == 7
    assert (server.ledger.accepted, server.ledger.output_tokens) == (1, 7)


async def test_models(client: AsyncAnthropic) -> None:
    listed = [model async for model in client.models.list(limit=2)]

    assert len({model.id for model in listed}) == len(listed) > 4
    one = await client.models.retrieve("claude-sonnet-5-5")
    assert one in listed
    assert (one.display_name, one.line, one.lifecycle) == ("Claude Sonnet 5.5", "sonnet", "active")
    assert (one.max_input_tokens, one.max_tokens) == (1_000_000, 128_000)
    assert one.capabilities is not None
    assert one.capabilities.thinking.types.adaptive.supported
    with pytest.raises(anthropic.NotFoundError, match="claude-sonet"):
        await client.models.retrieve("claude-sonet")


async def test_tokens_are_counted(client: AsyncAnthropic) -> None:
    counted = await client.messages.count_tokens(model="claude-sonnet-5-5", messages=said("x" * 400))

    assert counted.input_tokens == 100


async def test_another_key(server: MessagesServer) -> None:
    stranger = AsyncAnthropic(api_key="sk-ant-other", base_url=server.base_url, max_retries=0)

    with pytest.raises(anthropic.AuthenticationError):
        await stranger.messages.create(**ASKED, messages=said())
    with pytest.raises(anthropic.AuthenticationError):
        await stranger.models.retrieve("claude-sonnet-5-5")
    assert server.ledger.statuses == {401: 1}
    await stranger.close()


CALLED: Any = {"role": "assistant", "content": [tool_use("now", {}, "toolu_8")]}
RETURNED = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_9", "content": "12:00"}]}
MARKED = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
SCHEMA = {"type": "object", "properties": {"minLength": {"type": "string", "minLength": 2}}}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"messages": []}, "at least one message"),
        ({"messages": [CALLED]}, "first message"),
        ({"messages": [*said(), CALLED, *said()]}, "toolu_8"),
        ({"messages": [*said(), CALLED]}, "toolu_8"),
        ({"messages": [*said(), RETURNED]}, "toolu_9"),
        ({"messages": said(), "max_tokens": -1}, "max_tokens"),
        ({"messages": said(), "extra_body": {"top_k": 1}}, "top_k"),
        ({"messages": [{"role": "user", "content": [MARKED] * 5}]}, "maximum of 4"),
        ({"messages": said(), "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}, "minLength"),
    ],
)
async def test_requests_that_the_api_refuses(
    server: MessagesServer, client: AsyncAnthropic, body: dict[str, Any], told: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=told):
        await client.messages.create(**{**ASKED, **body})
    assert server.ledger.accepted == 0


async def test_what_comes_after_a_tool(server: MessagesServer, client: AsyncAnthropic) -> None:
    returned: Any = {"type": "tool_result", "tool_use_id": "toolu_8", "content": "12:00"}

    await client.messages.create(**ASKED, messages=[*said(), CALLED, {"role": "user", "content": [returned]}])

    assert server.ledger.accepted == 1


async def test_faults_at_chosen_calls(server: MessagesServer, client: AsyncAnthropic) -> None:
    server.play("overloaded", calls=(2,)).play("refusal", text="[item:b]", times=1).play("pings", calls=(4,))

    async def stop(text: str) -> str:
        try:
            return str((await client.messages.create(**ASKED, messages=said(text))).stop_reason)
        except anthropic.APIStatusError as error:
            return str(error.type)

    told = [await stop(text) for text in ("[item:a]", "[item:a]", "[item:b]", "[item:b]")]

    assert told == ["end_turn", "overloaded_error", "refusal", "end_turn"]  # pings do not exist in a plain call
    assert server.ledger.played == {"overloaded": 1, "refusal": 1}
    assert server.items == {"a": 2, "b": 2}
    assert server.ledger.statuses == {200: 3, 529: 1}
    assert server.ledger.paid_twice == 1


async def test_chance_is_drawn_by_seed_and_number() -> None:
    rules = (Rule(play="overloaded", chance=0.3, seed=5),)
    played = []
    for _ in range(2):
        async with MessagesServer(script=Script(faults=rules)) as server, opened(server) as client:
            calls = (client.messages.create(**ASKED, messages=said(str(n))) for n in range(60))
            await asyncio.gather(*calls, return_exceptions=True)
            played.append(dict(server.ledger.statuses))

    assert played[0] == played[1]
    assert 8 < played[0][529] < 30


def test_unknown_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="no fault 'overlooded'; there are rate_limited, "):
        Rule(play="overlooded")


async def test_latency_and_the_peak(server: MessagesServer, client: AsyncAnthropic) -> None:
    server.latency = Latency(base_s=0.1, per_output_token_s=0.01)
    begin = asyncio.get_running_loop().time()

    await asyncio.gather(*(client.messages.create(**ASKED, messages=said()) for _ in range(5)))

    assert asyncio.get_running_loop().time() - begin > 0.17
    assert (server.ledger.peak, server.ledger.in_flight, server.ledger.gone) == (5, 0, 0)


def test_latencies_are_drawn_around_their_median() -> None:
    drawn = sorted(Latency(base_s=0.2, sigma=0.5).first_s(call) for call in range(500))

    assert 0.18 < drawn[250] < 0.22
    assert drawn[0] < 0.1 < 0.4 < drawn[-1]


async def test_a_client_that_goes_away(server: MessagesServer, client: AsyncAnthropic) -> None:
    server.play("hang")
    call = asyncio.create_task(client.messages.create(**ASKED, messages=said()))
    while not server.ledger.in_flight:
        await asyncio.sleep(0.001)
    call.cancel()
    await asyncio.wait([call])

    async with asyncio.timeout(5):
        while server.ledger.in_flight:
            await asyncio.sleep(0.001)
    assert server.ledger.gone == 1


async def test_no_fault_is_a_whole_answer(server: MessagesServer, client: AsyncAnthropic) -> None:
    await client.messages.create(**ASKED, messages=said())
    whole = []
    for name, streamed in CASES:
        turn = FAULTS[name].of(streamed)
        assert turn is not None
        server.then(turn)
        if is_whole(await outcome(client, streamed, 0.1 if name in ENDLESS else 10)):
            whole.append((name, streamed))

    assert whole == []
    assert server.ledger.requests == 1 + len(CASES)


async def outcome(client: AsyncAnthropic, streamed: bool, limit_s: float) -> Any:
    """What the SDK makes of it: a message whose end was told, or whatever else."""
    try:
        async with asyncio.timeout(limit_s):
            if not streamed:
                return await client.messages.create(**ASKED, messages=said())
            async with client.messages.stream(**ASKED, messages=said()) as stream:
                kinds = [event.type async for event in stream]
                return await stream.get_final_message() if "message_stop" in kinds else None
    except Exception as error:
        return error


def is_whole(answer: Any) -> bool:
    try:
        usage = answer.usage
        return bool(
            answer.stop_reason in {"end_turn", "tool_use"}
            and all(block.type in {"text", "tool_use"} for block in answer.content)
            and answer.content
            and min(usage.input_tokens, usage.output_tokens) >= 0
        )
    except (AttributeError, TypeError):
        return False


def test_a_turn_that_is_wrong_itself_is_told() -> None:
    async def wrong(_: object) -> None:
        raise ZeroDivisionError

    async def call() -> None:
        async with MessagesServer() as server, opened(server) as client:
            server.then(wrong)
            with pytest.raises(anthropic.InternalServerError, match="ZeroDivisionError"):
                await client.messages.create(**ASKED, messages=said())

    with pytest.raises(ExceptionGroup, match="the server itself"):
        asyncio.run(call())


async def test_a_process_of_its_own() -> None:
    with running(Script(text="from afar", faults=(Rule(play="overloaded", calls=(1,)),))) as server:
        async with opened(server) as client:
            with pytest.raises(anthropic.OverloadedError):
                await client.messages.create(**ASKED, messages=said())
            answer = await client.messages.create(**ASKED, messages=said("[item:a]"))

        assert answer.content[0].to_dict()["text"] == "from afar"
        ledger = server.ledger()
        assert (ledger["requests"], ledger["accepted"], ledger["played"]) == (2, 1, {"overloaded": 1})
        assert ledger["items"] == {"a": 1}
