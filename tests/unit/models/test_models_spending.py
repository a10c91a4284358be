"""What the calls of an attempt used, summed."""

from actors.errors import ModelFaulty
from actors.models.port import Message, Reply, Request, StopReason
from actors.models.spending import Spending
from actors.work import Usage

ASK = Request(model="claude-haiku-5-5", messages=(Message(role="user", text="x" * 350),), max_tokens=1000)
USED = Usage(input_tokens=100, output_tokens=10)


def reply(model: str, usage: Usage = USED) -> Reply:
    return Reply(text="x", stop=StopReason.END, model=model, usage=usage)


def test_a_price_that_nobody_knows_stays_unknown() -> None:
    spending = Spending()
    spending.answered(reply("claude-brand-new"))
    spending.given_up(ASK.model_copy(update={"model": "claude-brand-new"}))
    spending.answered(reply("claude-haiku-5-5"))

    assert (spending.sum.cost_usd, spending.sum.estimated_usd, spending.sum.usage) == (None, 0, USED + USED)


def test_every_call_has_the_price_of_its_own_prompt() -> None:
    spending = Spending()
    for _ in range(2):
        spending.answered(reply("claude-haiku-5-5", Usage(input_tokens=60_000)))

    assert spending.sum.cost_usd == 2 * 60_000 * 0.10 / 1e6, "two short prompts are no long one"


def test_a_lost_call_that_used_more_than_its_estimate_costs_what_was_told() -> None:
    spending, error = Spending(), ModelFaulty("reset")
    error.lost, error.usage = True, Usage(input_tokens=1_000, output_tokens=1_000)
    spending.failed(ASK, error)

    assert spending.sum.estimated_usd == 0
    assert spending.sum.cost_usd == (1_000 * 0.10 + 1_000 * 0.50) / 1e6


def test_a_model_of_no_price_costs_nothing_whatever_is_lost() -> None:
    spending = Spending()
    spending.given_up(ASK.model_copy(update={"model": "local"}))

    assert (spending.sum.cost_usd, spending.sum.estimated_usd, spending.sum.effort.calls) == (0, 0, 1)
