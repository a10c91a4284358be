"""Redaction and the table of complaints, without a server."""

import pytest

from actors.errors import ModelError, ModelFaulty, QuotaExhausted, RateLimited, RequestRefused
from actors.models.claude_errors import HEAD, Complaint, from_complaint, from_event, head, own_error, redactor

KEY = "no-prefix-key-0123"


@pytest.mark.parametrize(
    "text",
    [
        f"bad key {KEY}!",
        "bad key sk-ant-api03-AbC_d-9!",
        f"Authorization: Bearer {KEY}",
        "proxy https://someone:secret@proxy.example:8080/ failed",
        f"{KEY}{KEY}",
        "x" * 280 + KEY,
    ],
)
def test_nothing_secret_is_shown(text: str) -> None:
    shown = head(text, redactor(KEY))

    assert KEY[:6] not in shown
    assert "AbC_d" not in shown
    assert "secret" not in shown
    assert "[redacted]" in shown or shown.endswith("…")


def test_a_key_of_special_characters_is_taken_literally() -> None:
    assert redactor("a.b+c")("axb a.b+c") == "axb [redacted]"


def test_a_foreign_text_becomes_one_short_line() -> None:
    assert head("a\n\tb   c", redactor(None)) == "a b c"
    assert len(head("word " * 100_000, redactor(None))) == HEAD


@pytest.mark.parametrize(
    ("complaint", "error"),
    [
        (Complaint(429, "", "rate_limit_error", "enforced_spend_limit_reached"), QuotaExhausted),
        (Complaint(200, "", "rate_limit_error"), RateLimited),
        (Complaint(429, "", "brand_new"), RateLimited),
        (Complaint(500, "", "invalid_request_error"), RequestRefused),
        (Complaint(200, ""), ModelFaulty),
        (Complaint(599, ""), ModelFaulty),
        (Complaint(451, ""), RequestRefused),
    ],
)
def test_code_comes_before_type_and_type_before_status(complaint: Complaint, error: type[ModelError]) -> None:
    assert type(from_complaint(complaint, "m", redactor(None))) is error


@pytest.mark.parametrize("data", [None, 5, "gone", [], {"error": None}, {"error": {"type": 5, "details": []}}])
def test_any_error_event_becomes_an_error(data: object) -> None:
    assert type(from_event(data, "m", redactor(None))) is ModelFaulty


def test_an_exception_of_a_library_leaves_its_text_alone() -> None:
    cause = ConnectionResetError(f"reset with {KEY}")
    error = RuntimeError("Connection error.")
    error.__cause__ = cause

    ours = own_error(error, "claude-x", redactor(KEY))

    assert str(ours) == "claude-x: the answer did not arrive whole: ConnectionResetError: reset with [redacted]"
    assert ours.__cause__ is ours.__context__ is None
