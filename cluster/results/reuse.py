"""Which results of an earlier run stand for the items of a plan, and why the others do not. Pure.

A result stands if its key, made from what the earlier run really had, is the key that the plan's item has now. Of a
list that was not done to its end, the entries stand one by one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from actors.events import Event, ItemAssigned, ItemReused, ItemsAdded, completed
from actors.stores.protocol import RunRecord, TakenOver
from actors.vocabulary.review import Purpose
from actors.work import Content, Item, Result, Role
from cluster.results.reasons import reasons
from cluster.results.result_key import Parts, content_hash, key_of, parts
from cluster.run import foreach
from cluster.run.graph import WorkGraph

AGAIN, MISSING = Content(ref="runs again"), Content(ref="missing")
"""Stand for a dependency's result that is not known yet, or was never recorded: no text has these as its hash."""

UNFINISHED = "was not complete"


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


class Grown(NamedTuple):
    """The items for the entries of a list that was not done to its end."""

    items: tuple[Item, ...]
    """In the order of the list, as the run would add them now."""
    made: Mapping[str, Made]
    """By id, of those that are kept; at least one is."""


class Verdict(NamedTuple):
    """What becomes of one item and, if it runs, why."""

    item: str
    fate: Fate
    reasons: tuple[str, ...] = ()
    made: Made | None = None
    """What is kept."""
    grown: Grown | None = None
    """What is kept of the items for its entries, though it runs again itself."""

    def taken_over(self, run: str) -> tuple[TakenOver, ...]:
        """The facts that the new run with this id begins with."""
        if self.grown:
            added = ItemsAdded(run=run, item=self.item, items=self.grown.items, term=0)
            return (added, *(_reused(run, id_, made) for id_, made in self.grown.made.items()))
        return (_reused(run, self.item, self.made),) if self.made else ()


def _reused(run: str, item: str, made: Made) -> ItemReused:
    return ItemReused(run=run, item=item, origin=made.origin, outcome=made.result)


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

    @property
    def entries(self) -> tuple[int, int]:
        """Of the lists that were not done to their end and are kept in part: entries that are kept, and all."""
        grown = [verdict.grown for verdict in self.verdicts if verdict.grown]
        return sum(len(one.made) for one in grown), sum(len(one.items) for one in grown)

    def reused(self, run: str) -> tuple[TakenOver, ...]:
        """The facts that the new run with this id begins with; dependencies come first."""
        found = {verdict.item: verdict for verdict in self.verdicts}
        return tuple(chain.from_iterable(found[id_].taken_over(run) for id_ in self.order))


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
        self._children: dict[str, list[Item]] = {}
        for item in old.items.values():
            if item.parent is not None:
                self._children.setdefault(item.parent, []).append(item)

    def verdict(self, item: Item) -> Verdict:
        """What becomes of the item."""
        if item.id not in self._old.items:
            return Verdict(item.id, Fate.NEW, ("is new",))
        made = self._old.made.get(item.id)
        if made is None:
            return self._unfinished(item)
        if item.tools:
            return Verdict(item.id, Fate.RUNS_AGAIN, ("has tools, and what they did is not kept",))
        before = self._before(self._old.items[item.id], made)
        now = self._now(item)
        if made.result.prompt and key_of(before) == key_of(now):
            self._kept[item.id] = self._results[item.id]
            return Verdict(item.id, Fate.KEPT, made=made)
        return Verdict(item.id, Fate.RUNS_AGAIN, tuple(reasons(before, now)))

    def _unfinished(self, item: Item) -> Verdict:
        found = {one.id: (one, self.verdict(one)) for one in self._entries(item)}
        kept = {id_: verdict.made for id_, (_, verdict) in found.items() if verdict.made}
        if kept:
            told = f"{len(kept)} of its {len(found)} items are kept", UNFINISHED
            return Verdict(item.id, Fate.RUNS_AGAIN, told, grown=Grown(tuple(one for one, _ in found.values()), kept))
        first = next((verdict.reasons for id_, (_, verdict) in found.items() if id_ in self._old.made), ())
        return Verdict(item.id, Fate.RUNS_AGAIN, (UNFINISHED, *first))

    def _entries(self, item: Item) -> tuple[Item, ...]:
        """The items for the entries of its list; none if the list is another, or the run cannot add them at once."""
        before, is_ = self._old.items[item.id].foreach, item.foreach
        if not (before and is_ and (before.item, before.path) == (is_.item, is_.path)):
            return ()
        if not self._kept.keys() >= set(item.dependencies):
            return ()
        return foreach.again(item, self._children.get(item.id, ()))

    def _before(self, item: Item, made: Made) -> Parts:
        results = {id_: self._results.get(id_, MISSING) for id_ in item.dependencies}
        return parts(item, made.model, made.result.prompt, results)

    def _now(self, item: Item) -> Parts:
        results = {id_: self._kept.get(id_, AGAIN) for id_ in item.dependencies}
        return parts(item, item.model or self._model, self._prompts.get(item.agent, ""), results)
