"""Prompt caching: which part of a prompt is read from the cache, which is written to it, and which is neither.

A breakpoint is a block with `cache_control`, or the last block if the request itself has it. What a prompt shares with
an earlier one up to one of that one's breakpoints is read; the rest up to the last breakpoint is written, if all of it
is at least as long as the model's minimum.
"""

import hashlib
import json
from typing import Any, NamedTuple

from tests.messages_server.tokens import count, prompt

MINIMUM = (
    (("claude-haiku-4-5", "claude-opus-4-5", "claude-opus-4-6"), 4096),
    (("claude-opus-5", "claude-fable-5"), 512),
)
"""Tokens below which nothing is cached, by the beginning of the model's name."""
USUAL_MINIMUM = 1024
LIFE_S = {"5m": 300.0, "1h": 3600.0}
LOOKBACK = 20
"""Blocks before a breakpoint in which an earlier breakpoint is found."""


class Prefix(NamedTuple):
    """A prompt up to and with one block."""

    key: str
    tokens: int
    life_s: float | None
    """How long it is kept; None: no breakpoint."""


class Split(NamedTuple):
    """The tokens of one prompt."""

    read: int
    written: int
    fresh: int
    prefixes: tuple[Prefix, ...] = ()
    """What is kept once the answer begins."""


class Cache:
    """What earlier prompts left. `minute_s` scales how long."""

    def __init__(self, minute_s: float = 60.0) -> None:
        self._scale = minute_s / 60.0
        self._until: dict[str, float] = {}

    def look(self, body: dict[str, Any], now: float) -> Split:
        """How this prompt is split; nothing is changed."""
        whole = prompt(body)
        prefixes = _prefixes(body)
        marked = [at for at, prefix in enumerate(prefixes) if prefix.life_s is not None]
        if not marked or prefixes[marked[-1]].tokens < minimum(str(body.get("model"))):
            return Split(0, 0, whole)
        seen = {near for at in marked for near in range(max(0, at - LOOKBACK), at + 1)}
        read = max((prefixes[at].tokens for at in seen if self._until.get(prefixes[at].key, 0.0) > now), default=0)
        last = prefixes[marked[-1]].tokens
        kept = tuple(prefixes[at] for at in marked)
        return Split(read, last - read, whole - last, kept)

    def keep(self, split: Split, now: float) -> None:
        """The answer has begun: other prompts may read these prefixes from now on."""
        for prefix in split.prefixes:
            assert prefix.life_s is not None
            self._until[prefix.key] = now + prefix.life_s * self._scale


def minimum(model: str) -> int:
    """The shortest prefix that this model caches, in tokens."""
    return next((tokens for names, tokens in MINIMUM if model.startswith(names)), USUAL_MINIMUM)


def _prefixes(body: dict[str, Any]) -> list[Prefix]:
    blocks = list(_blocks(body))
    digest = hashlib.blake2b(str(body.get("model")).encode(), digest_size=16)
    tokens, prefixes = 0, []
    for at, block in enumerate(blocks):
        control = block.get("cache_control") or (body.get("cache_control") if at == len(blocks) - 1 else None)
        plain = {name: value for name, value in block.items() if name != "cache_control"}
        digest.update(json.dumps(plain, sort_keys=True).encode())
        tokens += count({name: value for name, value in plain.items() if name != "role"})
        life_s = LIFE_S[control.get("ttl", "5m")] if control else None
        prefixes.append(Prefix(digest.hexdigest(), tokens, life_s))
    return prefixes


def _blocks(body: dict[str, Any]) -> Any:
    """The prompt's blocks in the order in which they are cached."""
    yield from body.get("tools") or []
    system = body.get("system") or []
    yield from [{"type": "text", "text": system}] if isinstance(system, str) else system
    for said in body.get("messages", []):
        content = said["content"]
        texts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        yield from ({**block, "role": said["role"]} for block in texts)
