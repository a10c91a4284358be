"""The items of a run that grow it: what is read for them, what is added for them, how they end. Pure."""

from collections.abc import Sequence

from actors.errors import GrowthRefused, OverLimit
from actors.events import ItemCancelled, ItemFailed, ItemQuarantined, ItemsAdded, ItemSkipped
from actors.journal.people import Approval
from actors.roles.prompt import VERSIONS
from actors.vocabulary.limits import Limits
from actors.work import Content, Expand, FailureKind, Item, ItemState, Ran
from cluster.run import expansion, foreach
from cluster.run.admission import Admission
from cluster.run.commands import Append, Fetch, Fetched
from cluster.run.facts import Facts
from cluster.run.graph import WorkGraph
from cluster.run.growth import Growth
from cluster.run.ledger import Ledger
from cluster.run.placement import Placement


class Growing:
    """Which items are due to grow, or to be joined; the graph, the ledger and the placement grow with them."""

    def __init__(self, graph: WorkGraph, ledger: Ledger, placement: Placement, facts: Facts) -> None:
        self.limits = Limits()
        self._graph, self._ledger, self._placement, self._facts = graph, ledger, placement, facts
        self._children: dict[str, tuple[str, ...]] = {}
        self._added = 0
        self._due: dict[str, bool] = {}
        """Ready items that no agent gets, and whether their texts were asked for."""

    def due(self, item: str) -> bool:
        """The item is ready; whether the run has to do something for it, and it is no agent's."""
        view = self._ledger.views[item]
        if not (view.wants or self._joins(item)):
            return False
        self._due[item] = False
        return True

    def _joins(self, item: str) -> bool:
        """Whether no agent has anything to do for the item any more, or never had."""
        known = self._graph.by_id[item]
        return known.foreach is not None or (known.expand is not None and item in self._children)

    @property
    def pending(self) -> bool:
        """Whether the run is about to grow, or an item to be joined."""
        return bool(self._due)

    def forget(self, item: str) -> None:
        """The item is terminal."""
        self._due.pop(item, None)

    def restart(self) -> None:
        """Another driver: what was asked for is not on its way any more."""
        self._due = dict.fromkeys(self._due, False)

    def fetches(self) -> list[Fetch]:
        """What is to be read now."""
        wanted = [item for item, asked in self._due.items() if not asked]
        self._due.update(dict.fromkeys(wanted, True))
        return [Fetch(item, self._contents(self._graph.by_id[item])) for item in wanted]

    def _contents(self, item: Item) -> tuple[Content, ...]:
        if wants := self._ledger.views[item.id].wants:
            return tuple(want.text for want in wants)
        over = (item.foreach.item,) if item.foreach else ()
        return tuple(self._ledger.results[name] for name in self._children.get(item.id, over))

    def next(self, fetched: Fetched) -> Append | None:
        """The fact that follows from the texts; None if the item does not wait for them any more."""
        if not self._due.get(fetched.item):
            return None
        item = self._graph.by_id[fetched.item]
        try:
            if fetched.problem:
                raise GrowthRefused(fetched.problem)
            return self._grown(item, fetched.texts, widened=self._is_widened(item))
        except OverLimit as refusal:
            return self._over(item, fetched.texts, str(refusal))
        except GrowthRefused as refusal:
            return self._failed(item, FailureKind.BAD_REQUEST, str(refusal))

    def _is_widened(self, item: Item) -> bool:
        """Whether a person has allowed it to grow over the limits."""
        rounds = self._ledger.views[item.id].rounds
        return rounds is not None and rounds.widened

    def _over(self, item: Item, texts: Sequence[str], told: str) -> Append:
        """A person is asked, if it is a person's to allow."""
        try:
            self._grown(item, texts, widened=True)
        except GrowthRefused as refusal:
            return self._failed(item, FailureKind.BAD_REQUEST, str(refusal))
        question = f"{told}; is the run to grow by them all the same, this once?"
        return self._facts.asked(item.id, self._ledger.views[item.id], Approval.GROWTH, question)

    def _grown(self, item: Item, texts: Sequence[str], *, widened: bool) -> Append:
        limits, budget = (Limits.widest(), None) if widened else (self.limits, self._placement.budget)
        admission = Admission(limits, self._graph.by_id, self._children, self._added, budget)
        return self._wanted(item, texts, admission) or self._looped(item, texts, admission, limits.fan_out)

    def _failed(self, item: Item, kind: FailureKind, message: str) -> Append:
        attempts = self._ledger.views[item.id].attempts
        return self._facts.failed(item.id, attempts, kind, message)

    def _wanted(self, item: Item, texts: Sequence[str], admission: Admission) -> Append | None:
        view = self._ledger.views[item.id]
        if not view.wants:
            return None
        if item.expand is None:
            return self._facts.added(item.id, expansion.subagents(item, view.wants, texts, admission))
        try:
            proposed = expansion.proposed(item, texts[0], admission)
        except GrowthRefused as refusal:
            if any(turn.complaint for turn in view.turns):
                if isinstance(refusal, OverLimit):
                    raise
                return self._failed(item, FailureKind.INVALID_ANSWER, str(refusal))
            return self._facts.added(item.id, expansion.refused(view.wants[0], str(refusal)))
        if item.expand is Expand.DRAFT:
            return self._ended(item, texts[0])
        return self._facts.added(item.id, Growth(proposed))

    def _looped(self, item: Item, texts: Sequence[str], admission: Admission, fan_out: int) -> Append:
        if children := self._children.get(item.id):
            return self._ended(item, foreach.joined([self._graph.by_id[name] for name in children], texts, item))
        growth = foreach.for_each(item, foreach.entries(item, texts[0], fan_out))
        admission.check(item, growth.items)
        return self._facts.added(item.id, growth) if growth.items else self._ended(item, "[]")

    def _ended(self, item: Item, text: str) -> Append:
        return self._facts.joined(item.id, self._placement.model_of(item.id), VERSIONS[item.agent], text)

    def grow(self, event: ItemsAdded) -> list[str]:
        """The items are on disk; the items that can begin, or go on, now."""
        self._due.pop(event.item, None)
        item, view = self._graph.by_id[event.item], self._ledger.views[event.item]
        joined = bool(event.items) and (item.foreach is not None or item.expand is not None)
        if event.items:
            self._children[event.item] = (*self._children.get(event.item, ()), *(one.id for one in event.items))
        self._added += len(event.items)
        self._graph.add(event.item, event.items, joined=joined)
        self._placement.add(event.items)
        free = self._ledger.grow(event.item, event.items, joined=joined)
        view.wants = ()
        for granted in event.granted:
            if granted.item is not None:
                view.awaits[granted.item] = granted.turn, granted.call
            elif granted.call:
                refusal = Content(text=f"refused: {granted.refusal}")
                view.answer(granted.turn, granted.call, Ran(result=refusal, is_error=True))
            else:
                view.refuse(granted.turn, granted.refusal)
        return free if joined or view.awaits else [*free, event.item]

    def ended(self, child: str, data: Content, *, is_error: bool) -> list[str]:
        """An item is terminal; the item that it was a sub-agent's for, if that one can go on now."""
        parent = self._graph.by_id[child].parent
        view = self._ledger.views[parent] if parent is not None else None
        if parent is None or view is None or child not in view.awaits:
            return []
        turn, call = view.awaits.pop(child)
        if view.state is not ItemState.WAITING:
            return []
        view.answer(turn, call, Ran(result=data, is_error=is_error, by=child))
        return [] if view.awaits else [parent]

    def below(self, item: str) -> list[str]:
        """What was added for the item, and for that."""
        found = [item]
        for id_ in found:  # grows while it is walked
            found += self._children.get(id_, ())
        return found[1:]


def story_of(event: ItemFailed | ItemQuarantined | ItemSkipped | ItemCancelled) -> str:
    """How a sub-agent's item ended without a result, for the item that waits for it."""
    told = event.message if isinstance(event, ItemFailed | ItemQuarantined) else event.type.replace("_", " ")
    return f"the sub-agent did not finish: {told}; do now what you said under if_it_fails"
