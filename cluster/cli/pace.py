"""How a model's limits hold calls up, for people."""

from actors.journal.fleet import ModelHeld
from cluster.cli.text import number, seconds

NAMES = {"requests": "requests/min", "input_tokens": "input tokens/min", "output_tokens": "output tokens/min"}
REASONS = {
    "retry_after": "until the API may be asked again",
    "refusals": "because the API refused calls; fewer go at once",
    "first_answers": "until its limits are known",
}


def held(event: ModelHeld) -> str:
    """As in: 40 calls held, the oldest 12s, by the rate limit: 0 of 50 requests/min left."""
    calls = f"{event.waiting} call{'s' if event.waiting != 1 else ''} held, the oldest {seconds(event.held_s)}"
    refused = f"; {event.refused} refused" if event.refused else ""
    asked = "" if event.retry_after_s is None else f", asked to wait {seconds(event.retry_after_s)}"
    return f"{calls}, {_by(event)}{refused}{asked}"


def _by(event: ModelHeld) -> str:
    if event.by in REASONS:
        return REASONS[event.by]
    left = "" if event.limit is None else f": {number(event.left or 0)} of {number(event.limit)} {NAMES[event.by]} left"
    return f"by the rate limit{left}"
