"""The simulator: seeds that hold, the enumerated faults, and proofs that it can fail, repeats itself and replays."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.__main__ import play, strikes
from tests.simulation.world import World

ROOT = Path(__file__).resolve().parents[3]
BLOCK = 100
REVIEWED = 170
"""Its items are reviewed, and an optimizer makes one text of several reviews."""
NOTICED = 1000
"""Seeds within which a broken store is noticed."""


@pytest.mark.parametrize("first", range(0, 400, BLOCK))
def test_a_run_survives_whatever_goes_wrong(first: int) -> None:
    for seed in range(first, first + BLOCK):
        assert not (told := play(seed)), told


@pytest.mark.parametrize("seed", [1, 2, REVIEWED])
def test_a_run_survives_a_strike_at_any_commit(seed: int) -> None:
    assert not (told := strikes(seed)), told


def test_the_same_seed_gives_the_same_journal() -> None:
    for seed in range(40):
        first, second = World(seed), World(seed)
        first.play()
        second.play()
        assert first.journal() == second.journal()
        assert first.faults.story == second.faults.story


@pytest.mark.parametrize("store", ["termless", "swapless", "forgetful", "lossy"])
def test_a_store_that_breaks_a_promise_is_noticed(store: str) -> None:
    assert any(play(seed, store) for seed in range(NOTICED))


def test_a_failing_seed_names_the_command_that_tells_the_same_story_in_another_process() -> None:
    told = next(filter(None, (play(seed, "termless") for seed in range(NOTICED))))
    variable, _, *arguments = shlex.split(told.splitlines()[-1])
    name, value = variable.split("=")
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.strip() == told
