"""Text for a terminal: harmless, of an exact width, told as people tell it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cluster.cli import text
from tests.support.screens import HARMLESS


@given(st.text())
def test_no_text_can_command_a_terminal(written: str) -> None:
    assert HARMLESS.fullmatch(text.one_line(written))
    assert HARMLESS.fullmatch(re.sub("[\n\t]", "", text.safe(written)))


@given(st.text(), st.integers(0, 50))
def test_a_text_that_is_made_to_fit_has_exactly_that_width(written: str, width: int) -> None:
    assert cell_len(text.fit(text.one_line(written), width)) == width


def test_text_stays_what_it_is_where_it_does_no_harm() -> None:
    for harmless in ("[red]", "漢字", "é", "👩‍👩‍👧", "a\u00a0b", "\\n"):
        assert text.safe(harmless) == harmless
        assert text.one_line(harmless) == " ".join(harmless.split())
    assert text.safe("a\r\nb\tc\x1b[0m") == "a\nb\tc\\x1b[0m"
    assert text.one_line("a\n  b") == "a b"


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (59.99, "1 min 00 s"), (125, "2 min 05 s"), (3725, "1 h 02 min")],
)
def test_seconds_are_told_as_people_do(value: float, told: str) -> None:
    assert text.seconds(value) == told


def test_an_unknown_cost_is_never_shown_as_none() -> None:
    assert [text.dollars(value) for value in (None, 0.0, 1e-6, 0.00421, 12.5)] == [
        "cost unknown",
        "$0.00",
        "<$0.0001",
        "$0.0042",
        "$12.50",
    ]
    assert [text.number(value) for value in (99_999, 123_456, 12_345_678)] == ["99999", "123k", "12M"]
