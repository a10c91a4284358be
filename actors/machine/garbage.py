"""The garbage collector of a process that makes many short-lived values."""

import gc

YOUNG = 20_000
"""Allocations between two collections. Our values hold no cycles; libraries' do, so collecting stays on."""


def calm() -> None:
    """Leave what the libraries made at import out of every later collection, and collect less often.

    Measured with benchmarks/spine.py: docs/decisions/0001-spine.md.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
