"""`python -m tests.campaign`: strikes a fleet at work for a while and tells what became of the work.

Exit code 0: everything that was promised holds, and every kind of fault has landed.
"""

import argparse
import json
import random
import signal
import sys
from pathlib import Path

from tests.campaign.campaign import campaign


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it strikes")
    parser.add_argument("--seed", type=int, help="of the strikes and of the plans; without it another one each time")
    parser.add_argument("--json", type=Path, help="write all figures there")
    parser.add_argument("--keep", type=Path, help="use this folder, which must not be there, and leave it")
    asked = parser.parse_args()
    seed = random.randrange(1_000_000) if asked.seed is None else asked.seed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # the fleet is ended all the same
    report = campaign(seed, asked.seconds, asked.keep)
    if asked.json:
        asked.json.write_text(json.dumps(report.told(), indent=1))
    sys.stdout.write(f"{report.table()}\n")
    return report.code


if __name__ == "__main__":
    sys.exit(main())
