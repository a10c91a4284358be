"""The real SDK against a Messages API on loopback: what is asked, and what is made of a whole answer."""

import re
from typing import Any

import pytest

from actors.errors import AnswerCutOff, AnswerInvalid, AnswerRefused, ContextTooLong, ModelError, ModelFaulty
from actors.models.claude import ClaudeModel
from actors.models.port import Request, StopReason
from actors.work import Usage
from tests.messages_server import KEY, MessagesServer, Turn, answers
from tests.support.claude_calls import ask, failure

SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string", "minLength": 2}, "score": {"type": ["integer", "null"], "minimum": 1}},
    "required": ["text", "score"],
}


async def test_an_answer(server: MessagesServer, model: ClaudeModel) -> None:
    reply = await model.complete(ask("Say [item:a] hello.", system="Be brief.", max_tokens=20_000, tag="r/a/1"))

    assert reply.text == "Hello from the server."
    assert reply.stop is StopReason.END
    assert reply.model == "claude-sonnet-5-5"
    assert reply.usage == Usage(input_tokens=11, output_tokens=7, cache_read_tokens=5, cache_write_tokens=3)
    assert reply.request_id == "req_1"
    assert 0 < reply.seconds < 30
    assert server.items == {"a": 1}
    (call,) = server.calls
    assert call.headers["Authorization"] == f"Bearer {KEY}"
    assert call.body == {
        "model": "claude-sonnet-5-5",
        "max_tokens": 20_000,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Say [item:a] hello."}],
    }


async def test_a_watched_answer_is_streamed(server: MessagesServer, model: ClaudeModel) -> None:
    seen: list[str] = []

    reply = await model.complete(ask(), seen.append)

    assert seen == ["Hello ", "from ", "the ", "server."]
    assert reply.text == "Hello from the server."
    assert reply.usage == Usage(input_tokens=11, output_tokens=7, cache_read_tokens=5, cache_write_tokens=3)
    assert reply.request_id == "req_1"
    assert server.calls[0].body["stream"] is True


async def test_a_long_answer_is_streamed_though_nobody_watches(server: MessagesServer, model: ClaudeModel) -> None:
    for max_tokens in (21_333, 21_334):
        assert (await model.complete(ask(max_tokens=max_tokens))).text == "Hello from the server."

    assert [call.body.get("stream") for call in server.calls] == [None, True]


async def test_a_watcher_that_fails_does_not_break_the_call(model: ClaudeModel) -> None:
    def watch(_: str) -> None:
        raise ValueError("closed window")

    assert (await model.complete(ask(), watch)).text == "Hello from the server."


@pytest.mark.parametrize("watched", [False, True])
async def test_thinking_is_no_part_of_the_answer(server: MessagesServer, model: ClaudeModel, watched: bool) -> None:
    blocks = [{"type": "thinking", "thinking": "", "signature": "s"}, {"type": "text", "text": "Yes."}]
    server.then(answers(content=[*blocks, {"type": "text", "text": " No."}]))

    assert (await model.complete(ask(), (lambda _: None) if watched else None)).text == "Yes. No."


@pytest.mark.parametrize("watched", [False, True])
async def test_structured_output(server: MessagesServer, model: ClaudeModel, watched: bool) -> None:
    server.then(answers('{"text": "fine", "score": null}'))

    reply = await model.complete(ask(output=SCHEMA), (lambda _: None) if watched else None)

    assert reply.parsed == {"text": "fine", "score": None}
    wire = server.calls[0].body["output_config"]["format"]
    assert wire["type"] == "json_schema"
    assert wire["schema"]["additionalProperties"] is False
    # The API answers 400 to minLength and minimum, and knows no list of types.
    assert not {"minLength", "minimum"} & keys(wire["schema"])
    assert [option["type"] for option in wire["schema"]["properties"]["score"]["anyOf"]] == ["integer", "null"]


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize(
    ("turn", "request_", "error", "told"),
    [
        (answers('{"text": "x", "sco', stop_reason="max_tokens"), ask(output=SCHEMA), AnswerCutOff, "4096 max_tokens"),
        (answers("", stop_reason="max_tokens", content=[]), ask(), AnswerCutOff, "max_tokens"),
        (answers('{"text": "x", "score": 0}'), ask(output=SCHEMA), AnswerInvalid, r"\$\.text: .*\$\.score: "),
        (answers("no JSON at all"), ask(output=SCHEMA), AnswerInvalid, "not JSON"),
        (answers("", content=[]), ask(), AnswerInvalid, "empty"),
        (
            answers("Sorry", stop_reason="refusal", stop_details={"type": "refusal", "category": "bio"}),
            ask(output=SCHEMA),
            AnswerRefused,
            "category: bio",
        ),
        (answers("x", stop_reason="refusal"), ask(), AnswerRefused, "none given"),
        (answers("x", stop_reason="model_context_window_exceeded"), ask(), ContextTooLong, "11 tokens of prompt"),
        (answers(content=[{"type": "tool_use", "id": "t", "name": "n", "input": {}}]), ask(), ModelFaulty, "tool_use"),
    ],
)
async def test_what_stopped_the_answer_comes_before_its_text(
    server: MessagesServer, model: ClaudeModel, turn: Turn, request_: Request, error: type[ModelError], told: str
) -> None:
    server.then(turn, turn)

    for watched in (False, True):
        failed = await failure(model, request_, watched=watched)

        assert type(failed) is error
        assert re.search(told, str(failed))
        assert failed.usage.output_tokens == 7
