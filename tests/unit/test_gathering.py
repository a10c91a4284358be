"""How long something waits for others on its way to the journal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.journal.gathering import LEAST_S, MOST_S, gather_s


def test_what_took_long_waits_longer_within_bounds() -> None:
    assert gather_s(0.0) == LEAST_S
    assert gather_s(0.2) == pytest.approx(0.01)
    assert gather_s(20.0) == MOST_S


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_it_never_waits_less_for_what_took_longer_nor_out_of_bounds(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert LEAST_S <= gather_s(low) <= gather_s(high) <= MOST_S
