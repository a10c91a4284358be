"""Which results of an earlier run stand for the items of a plan, and why the others do not. Pure.

A result stands if its key, made from what the earlier run really had, is the key that the plan's item has now.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import chain
from typing import Any, NamedTuple

from actors.events import Event, ItemAssigned, ItemReused, completed
from actors.stores.protocol import RunRecord
from actors.vocabulary.review import Purpose
from actors.work import Content, Item, Result, Role
from cluster.results.result_key import Parts, content_hash, key_of, parts
from cluster.run.graph import WorkGraph

AGAIN, MISSING = Content(ref="runs again"), Content(ref="missing")
"""Stand for a dependency's result that is not known yet, or was never recorded: no text has these as its hash."""


class Made(NamedTuple):
    """A result and what is known of its making."""

    result: Result
    model: str
    """The one asked for; `result.model` is the one that answered."""
    origin: str
    """The run that made it."""


class Earlier(NamedTuple):
    """An earlier run, as far as its results go."""

    run: str
    items: Mapping[str, Item]
    """By id, in the order of its plan."""
    made: Mapping[str, Made]
    """By id, of every complete item."""


def earlier(record: RunRecord, items: Iterable[Item], events: Iterable[Event]) -> Earlier:
    """What the journal of a run says about its results; events of others are passed over."""
    by_id = {item.id: item for item in items}
    asked: dict[str, str] = {}
    made: dict[str, Made] = {}
    for event in events:
        if event.run != record.run:
            continue
        if isinstance(event, ItemAssigned):
            if event.purpose is Purpose.WORK:  # a review's model did not make the result
                asked[event.item] = event.model
        elif done := completed(event):
            item, result = done
            # A result was taken over only because the same model was asked for.
            model = asked.get(item) or by_id[item].model or record.model
            made[item] = Made(result, model, event.origin if isinstance(event, ItemReused) else record.run)
    return Earlier(record.run, by_id, made)


class Fate(StrEnum):
    """What becomes of an item."""

    KEPT = "kept"
    RUNS_AGAIN = "runs_again"
    NEW = "new"
    GONE = "gone"


class Verdict(NamedTuple):
    """What becomes of one item and, if it runs, why."""

    item: str
    fate: Fate
    reasons: tuple[str, ...] = ()
    made: Made | None = None
    """What is kept."""


class Comparison(NamedTuple):
    """An earlier run against a plan."""

    run: str
    """The earlier one."""
    verdicts: tuple[Verdict, ...]
    """In the order of the plan; then the items that are gone, in the order of the earlier one."""
    order: tuple[str, ...]
    """Ids of the plan's items, each after its dependencies."""

    @property
    def counts(self) -> Mapping[Fate, int]:
        """Items by what becomes of them."""
        found = Counter(verdict.fate for verdict in self.verdicts)
        return {fate: found[fate] for fate in Fate}

    def reused(self, run: str) -> tuple[ItemReused, ...]:
        """The facts that the new run with this id begins with; dependencies come first."""
        kept = {verdict.item: verdict.made for verdict in self.verdicts if verdict.made}
        return tuple(
            ItemReused(run=run, item=id_, origin=kept[id_].origin, outcome=kept[id_].result)
            for id_ in self.order
            if id_ in kept
        )


def compare(old: Earlier, graph: WorkGraph, model: str, prompts: Mapping[Role, str]) -> Comparison:
    """What of `old` a run of this graph keeps, whose items get `model` unless they name one of their own.

    `prompts`: version of each role's prompt as it is now. Linear in items and dependencies.
    """
    judge = _Judge(old, model, prompts)
    found = {id_: judge.verdict(graph.by_id[id_]) for id_ in graph.order}
    left = (item.id for item in old.items.values() if item.parent is None and item.id not in graph.by_id)
    gone = (Verdict(id_, Fate.GONE) for id_ in left)
    return Comparison(old.run, tuple(chain((found[item.id] for item in graph.items), gone)), graph.order)


class _Judge:
    """Judges items one by one, each after its dependencies."""

    def __init__(self, old: Earlier, model: str, prompts: Mapping[Role, str]) -> None:
        self._old, self._model, self._prompts = old, model, prompts
        self._results = {id_: Content(ref=content_hash(made.result.data)) for id_, made in old.made.items()}
        self._kept: dict[str, Content] = {}

    def verdict(self, item: Item) -> Verdict:
        """What becomes of the item."""
        if item.id not in self._old.items:
            return Verdict(item.id, Fate.NEW, ("is new",))
        made = self._old.made.get(item.id)
        if made is None:
            return Verdict(item.id, Fate.RUNS_AGAIN, ("was not complete",))
        if item.tools:
            return Verdict(item.id, Fate.RUNS_AGAIN, ("has tools, and what they did is not kept",))
        before = self._before(self._old.items[item.id], made)
        now = self._now(item)
        if made.result.prompt and key_of(before) == key_of(now):
            self._kept[item.id] = self._results[item.id]
            return Verdict(item.id, Fate.KEPT, made=made)
        return Verdict(item.id, Fate.RUNS_AGAIN, tuple(reasons(before, now)))

    def _before(self, item: Item, made: Made) -> Parts:
        results = {id_: self._results.get(id_, MISSING) for id_ in item.dependencies}
        return parts(item, made.model, made.result.prompt, results)

    def _now(self, item: Item) -> Parts:
        results = {id_: self._kept.get(id_, AGAIN) for id_ in item.dependencies}
        return parts(item, item.model or self._model, self._prompts.get(item.agent, ""), results)


EARLIER_VERSION = "made by an earlier version"
ORDER = ("description", "inputs", "dependencies", "output", "agent", "model", "max_tokens", "prompt")
"""In which reasons are told."""

DEFAULTS = {"agent": Role.EXECUTOR.value, "max_tokens": "the default"}


def reasons(before: Parts, now: Parts) -> Iterator[str]:
    """Why a result made from `before` does not stand for `now`: a sentence for everything that differs."""
    if not before["prompt"]:
        yield EARLIER_VERSION
    for part in sorted(before.keys() | now.keys(), key=_rank):
        was, is_ = before.get(part), now.get(part)
        if was != is_ and not (part == "prompt" and not was):
            yield from _why(part, was, is_)


def _why(part: str, was: Any, is_: Any) -> Iterator[str]:
    match part:
        case "inputs":
            told = "its input {} is new", "its input {} changed", "its input {} is gone"
            yield from _differing(was or {}, is_ or {}, *told)
        case "dependencies":
            told = "it now depends on {}", "its dependency {} runs again", "it no longer depends on {}"
            yield from _differing(was or {}, is_ or {}, *told)
        case "agent" | "model" | "max_tokens":
            yield f"its {part} is now {is_ or DEFAULTS[part]}, was {was or DEFAULTS[part]}"
        case "output":
            yield "its output schema changed"
        case _:
            yield f"its {part} changed"


def _differing(was: Mapping[str, str], is_: Mapping[str, str], new: str, changed: str, gone: str) -> Iterator[str]:
    for name, hash_ in is_.items():
        if was.get(name) != hash_:
            yield (changed if name in was else new).format(name)
    yield from (gone.format(name) for name in was if name not in is_)


def _rank(part: str) -> tuple[int, str]:
    return (ORDER.index(part) if part in ORDER else len(ORDER), part)
