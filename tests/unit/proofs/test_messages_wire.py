"""The test server's own HTTP: requests however they are cut, answers to the byte, connections that break as said."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from tests.messages_server import KEY, MessagesServer, answers, resets, text_block, tool_use
from tests.messages_server.wire import LARGEST, Incoming, take

BODY = b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hello"}]}'
STREAMED = BODY[:-1] + b',"stream":true}'


def request(body: bytes = BODY, more: str = "") -> bytes:
    head = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
async def server() -> AsyncIterator[MessagesServer]:
    async with MessagesServer() as running:
        yield running


Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def raw(server: MessagesServer) -> AsyncIterator[Pair]:
    host, port = server.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    yield reader, writer
    writer.transport.abort()


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of the next answer that tells its length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    return head, await reader.readexactly(int(length.split(b":")[1]))


def test_a_request_is_taken_once_it_is_whole() -> None:
    whole = request()
    for cut in range(len(whole)):
        assert take(bytearray(whole[:cut])) is None
    buffer = bytearray(whole + b"POST")

    incoming = take(buffer)

    assert isinstance(incoming, Incoming)
    assert (incoming.method, incoming.path, incoming.body) == ("POST", "/v1/messages", BODY)
    assert incoming.headers["authorization"] == f"Bearer {KEY}"
    assert buffer == b"POST"


async def test_requests_are_answered_in_their_order(server: MessagesServer, raw: Pair) -> None:
    server.then(answers("one"), answers("two"))
    reader, writer = raw
    writer.write(request() + request()[:50])
    assert b"one" in (await answer(reader))[1]
    writer.write(request()[50:])
    assert b"two" in (await answer(reader))[1]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (LARGEST + 1), 413),
        (b"x" * 70_000, 431),
    ],
)
async def test_what_cannot_be_read(raw: Pair, sent: bytes, status: int) -> None:
    reader, writer = raw
    writer.write(sent)

    assert (await reader.read()).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize("body", [b"", b"{oops", b"[1]", b"\xff"])
async def test_a_body_that_is_no_object(raw: Pair, body: bytes) -> None:
    reader, writer = raw
    writer.write(request(body))

    head, told = await answer(reader)

    assert head.startswith(b"HTTP/1.1 400 ")
    assert "not a JSON object" in json.loads(told)["error"]["message"]


async def test_a_stream_to_the_byte(server: MessagesServer, raw: Pair) -> None:
    server.then(answers(content=[text_block("Hi you"), tool_use("now", {"a": 1}, "t1")], stop_reason="tool_use"))
    reader, writer = raw
    writer.write(request(STREAMED, "Connection: close\r\n"))

    head, _, chunks = (await reader.read()).partition(b"\r\n\r\n")

    assert b"content-type: text/event-stream" in head
    assert b"request-id: req_1" in head
    size, _, rest = chunks.partition(b"\r\n")
    told = rest[: int(size, 16)].decode().split("\n\n")
    usage = '"input_tokens":11,"output_tokens":{},"cache_creation_input_tokens":3,"cache_read_input_tokens":5'
    assert f'"stop_reason":null,"stop_sequence":null,"stop_details":null,"usage":{{{usage.format(1)}}}' in told[0]
    block = 'event: content_block_{0}\ndata: {{"type":"content_block_{0}","index":{1}{2}}}'
    assert told[1:] == [
        'event: ping\ndata: {"type":"ping"}',
        block.format("start", 0, ',"content_block":{"type":"text","text":"","citations":null}'),
        block.format("delta", 0, ',"delta":{"type":"text_delta","text":"Hi "}'),
        block.format("delta", 0, ',"delta":{"type":"text_delta","text":"you"}'),
        block.format("stop", 0, ""),
        block.format(
            "start",
            1,
            ',"content_block":{"type":"tool_use","id":"t1","name":"now","input":{},"caller":{"type":"direct"}}',
        ),
        block.format("delta", 1, ',"delta":{"type":"input_json_delta","partial_json":""}'),
        block.format("delta", 1, ',"delta":{"type":"input_json_delta","partial_json":"{\\"a\\":1}"}'),
        block.format("stop", 1, ""),
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null,'
        f'"stop_details":null}},"usage":{{{usage.format(7)}}}}}',
        'event: message_stop\ndata: {"type":"message_stop"}',
        "",
    ]


async def test_reset_is_rst_and_close_is_fin(server: MessagesServer, raw: Pair) -> None:
    server.then(resets(b'{"half', how="close"), resets(b'{"half'))
    reader, writer = raw
    writer.write(request())
    assert (await reader.read()).endswith(b'{"half')

    host, port = server.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request())
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
