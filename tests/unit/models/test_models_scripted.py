"""The scripted model: the same answers every time, and the failures that a script asks for."""

import asyncio
import subprocess
import sys
import time

import pytest
from pydantic import ValidationError

from actors.errors import AnswerCutOff, AnswerInvalid, ModelError, QuotaExhausted
from actors.machine.process_memory import held_mb
from actors.models.port import Message, Request, StopReason
from actors.models.script import FAILURES, Rule, Script, ScriptedCall
from actors.models.scripted import EXIT_CODE, ScriptedModel
from actors.work import FailureKind, Usage

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


def ask(text: str = "Summarise the report.", tag: str = "run/a/1", **fields: object) -> Request:
    return Request(model="scripted", messages=(Message(role="user", text=text),), tag=tag).model_copy(update=fields)


def scripted(*rules: Rule, latency_s: float = 0.0) -> ScriptedModel:
    # Through JSON, as a script comes from a file or another process.
    return ScriptedModel(Script.model_validate_json(Script(rules=rules, latency_s=latency_s).model_dump_json()))


async def test_the_same_request_has_the_same_answer() -> None:
    one, other = await scripted().complete(ask(system="Brief.")), await scripted().complete(ask(system="Brief."))

    assert one.model_copy(update={"seconds": 0}) == other.model_copy(update={"seconds": 0})
    assert one.text == "Scripted answer 365a7440 to: Summarise the report."
    assert one.usage == Usage(input_tokens=(21 + 6) // 4, output_tokens=len(one.text) // 4)
    assert (one.model, one.stop, one.parsed) == ("scripted", StopReason.END, None)
    assert (await scripted().complete(ask("Another"))).text != one.text
    assert (await scripted().complete(ask().model_copy(update={"messages": ()}))).text


async def test_a_schema_is_fitted() -> None:
    reply = await scripted().complete(ask(output=SCHEMA))

    assert reply.parsed == {"text": "Scripted answer 365a7440 to: Summarise the report."}


async def test_the_first_rule_that_fits_counts() -> None:
    model = scripted(Rule(match="b", answer="of b"), Rule(match="^run/[bc]/", regex=True, answer="of the tag"))

    assert (await model.complete(ask("nothing", tag="run/c/1"))).text == "of the tag"
    assert (await model.complete(ask("a b c", tag="run/c/1"))).text == "of b"
    assert (await model.complete(ask("nothing", system="b"))).text == "of b"
    assert (await model.complete(ask("nothing"))).text.startswith("Scripted answer")
    assert model.requests == 4


async def test_a_dot_is_a_dot() -> None:
    model = scripted(Rule(match="a.b", answer="found"))

    assert (await model.complete(ask("axb"))).text != "found"
    assert (await model.complete(ask("a.b"))).text == "found"


async def test_times() -> None:
    model = scripted(Rule(match="x", times=2, answer="first two"), Rule(match="x", answer="later"))

    assert [(await model.complete(ask("x"))).text for _ in range(3)] == ["first two", "first two", "later"]


async def test_answers_to_a_schema() -> None:
    model = scripted(
        Rule(match="fits", answer={"text": "y"}),
        Rule(match="text", answer='{"text": "z"}'),
        Rule(match="bad", answer={"text": 1}),
        Rule(match="cut", answer={"text": "y"}, stop=StopReason.MAX_TOKENS),
    )

    assert (await model.complete(ask("fits", output=SCHEMA))).parsed == {"text": "y"}
    assert (await model.complete(ask("fits"))).text == '{"text": "y"}'
    assert (await model.complete(ask("text", output=SCHEMA))).parsed == {"text": "z"}
    assert (await model.complete(ask("cut"))).stop is StopReason.MAX_TOKENS
    with pytest.raises(AnswerInvalid, match=r"\$\.text"):
        await model.complete(ask("bad", output=SCHEMA))
    with pytest.raises(AnswerCutOff):
        await model.complete(ask("cut", output=SCHEMA))


@pytest.mark.parametrize("kind", FAILURES)
async def test_every_failure_of_a_model(kind: FailureKind) -> None:
    with pytest.raises(ModelError, match="no money") as caught:
        await scripted(Rule(failure=kind, message="no money")).complete(ask())

    assert caught.value.kind is kind


async def test_failures_of_the_table() -> None:
    assert FAILURES[FailureKind.QUOTA] is QuotaExhausted
    assert set(FailureKind) - set(FAILURES) == {FailureKind.TIMEOUT, FailureKind.AGENT_FAULT}
    with pytest.raises(RuntimeError, match="oops"):
        await scripted(Rule(failure=FailureKind.AGENT_FAULT, message="oops")).complete(ask())


@pytest.mark.parametrize(
    "fields",
    [
        {"match": "(", "regex": True},
        {"failure": "timeout"},
        {"failure": "no_such"},
        {"times": 0},
        {"delay_s": -1},
        {"unknown": 1},
    ],
)
def test_scripts_with_mistakes(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Script.model_validate({"rules": [fields]})


async def test_latency_and_delay() -> None:
    model = scripted(Rule(match="slow", delay_s=0.05), latency_s=0.05)
    begin = time.perf_counter()
    await asyncio.gather(*(model.complete(ask("quick")) for _ in range(20)))
    quick = time.perf_counter() - begin
    reply = await model.complete(ask("slow"))

    assert 0.05 <= quick < 0.5  # twenty one after another would take a second
    assert reply.seconds >= 0.1


async def test_hanging_until_cancelled() -> None:
    model = scripted(Rule(hang=True, times=1))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(model.complete(ask()), 0.05)
    assert (await model.complete(ask())).text


@pytest.mark.skipif(not held_mb(), reason="this system does not tell")
async def test_what_eats_memory_takes_it_and_never_answers() -> None:
    before = held_mb()
    call = asyncio.ensure_future(scripted(Rule(seize="memory")).complete(ask()))
    while held_mb() - before < 20:
        await asyncio.sleep(0.01)
    assert not call.done()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert call.cancelled()


def test_exit_ends_the_process_at_once() -> None:
    code = """
import asyncio
from actors.models.port import Request
from actors.models.script import Rule, Script
from actors.models.scripted import ScriptedModel
try:
    asyncio.run(ScriptedModel(Script(rules=(Rule(exit=True),))).complete(Request(model="scripted", messages=())))
finally:
    print("still here")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (EXIT_CODE, b""), done.stderr


async def test_deltas_add_up() -> None:
    seen: list[str] = []

    def watch(text: str) -> None:
        seen.append(text)
        raise ValueError("closed window")

    reply = await scripted().complete(ask(), watch)

    assert len(seen) > 3
    assert "".join(seen) == reply.text


async def test_a_call_is_quick() -> None:
    model, request = ScriptedModel(), ask("word " * 1000)
    best = min([await _seconds_of_500(model, request) for _ in range(5)]) / 500

    assert best < 20e-6 * 3  # on an idle machine about 6 microseconds


async def _seconds_of_500(model: ScriptedModel, request: Request) -> float:
    begin = time.process_time()
    for _ in range(500):
        await model.complete(request)
    return time.process_time() - begin


async def test_half_a_character_is_replaced() -> None:
    called = Rule(match="call", answer="cut \ud83d", calls=(ScriptedCall(tool="note", arguments={"text": "\ud83d"}),))
    model = ScriptedModel(Script(rules=(called, Rule(match="text", answer="\ud83d"), Rule(answer=["\ud83d"]))))

    asked = await model.complete(ask("call"))
    assert asked.text == "cut \ufffd"
    assert asked.tool_calls[0].input == {"text": "\ufffd"}
    assert (await model.complete(ask("text"))).text == "\ufffd"
    assert (await model.complete(ask())).text == '["\ufffd"]'
