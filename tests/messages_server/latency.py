"""How long an answer takes: to its first byte, and for every token of it."""

import math
import random

from pydantic import NonNegativeFloat

from actors.work import Frozen


class Latency(Frozen):
    """Seconds to the first byte: always `base_s`, or log-normal around that median if `sigma` > 0. Drawn by call."""

    base_s: NonNegativeFloat = 0.0
    sigma: NonNegativeFloat = 0.0
    per_output_token_s: NonNegativeFloat = 0.0
    seed: int = 0

    def first_s(self, call: int) -> float:
        """Until the first byte of this call; the same for the same number and seed."""
        if not (self.sigma and self.base_s):
            return self.base_s
        return self.base_s * math.exp(random.Random(f"{self.seed}:{call}").gauss(0, self.sigma))
