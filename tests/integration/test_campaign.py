"""Everything struck at random while it works, for as long as each kind of fault takes to land once."""

import pytest

from tests.campaign.campaign import Terms, campaign

SECONDS = 20.0
"""About as many strikes as there are kinds."""


@pytest.mark.timeout(300)
def test_what_was_promised_holds_while_everything_is_struck_once() -> None:
    report = campaign(Terms(1, SECONDS, short=True))
    assert report.code == 0, report.table()
