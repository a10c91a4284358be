"""Prices: bands by prompt length, cache classes, and no price that is invented."""

import pytest

from actors.models.choice import DEFAULT_CLAUDE
from actors.models.pricing import LONG_PROMPTS, PRICES, cost_usd, price_of
from actors.work import Usage

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("model", "usage", "dollars"),
    [
        ("claude-sonnet-5-5", Usage(input_tokens=MILLION), 2),
        ("claude-sonnet-5-5", Usage(output_tokens=MILLION), 10),
        ("claude-sonnet-5-5", Usage(cache_read_tokens=MILLION), 0.10),
        ("claude-sonnet-5-5", Usage(cache_write_tokens=MILLION), 2.50),
        ("claude-opus-5-5", Usage(input_tokens=1000, output_tokens=500), 0.014),
        ("claude-haiku-4-5-20251001", Usage(output_tokens=MILLION), 5),
        ("local/smollm2-135m-instruct", Usage(output_tokens=MILLION), 0),
        ("scripted", Usage(output_tokens=MILLION), 0),
    ],
)
def test_cost(model: str, usage: Usage, dollars: float) -> None:
    assert cost_usd(model, usage) == pytest.approx(dollars)


@pytest.mark.parametrize("model", ["claude-fable-5-2", "claude-unheard-of", "", "localhost", "fake"])
def test_an_unknown_price_is_not_zero(model: str) -> None:
    assert cost_usd(model, Usage(input_tokens=1)) is None
    assert cost_usd(model, Usage()) is None


def test_a_long_prompt_is_priced_with_all_that_is_in_it() -> None:
    short = Usage(input_tokens=60_000, cache_read_tokens=30_000, cache_write_tokens=10_000, output_tokens=MILLION)
    long = short.model_copy(update={"input_tokens": 60_001})

    assert cost_usd("claude-haiku-5-5", short) == pytest.approx(0.006 + 0.0003 + 0.00125 + 0.50)
    assert cost_usd("claude-haiku-5-5", long) == pytest.approx(0.0300005 + 0.0015 + 0.00625 + 2.50)


def test_the_sum_of_short_calls_is_not_a_long_one() -> None:
    both = Usage(input_tokens=MILLION)

    assert cost_usd("claude-haiku-5-5", both, prompt_tokens=50_000) == pytest.approx(0.10)
    assert cost_usd("claude-haiku-5-5", both) == pytest.approx(0.50)


def test_the_table_is_sound() -> None:
    for name, price in PRICES.items():
        if name.startswith("claude-"):
            assert 0 < price.cache_read < price.input < price.cache_write < price.output, name
    assert LONG_PROMPTS.keys() <= PRICES.keys()
    assert price_of(DEFAULT_CLAUDE) is not None
