"""How the interpreter of a process of ours runs: its garbage collector, and the lock that its threads share."""

import gc
import sys

YOUNG = 20_000
"""Allocations between two collections. Our values hold no cycles; libraries' do, so collecting stays on."""

TURN_S = 0.0005
"""A thread that wants the interpreter gets it after so long; Python's own 5 ms. Ray's threads and the one that writes
the store want it for microseconds at a time, hundreds of times in a batch, while the event loop is busy."""


def tune() -> None:
    """Leave what the libraries made at import out of every later collection, collect less often, take shorter turns.

    Measured with benchmarks/spine.py: docs/decisions/0001-spine.md.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
    sys.setswitchinterval(TURN_S)
