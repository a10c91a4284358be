"""Everything struck at random while it works, for a minute: with every seed that once failed."""

import pytest

from tests.campaign.campaign import campaign

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

SECONDS = 60.0
FAILED = (1,)
"""1: a monitor began while the store hung, and waited for it; a stopped monitor was not ended, only told to end."""


@pytest.mark.parametrize("seed", FAILED)
def test_what_was_promised_holds(seed: int, request: pytest.FixtureRequest) -> None:
    report = campaign(seed, SECONDS)
    request.config.get_terminal_writer().line(f"\n{report.table()}")
    assert report.code == 0
