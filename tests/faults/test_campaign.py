"""Everything struck at random while it works, for a minute: with every seed that once failed, and on a database."""

import sys

import pytest

from tests.campaign.campaign import Terms, campaign
from tests.support.servers import binary

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

SECONDS = 60.0
FAILED = (1,)
"""1: a monitor began while the store hung, and waited for it; a stopped monitor was not ended, only told to end."""


def holds(terms: Terms, capsys: pytest.CaptureFixture[str]) -> None:
    report = campaign(terms)
    with capsys.disabled():
        sys.stdout.write(f"\n{report.table()}\n")
    assert report.code == 0


@pytest.mark.parametrize("seed", FAILED)
def test_what_was_promised_holds(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    holds(Terms(seed, SECONDS), capsys)


@pytest.mark.skipif(binary("initdb") is None, reason="no PostgreSQL server is installed")
def test_it_holds_with_a_database_that_is_struck_too(capsys: pytest.CaptureFixture[str]) -> None:
    holds(Terms(2, SECONDS, "postgres"), capsys)
