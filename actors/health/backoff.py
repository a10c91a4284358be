"""How long to wait before the next try."""

import math
from random import Random

DOUBLINGS = 64
"""More than any cap leaves room for; a float would overflow after about 1,000."""


def full_jitter(base_s: float, tries: int, cap_s: float, random: Random) -> float:
    """Seconds between 0 and base x 2^tries, at most the cap, uniform.

    "Full jitter" of M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015: of the variants compared
    there it needs the fewest calls to get over a crowd.
    """
    return random.uniform(0.0, min(cap_s, math.ldexp(base_s, min(tries, DOUBLINGS))))
