"""Draws docs/failures.md from the table of failure classes: `python -m cluster.docs.failures_doc`."""

from pathlib import Path

from actors.models.answer import DEEPEST
from actors.roles.conversation import PAUSES, TURNS
from actors.vocabulary.failures import ATTEMPTS, CLASSES, REQUEUES, Class
from actors.work import FailureKind

PATH = Path(__file__).parents[2] / "docs" / "failures.md"

EXAMPLES = {
    FailureKind.RATE_LIMITED: "429",
    FailureKind.OVERLOADED: "529",
    FailureKind.BUDGET: "a call would take more of the run's budget than the attempt has, and is not made",
    FailureKind.QUOTA: "the account's spending limit is reached",
    FailureKind.CREDENTIALS: "401, 403: the key was refused",
    FailureKind.TRANSIENT: "5xx, a connection that broke, a body that is not whole",
    FailureKind.NO_MODEL: "no such model, nothing listens there",
    FailureKind.CONTEXT_TOO_LONG: "the prompt does not fit into the model's context",
    FailureKind.BAD_REQUEST: "400",
    FailureKind.REFUSAL: "the model declines",
    FailureKind.CUT_OFF: f"JSON that reached `max_tokens`; a conversation of more than {TURNS} turns",
    FailureKind.INVALID_ANSWER: f"does not fit the item's output schema, or is nested more than {DEEPEST} deep",
    FailureKind.TIMEOUT: "an item over its own `timeout`",
    FailureKind.AGENT_FAULT: "an exception in the agent that nothing above stands for",
}

INTRO = f"""# Failures

What becomes of an item whose attempt failed. Made from the table in `actors/vocabulary/failures.py` by `make docs`;
agents, run states and the health monitor go by the same table. An item gets {ATTEMPTS} charged attempts at most in its
whole run, whatever they failed of; an item that is put back uncharged keeps its attempts, and goes behind those that
were not.
`mnemosyne status RUN` shows attempts and the last message; `mnemosyne events RUN` shows each attempt."""

LOST = f"""An item whose conversation has not come to its end after {TURNS} turns, or whose answer has paused more than
{PAUSES} times, fails with `cut_off` at once: it is taken for one that never ends. Turns of earlier attempts count. Make
the item smaller, or split it.

## Lost attempts

An attempt is *lost* when its agent went away with it: ended by order (`down --now`, `agents restart`), with its node,
or with its process. Nobody is charged, and the item is put back.

If nobody knows why the process ended (it crashed or hung), the items that it worked on are *suspects*: each gets its
next attempt *alone*, with nothing beside it on its agent. One suspect is tried at any time, others at the same time
only in agents of its role that have nothing else to do, and while other items are ready in half of the agents at
most: so a death has one name, and good items do not wait behind the suspects. A result, or a failure that is charged,
ends the suspicion. A suspect whose agent ends so again while it works alone is *quarantined*: it gets no
attempt any more, and what depends on it is skipped. The others lose nothing but time.

An item over its `timeout` that cannot be cancelled costs its agent the process: that is a `timeout` of this item, and
lost to the items beside it.

## When nothing can be assigned

- **No model**: after several failures in a row of `transient`, `rate_limited` or `overloaded`, or one of `no_model`,
  the model is unavailable. Its items wait; other items go on. After a back-off one item is let through; once it is
  answered, all are. A run with nothing else to do is `waiting`, says why, and goes on by itself. Whatever the others
  do, after such a failure a run asks its model for one item at a time until it is answered.
- **No agent**: an agent that is restarted too often is given up (`mnemosyne agents`); its siblings take over its work.
  If none is left the run is `waiting` until `mnemosyne agents reset ID`.
- **quota, credentials**: the run is `paused` with that reason. Mend it, then `mnemosyne continue RUN`, or
  `mnemosyne resume RUN` if nobody drives it.

A result that a review sends back is no failure; what follows is in [reviews.md](reviews.md). An item that ended so has
the reason `review_failed`, one that a person did not approve `denied`.

An item that has been put back {REQUEUES} times for its model's failures fails with the next one, so that a run ends
also if a model answers everything else."""


def page() -> str:
    """The whole page."""
    head = ["| kind | as in | charged to | attempts | what happens |", "|---|---|---|---|---|"]
    return "\n\n".join([INTRO, "\n".join([*head, *(_row(kind, row) for kind, row in CLASSES.items())]), LOST]) + "\n"


def _row(kind: FailureKind, row: Class) -> str:
    attempts = row.attempts or "not counted"
    return f"| `{kind.value}` | {EXAMPLES[kind]} | {row.charged.value} | {attempts} | {row.response} |"


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
