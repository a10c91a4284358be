"""How long something waits to go to the journal, or from it, together with what comes soon. Pure."""

LEAST_S, MOST_S = 0.003, 0.015
"""What is done is on disk within 20 ms all the same."""

PART = 0.05
"""Of the time that it took: who waited for seconds does not mind milliseconds, and each call between processes takes
two of them of CPU."""


def gather_s(took_s: float) -> float:
    """Seconds to wait for others after something that took so long."""
    return min(MOST_S, max(LEAST_S, PART * took_s))
