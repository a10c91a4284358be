"""`python -m tests.simulation`: plays seeds on all cores; a failure tells its story and the command that replays it."""

import argparse
import gc
import os
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.simulation.strikes import Strike, Strikes
from tests.simulation.twins import TWINS
from tests.simulation.world import World

BLOCK = 100
"""Seeds that a worker process plays between two reports."""


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 if every seed holds, 1 with the story of the first that does not."""
    args = _parser().parse_args(arguments)
    if args.seed is not None:
        told = strikes(args.seed) if args.strikes else play(args.seed, args.store, args.strike, args.at)
        _say(told or f"seed {args.seed} holds")
        return 1 if told else 0
    begin = time.monotonic()
    with ProcessPoolExecutor(args.processes, initializer=_calm) as pool:
        blocks = (
            range(n, min(n + BLOCK, args.first + args.seeds)) for n in range(args.first, args.first + args.seeds, BLOCK)
        )
        for told in pool.map(partial(play_block, args.store, args.strikes), blocks):
            if told:
                _say(told)
                pool.shutdown(cancel_futures=True)
                return 1
    seconds = time.monotonic() - begin
    _say(f"{args.seeds} seeds hold, {args.seeds / seconds * 60:,.0f} seeds per minute")
    return 0


def play_block(store: str, with_strikes: bool, seeds: Iterable[int]) -> str:
    """The story of the first of these seeds that fails, or nothing."""
    for seed in seeds:
        if told := strikes(seed) if with_strikes else play(seed, store):
            return told
        if seed % 10 == 0:
            gc.collect()
    return ""


def play(seed: int, store: str = "memory", what: Strike | None = None, at: int = 0) -> str:
    """The story of this seed if it fails, or nothing."""
    return _play(seed, store, what, at)[0]


def strikes(seed: int) -> str:
    """The first story of a seed with each strike at each of its commits, until it needs no more; or nothing."""
    for what in Strike:
        at, commits = 0, 1
        while at < commits:
            at += 1
            told, commits = _play(seed, "memory", what, at)
            if told:
                return told
    return ""


def _play(seed: int, store: str, what: Strike | None, at: int) -> tuple[str, int]:
    world = World(seed, Strikes(what, at) if what else None, TWINS[store])
    try:
        world.play()
    except Exception as error:
        options = f" --strike {what.value} --at {at}" if what else ""
        options += f" --store {store}" if store != "memory" else ""
        told = (
            f"seed {seed} fails: {type(error).__name__}: {error}",
            "journal:",
            *world.journal(),
            "faults:",
            *world.faults.story,
            f"PYTHONHASHSEED=0 .venv/bin/python -m tests.simulation --seed {seed}{options}",
        )
        return "\n".join(told), 0
    return "", world.server.commits


def _calm() -> None:
    gc.freeze()
    gc.disable()  # worlds are full of cycles, which are collected between them


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="play this one")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    parser.add_argument("--strikes", action="store_true", help="each strike at each commit instead of random faults")
    parser.add_argument("--strike", type=Strike, choices=list(Strike), help="this strike")
    parser.add_argument("--at", type=int, default=1, help="at this commit")
    parser.add_argument("--store", choices=list(TWINS), default="memory", help="a store that breaks a promise")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="play in so many processes")
    return parser


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        command = [sys.executable, "-m", "tests.simulation", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, "PYTHONHASHSEED": "0"})
    sys.exit(main(sys.argv[1:]))
