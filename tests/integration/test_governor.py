"""A fleet that is up and an API with limits: calls are held, not refused, also when the governor is killed."""

import time
from pathlib import Path

import pytest

from actors.journal.fleet import ModelHeld
from tests.messages_server import Latency, Limits, MessagesServer, Script, serving
from tests.support.fleets import Paid, fleet_up, strike, wait_for
from tests.support.processes import ended, paid

ITEMS = 100
LIMITS = Limits(requests=600, input_tokens=120_000, burst=1 / 30)
"""Ten a second, of which twenty at once."""


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_an_api_at_its_limit_refuses_nothing_and_a_kill_of_the_governor_changes_nothing(tmp_path: Path) -> None:
    script = Script(latency=Latency(base_s=0.2), limits={"*": LIMITS}, counted=True, remember=False)
    with serving(MessagesServer(script=script)) as server:
        commands = Paid(tmp_path, server)
        with fleet_up(commands, "--executors", "2", "--concurrency", "50") as fleet:
            (old,) = wait_for(fleet, "governor")
            process = commands.start("run", commands.wide(ITEMS), "--key", "k")
            while len(paid(commands.events("k"))) < ITEMS // 4:
                assert process.poll() is None
                time.sleep(0.1)
            strike(old)
            assert ended(process) == 0
            (new,) = wait_for(fleet, "governor")
            assert new != old
        assert sorted(paid(commands.events("k"))) == sorted(f"i{n}" for n in range(ITEMS))
        assert server.ledger.accepted == ITEMS
        # None on a machine with spare time (see the benchmark); where processes wait for a core, calls bunch up.
        assert server.ledger.limited < ITEMS // 10
        assert server.ledger.statuses.keys() <= {200, 429}
        held = [event for event in commands.events("k") if isinstance(event, ModelHeld)]
        assert held, "the last ones wait for more than five seconds, and people are told"
        assert {event.model for event in held} == {"claude-sonnet-5-5"}
