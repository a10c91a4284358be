"""What a call costs, in US dollars. A model without a price costs None, never 0.

Prices per million tokens as published on 2026-10-24 (source: platform.claude.com/docs/en/about-claude/pricing).
"""

import re
from functools import lru_cache
from typing import NamedTuple

from actors.work import Usage

MTOK = 1_000_000


class Price(NamedTuple):
    """US dollars per million tokens. A cache write is one of five minutes, the only kind asked for here."""

    input: float
    output: float
    cache_write: float
    cache_read: float


class LongPrompt(NamedTuple):
    """Above so many prompt tokens the whole request, its output too, has another price."""

    above: int
    price: Price


_OPUS = Price(5, 25, 6.25, 0.50)
_SONNET_4 = Price(3, 15, 3.75, 0.30)
_FABLE = Price(10, 50, 12.50, 1.00)
_FABLE_5_1 = Price(10, 50, 12.50, 0.25)
_FREE = Price(0, 0, 0, 0)

PRICES: dict[str, Price] = {
    "claude-fable-5-1": _FABLE_5_1,
    "claude-mythos-5-1": _FABLE_5_1,
    "claude-fable-5": _FABLE,
    "claude-mythos-5": _FABLE,
    "claude-opus-5-5": Price(4, 20, 5, 0.20),
    "claude-opus-5": _OPUS,
    "claude-opus-4-8": _OPUS,
    "claude-opus-4-7": _OPUS,
    "claude-opus-4-6": _OPUS,
    "claude-opus-4-5": _OPUS,
    "claude-sonnet-5-5": Price(2, 10, 2.50, 0.10),
    "claude-sonnet-5": Price(2, 10, 2.50, 0.20),
    "claude-sonnet-4-6": _SONNET_4,
    "claude-sonnet-4-5": _SONNET_4,
    "claude-haiku-5-5": Price(0.10, 0.50, 0.125, 0.01),
    "claude-haiku-4-5": Price(1, 5, 1.25, 0.10),
    "local": _FREE,
    "scripted": _FREE,
}

LONG_PROMPTS: dict[str, LongPrompt] = {
    "claude-haiku-5-5": LongPrompt(100_000, Price(0.50, 2.50, 0.625, 0.05)),
}

_RELEASE = re.compile(r"-\d{8}$")


@lru_cache(maxsize=1000)
def plain_name(model: str) -> str:
    """Without the date of a release, and without what of local/… is behind the stroke."""
    return _RELEASE.sub("", model.split("/", 1)[0])


def price_of(model: str, prompt_tokens: int = 0) -> Price | None:
    """The price of one call with a prompt of this length; None if nobody told it.

    A dated name (claude-haiku-4-5-20251001) costs what the model costs, and so does local/… .
    """
    name = plain_name(model)
    long = LONG_PROMPTS.get(name)
    if long is not None and prompt_tokens > long.above:
        return long.price
    return PRICES.get(name)


def is_free(model: str) -> bool:
    """Whether a call costs nothing, whatever became of it."""
    return price_of(model) == _FREE


def cost_usd(model: str, usage: Usage, prompt_tokens: int | None = None) -> float | None:
    """Cost of one call; None if the price is unknown.

    `prompt_tokens` defaults to all the input of `usage`, so the calls of a sum are priced one by one.
    """
    if prompt_tokens is None:
        prompt_tokens = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    price = price_of(model, prompt_tokens)
    if price is None:
        return None
    dollars = (
        usage.input_tokens * price.input
        + usage.output_tokens * price.output
        + usage.cache_write_tokens * price.cache_write
        + usage.cache_read_tokens * price.cache_read
    )
    return dollars / MTOK
