"""What of an earlier run a plan keeps, for people and for machines."""

from typing import Any

from rich.cells import cell_len

from cluster.cli.tables import GAP
from cluster.cli.text import fit, one_line
from cluster.results.reuse import Comparison, Fate, Verdict

NAME_CELLS = 48
"""No id takes more room than this where there are reasons beside it; --json has all of it."""

REASONS = 3
"""At most so many reasons are told of one item."""


def lines(comparison: Comparison) -> list[str]:
    """A line per item, those that are gone last; then the summary."""
    verdicts = comparison.verdicts
    name = min(max((cell_len(one_line(verdict.item)) for verdict in verdicts), default=0), NAME_CELLS)
    word = max(len(_word(fate)) for fate in Fate)
    return [*(_line(verdict, name, word) for verdict in verdicts), summary(comparison)]


def summary(comparison: Comparison) -> str:
    """As in 7 kept, 3 run again, 1 new, 1 gone, 17 of 20 entries kept; the last three where there are any."""
    kept, again, new, gone = comparison.counts.values()
    told = [f"{kept} kept", f"{again} {'runs' if again == 1 else 'run'} again"]
    told += [*([f"{new} new"] if new else []), *([f"{gone} gone"] if gone else [])]
    entries, of = comparison.entries
    return ", ".join([*told, *([f"{entries} of {of} entries kept"] if of else [])])


def to_json(comparison: Comparison) -> dict[str, Any]:
    """The same for machines, with every reason; `run` is the earlier run, `grown` what is kept of a list's entries."""
    counts = {fate.value: count for fate, count in comparison.counts.items()}
    return {"run": comparison.run, "counts": counts, "items": [_facts(verdict) for verdict in comparison.verdicts]}


def _facts(verdict: Verdict) -> dict[str, Any]:
    facts = {"id": verdict.item, "verdict": verdict.fate.value, "reasons": list(verdict.reasons)}
    origin = {"origin": verdict.made.origin, "model": verdict.made.result.model} if verdict.made else {}
    grown = {"items": len(verdict.grown.items), "kept": sorted(verdict.grown.made)} if verdict.grown else None
    return {**facts, "origin": None, "model": None, **origin, "grown": grown}


def _line(verdict: Verdict, name: int, word: int) -> str:
    reasons = [one_line(reason) for reason in verdict.reasons[:REASONS]]
    if len(verdict.reasons) > REASONS:
        reasons.append(f"and {len(verdict.reasons) - REASONS} more")
    why = "" if verdict.fate is Fate.NEW else "; ".join(reasons)
    return GAP.join([fit(one_line(verdict.item), name), _word(verdict.fate).ljust(word), why]).rstrip()


def _word(fate: Fate) -> str:
    return fate.value.replace("_", " ")
