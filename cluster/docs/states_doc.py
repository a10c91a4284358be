"""Draws docs/states.md from the transition tables: `python -m cluster.docs.states_doc`."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from actors.vocabulary.phase import Phase
from actors.work import FINISHED, TERMINAL, ItemState, RunStatus
from cluster.run.phases import PHASE
from cluster.run.transitions import ITEM, RUN

PATH = Path(__file__).parents[2] / "docs" / "states.md"
S = TypeVar("S", bound=StrEnum)


def diagram(table: Mapping[tuple[S, str], S], first: S, last: frozenset[S]) -> str:
    """Mermaid for one table."""
    lines = [f"    [*] --> {first.value}"]
    lines += [
        f"    {before.value} --> {after.value}: {event.replace(':', ' ')}" for (before, event), after in table.items()
    ]
    lines += [f"    {state.value} --> [*]" for state in sorted(last)]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def page() -> str:
    """The whole page."""
    return "\n\n".join(
        [
            "# States",
            "Drawn from the tables in `cluster/run/transitions.py` and `cluster/run/phases.py` by `make docs`. "
            "What is not in a table raises and changes nothing.",
            "## Item",
            diagram(ITEM, ItemState.WAITING, TERMINAL),
            "## Run",
            diagram(RUN, RunStatus.RUNNING, FINISHED),
            "## Phase",
            "Of a run whose items have phases. It begins with the earliest of them, and ends after the last: with "
            "`complete` if that is `plan_to_artifacts`.",
            diagram(PHASE, Phase.PROMPT_TO_SPEC, frozenset({Phase.COMPLETE})),
        ]
    )


if __name__ == "__main__":
    PATH.write_text(page() + "\n", encoding="utf-8")
