"""Writes docs/events.md from the table of wire events: `python -m dashboards.wire.docs`."""

from pathlib import Path

from dashboards.wire.table import COMMON, FIELDS, TYPES

PATH = Path(__file__).parent.parent.parent / "docs" / "events.md"

INTRO = """# Events

`mnemosyne events RUN --json` prints them, one JSON object a line; `--follow` goes on until the run is finished.

One row of the journal may tell several events; they share its `seq`. Per item the order is `work_item_assigned`,
`work_item_started`, then `work_item_completed`, `work_item_retried`, `work_item_failed` or `work_item_lost`; one that
is lost before it began has no `work_item_started`. After `work_item_retried` comes the next `work_item_assigned`; a
lost item is assigned anew, quarantined or cancelled. An item whose result was taken over from an earlier run has
`work_item_reused` and nothing else. Per agent and task it is `agent_started` with the task, then `agent_completed` or
`agent_failed`; where that is a fault of the agent, `agent_error_recorded` follows, and from the third within a minute
on `agent_health_degraded`. A restart is `agent_restarted`, then `agent_started` without a task. Between two subjects
only cause and effect are ordered. New types and new fields may come; a reader passes over what it does not know."""


def page() -> str:
    """The whole page."""
    types = [
        f"| `{name}` | {told.sentence} | {_names(told.fields)} | {_names(told.optional)} |"
        for name, told in TYPES.items()
    ]
    fields = [f"| `{name}` | {sentence} |" for name, sentence in FIELDS.items()]
    return "\n".join(
        [
            INTRO,
            "",
            f"Every event has {_names(COMMON)}; the table names the others.",
            "It is made from `dashboards/wire/table.py` by `python -m dashboards.wire.docs`.",
            "",
            "| type | says | fields | where they apply |",
            "|---|---|---|---|",
            *types,
            "",
            "## Fields",
            "",
            "| field | meaning |",
            "|---|---|",
            *fields,
            "",
        ]
    )


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
