"""What headers say about the pace: read whatever they hold, believed only where it makes sense."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import ModelFaulty, Overloaded, QuotaExhausted
from actors.models.limits import LONGEST_S, Limit, RateLimits, read_limits, read_wait
from actors.models.port import Reply, StopReason
from actors.wire import reply_from, reply_json
from actors.work import Usage

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
TEXTS = st.one_of(st.text("0123456789.-+e:TZ GMTnaif", max_size=30), st.floats().map(str), st.datetimes().map(str))
NAMES = st.sampled_from(
    [
        "retry-after",
        "retry-after-ms",
        "date",
        "anthropic-ratelimit-requests-reset",
        "anthropic-ratelimit-requests-limit",
    ]
)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT", "date": "Sun, 22 Nov 2026 12:00:20 GMT"}, 10),
        ({"retry-after": "86400"}, LONGEST_S),
        ({"retry-after": "Sun, 22 Nov 2099 12:00:30 GMT"}, LONGEST_S),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    wait = read_wait(headers, NOW)

    assert (wait and wait.seconds) == seconds


def test_a_wait_that_was_cut_is_said() -> None:
    wait = read_wait({"retry-after": "86400"}, NOW)

    assert wait is not None
    assert wait.told == "retry after 86400 s, which is taken for 3600 s"


def test_limits_as_the_api_tells_them() -> None:
    headers = {
        "date": "Sun, 22 Nov 2026 11:59:50 GMT",
        "anthropic-ratelimit-requests-limit": "1000",
        "anthropic-ratelimit-requests-remaining": "999",
        "anthropic-ratelimit-requests-reset": "2026-11-22T11:59:50.060Z",
        "anthropic-ratelimit-input-tokens-limit": "500000",
        "anthropic-ratelimit-input-tokens-remaining": "0",
        "anthropic-ratelimit-input-tokens-reset": "2026-11-22T12:00:20Z",
        "anthropic-ratelimit-output-tokens-remaining": "many",
    }

    assert read_limits(headers, NOW) == RateLimits(
        requests=Limit(limit=1000, remaining=999, reset_s=0.06),
        input_tokens=Limit(limit=500_000, remaining=0, reset_s=30),
    )
    assert read_limits({"request-id": "req_1"}, NOW) is None


@given(st.dictionaries(NAMES, TEXTS))
def test_no_header_is_fatal_or_absurd(headers: dict[str, str]) -> None:
    wait, limits = read_wait(headers, NOW), read_limits(headers, NOW)

    assert wait is None or 0 <= wait.seconds <= LONGEST_S
    if limits and limits.requests:
        assert limits.requests.limit is None or limits.requests.limit >= 0
        assert limits.requests.reset_s is None or 0 <= limits.requests.reset_s <= LONGEST_S


def test_all_of_an_error_crosses_to_another_process() -> None:
    told = Overloaded("busy")
    told.usage, told.lost, told.retry_after_s = Usage(input_tokens=3), True, 2.5
    told.limits = RateLimits(requests=Limit(remaining=0))

    with pytest.raises(Overloaded, match="busy") as caught:
        reply_from(*reply_json(told))

    assert vars(caught.value) == vars(told)
    for plain in (ModelFaulty("x"), QuotaExhausted()):
        with pytest.raises(type(plain)) as bare:
            reply_from(*reply_json(plain))
        assert str(bare.value) == str(plain)


def test_a_reply_crosses_to_another_process() -> None:
    reply = Reply(text="x", stop=StopReason.END, model="m", limits=RateLimits(requests=Limit(limit=5)))

    assert reply_from(*reply_json(reply)) == reply
