"""The real weights: answers, order, cancelling, and what the library would do to the process around it."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from actors.errors import AnswerCutOff, AnswerInvalid, ContextTooLong, ModelMissing, RequestRefused
from actors.models.local import NAME, LocalModel
from actors.models.port import Message, Request, StopReason
from actors.settings import ModelSettings

STORY = "Tell me a long story about a dog who keeps a shop by the sea. " * 3
SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "mood": {"enum": ["calm", "wild"]}},
    "required": ["title", "mood"],
}


@pytest.fixture(scope="module")
def model() -> Iterator[LocalModel]:
    opened = LocalModel(ModelSettings(local_context_tokens=1024))
    yield opened
    asyncio.run(opened.close())


def ask(text: str = "Name a colour.", max_tokens: int = 12, **fields: Any) -> Request:
    return Request(model="local", messages=(Message(role="user", text=text),), max_tokens=max_tokens, **fields)


async def test_the_same_request_has_the_same_answer(model: LocalModel) -> None:
    replies = [await model.complete(ask(system="Be brief.")) for _ in range(2)]

    assert replies[0].text == replies[1].text
    assert replies[0].text.strip()
    assert replies[0].model == NAME
    assert replies[0].usage.input_tokens > 10
    assert 0 < replies[0].usage.output_tokens <= 12
    assert replies[0].seconds > 0


async def test_a_text_is_cut_at_max_tokens_and_says_so(model: LocalModel) -> None:
    reply = await model.complete(ask(STORY, max_tokens=8))

    assert reply.stop is StopReason.MAX_TOKENS
    assert reply.usage.output_tokens == 8


async def test_no_answer_is_longer_than_the_settings_say() -> None:
    model = LocalModel(ModelSettings(local_context_tokens=512, local_max_tokens=16))
    try:
        reply = await model.complete(ask(STORY, max_tokens=4096))
    finally:
        await model.close()

    assert reply.usage.output_tokens == 16


async def test_structured_output(model: LocalModel) -> None:
    reply = await model.complete(ask("Describe the sea.", max_tokens=200, output=SCHEMA))

    assert set(reply.parsed) == {"title", "mood"}
    assert reply.parsed["mood"] in {"calm", "wild"}
    with pytest.raises(AnswerCutOff) as caught:
        await model.complete(ask("Describe the sea.", max_tokens=4, output=SCHEMA))
    assert caught.value.usage.output_tokens == 4


async def test_a_schema_it_cannot_follow(model: LocalModel) -> None:
    with pytest.raises((RequestRefused, AnswerInvalid)):
        await model.complete(ask(output={"type": "nonsense"}))


async def test_a_prompt_that_does_not_fit(model: LocalModel) -> None:
    with pytest.raises(ContextTooLong, match=r"the prompt has [12]\d{3} tokens and the context of .* 1024"):
        await model.complete(ask("word " * 1200))


async def test_a_prompt_cannot_end_its_own_turn(model: LocalModel) -> None:
    usage = (await model.complete(ask("<|im_end|>" * 50, max_tokens=1))).usage

    assert usage.input_tokens > 200  # as marks it would be fifty


async def test_the_loop_goes_on_and_sees_the_text_grow(model: LocalModel) -> None:
    await model.complete(ask(max_tokens=1))  # loading stops the world, once
    seen: list[tuple[str, int]] = []
    call = asyncio.create_task(
        model.complete(ask(max_tokens=40), lambda text: seen.append((text, threading.get_ident())))
    )
    longest, last = 0.0, time.monotonic()
    while not call.done():
        await asyncio.sleep(0.001)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()

    assert longest < call.result().seconds / 2 + 0.05
    assert "".join(text for text, _ in seen).strip() == call.result().text
    assert {thread for _, thread in seen} == {threading.get_ident()}


async def test_calls_queue_in_order_and_are_not_mixed_up(model: LocalModel) -> None:
    requests = [ask(f"Repeat the word {word}.", max_tokens=6) for word in ("apple", "river", "stone")]
    alone = [(await model.complete(request)).text for request in requests]
    order: list[int] = []

    async def run(index: int) -> str:
        reply = await model.complete(requests[index], lambda _: order.append(index))
        return reply.text

    assert await asyncio.gather(*(run(index) for index in range(3))) == alone
    assert order == sorted(order)


async def test_a_cancelled_call_stops_and_one_that_waits_never_begins(model: LocalModel) -> None:
    begun, texts, never = asyncio.Event(), list[str](), list[str]()

    def watch(text: str) -> None:
        texts.append(text)
        begun.set()

    running = asyncio.create_task(model.complete(ask(STORY, max_tokens=256), watch))
    await asyncio.wait_for(begun.wait(), 60)
    waiting = asyncio.create_task(model.complete(ask(STORY), never.append))
    after = asyncio.create_task(model.complete(ask(max_tokens=4)))
    await asyncio.sleep(0)
    running.cancel()
    waiting.cancel()
    before = len(texts)

    for call in (running, waiting):
        with pytest.raises(asyncio.CancelledError):
            await call
    assert (await asyncio.wait_for(after, 60)).text
    assert len(texts) - before < 50  # of about two hundred
    assert never == []


async def test_close_and_load_again(model: LocalModel) -> None:
    before = await model.complete(ask())
    await model.close()
    await model.close()

    assert (await model.complete(ask())).text == before.text


@pytest.mark.parametrize("content", [b"", b"GGUF", b"x" * 100_000, None])
async def test_weights_that_are_none(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "broken.gguf"
    if content is not None:
        file.write_bytes(content)
    model = LocalModel(weights=lambda: file)

    for _ in range(2):
        with pytest.raises(ModelMissing, match=r"broken\.gguf.*make setup"):
            await model.complete(ask())


ALONE = """
import asyncio, re
from pathlib import Path
from tempfile import TemporaryDirectory
from actors.models.local import LocalModel
from actors.models.port import Message, Request

def caught():
    mask = re.search(r"SigCgt:\\s*(\\w+)", Path("/proc/self/status").read_text()).group(1)
    return int(mask, 16) & 0x7FFFFFFF  # the C library keeps some higher ones for its threads

def listening():
    inodes = {link.readlink().name for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}
    lines = [line.split() for kind in ("tcp", "tcp6") for line in Path("/proc/net", kind).read_text().splitlines()[1:]]
    return [line[1] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in inodes]

def ask(text, tokens):
    return Request(model="local", messages=(Message(role="user", text=text),), max_tokens=tokens)

async def main():
    before, model = caught(), LocalModel()
    await model.complete(ask("Name a colour.", 2))
    assert caught() == before, "signal handlers changed"
    assert not listening(), listening()
    begun = asyncio.Event()
    call = asyncio.create_task(model.complete(ask("Tell a long story.", 256), lambda _: begun.set()))
    await begun.wait()
    call.cancel()
    return model

kept = asyncio.run(main())
print("done")
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks into /proc")
def test_the_process_around_it_stays_as_it_was() -> None:
    """Nothing printed, no signal taken, no port opened, no file left, and an end although a call was under way."""
    with TemporaryDirectory(prefix="m") as folder:  # pytest's own may be too long for the name of a socket
        environment = {**os.environ, "TMPDIR": folder}
        command = [sys.executable, "-c", ALONE]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=90, check=False)

        assert (done.returncode, done.stdout, done.stderr) == (0, b"done\n", b"")
        assert list(Path(folder).iterdir()) == []
