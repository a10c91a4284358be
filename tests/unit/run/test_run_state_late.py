"""Random runs whose drivers hear of everything late: nothing that they say is refused, replays know what they knew."""

import pytest

from actors.spending.account import Account
from actors.work import TERMINAL, RunStatus
from cluster.run.budget import RunBudget
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.late import MODEL, Late

STEPS = 6000
PARTS, SEEDS = 8, 50


@pytest.mark.parametrize("part", range(PARTS))
def test_a_run_ends_and_its_replay_knows_what_its_driver_knew(part: int) -> None:
    for seed in range(part * SEEDS, (part + 1) * SEEDS):
        world = Late(seed)
        for _ in range(STEPS):
            if world.state.finished:
                break
            if world.quiet:
                judge(world)
                world.mend()
            world.step()
        assert world.state.finished, f"{seed} does not end: {world.state.tally()}"
        world.read_all()
        assert sum(world.state.counts[state] for state in TERMINAL) == len(world.disk.attempts)
        same(world)


def judge(world: Late) -> None:
    """Nothing happens by itself any more: for a reason, which is true."""
    state = world.state
    assert state.status in (RunStatus.PAUSED, RunStatus.WAITING) or world.failed, f"stuck: {state.tally()}"
    same(world)
    if state.status is RunStatus.PAUSED and not state.wishes.pause:
        assert state.wishes.stopped, "paused for nothing"


def same(world: Late) -> None:
    """A driver that replays the journal knows the same."""
    live, replayed = world.state, RunState("r", WorkGraph(world.items), MODEL)
    replayed.replay(world.disk.journal)
    assert views(live) == views(replayed)
    assert (live.status, live.phases.now, live.results) == (replayed.status, replayed.phases.now, replayed.results)
    for one, other in zip(sums(live), sums(replayed), strict=True):
        assert one == pytest.approx(other)
    waiting = {*live._placement._ready._where, *live._placement.budget._aside}
    assert waiting == set(replayed._placement._ready._where)


def views(state: RunState) -> dict[str, dict[str, object]]:
    """What is known of each item. Of one that has ended a word may have come too late, or not."""
    told: dict[str, dict[str, object]] = {}
    for id_, view in state.views.items():
        told[id_] = {name: getattr(view, name) for name in view.__slots__ if name not in ("rounds", "story")}
        if view.rounds and view.state not in TERMINAL:
            kept = [name for name in view.rounds.__slots__ if name not in ("words", "item")]
            told[id_]["rounds"] = [getattr(view.rounds, name) for name in kept]
    return told


def sums(state: RunState) -> list[list[float]]:
    """What was spent and is held, of the run and of its items."""
    budget: RunBudget = state._placement.budget
    found: dict[str, Account] = {whose: budget._account(whose) for whose in ["", *state.views]}
    return [[*account[1:]] for account in found.values()]
