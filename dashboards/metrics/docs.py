"""Writes docs/metrics.md from the table of metrics: `python -m dashboards.metrics.docs`."""

from collections.abc import Sequence
from pathlib import Path

from dashboards.metrics import labels
from dashboards.metrics.table import COUNTED, PRESENT, Metric

PATH = Path(__file__).parent.parent.parent / "docs" / "metrics.md"

INTRO = f"""# Metrics

The page's server tells them at `/metrics`: a view of the journal, as all that is shown. No agent counts anything.

- **Counters go on** when an agent, the exporter or the fleet begins anew, and when `store prune` removes old runs: what
  was counted is kept in the home's `metrics.json`, with the number of the last row. Rows after it are counted again
  from the journal; without the file, or beside another journal, all of them are. Only what was pruned is then gone.
- **Labels have closed sets of values.** No run, item, agent, prompt or error text is one. Models are told apart by
  name, the first {labels.MODELS} that a home meets; further ones are `other`. So the series do not grow with the work.
- **What never happened is 0**, not absent, so that `increase()` sees the first time. Histograms begin with their first
  observation.
- Names of the GenAI semantic conventions are used where they exist. `gen_ai_client_operation_duration_seconds` is not
  among them: the journal knows how long attempts worked, not how long their single calls took.
- An unknown price is counted in `mnemosyne_unpriced_attempts_total`, never as 0 dollars.

To scrape it: [operations.md](operations.md#metrics-and-boards). The page is made from `dashboards/metrics/table.py` by
`make docs`.
"""


def page() -> str:
    """The whole page."""
    parts = [
        INTRO,
        "## Counted",
        "",
        *_rows(COUNTED),
        "",
        "## As of the scrape",
        "",
        *_rows(PRESENT),
    ]
    kinds = {kind for metric in COUNTED + PRESENT for kind in metric.labels.values()}
    parts += ["", "## Labels", "", "| values of | are |", "|---|---|"]
    parts += [f"| {kind} | {_values(kind)} |" for kind in sorted(kinds)]
    return "\n".join([*parts, ""])


def _rows(metrics: Sequence[Metric]) -> list[str]:
    rows = [f"| `{m.name}` | {m.kind} | {m.unit} | {_labels(m)} | {m.help} |" for m in metrics]
    return ["| metric | type | unit | labels | says |", "|---|---|---|---|---|", *rows]


def _labels(metric: Metric) -> str:
    return ", ".join(f"`{name}`" if name == kind else f"`{name}` ({kind})" for name, kind in metric.labels.items())


def _values(kind: str) -> str:
    open_ = {
        "model": f"names of models, {labels.MODELS} of them, and `{labels.OTHER}`",
        "provider": ", ".join(f"`{name}`" for name in (*labels.PROVIDERS.values(), labels.OTHER)),
        "event": "types of the journal's rows",
        "build": "the version of the sources",
    }
    return open_.get(kind) or ", ".join(f"`{value}`" if value else "none" for value in labels.VALUES[kind])


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
