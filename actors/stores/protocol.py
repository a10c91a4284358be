"""The store's port. Facts enter by `append`; everybody else reads by cursor."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from actors.events import Event, ItemReused, ItemsAdded
from actors.memory.recall import Question, Recalled
from actors.spending.account import Account
from actors.spending.budget import Budget
from actors.vocabulary.limits import Limits
from actors.work import Item, Role

TakenOver = ItemReused | ItemsAdded
"""What a run begins with: a result of an earlier run, or the items that it had grown by (with the term 0)."""


class Accept(NamedTuple):
    """A plan on its way to disk."""

    run: str
    key: str | None
    name: str
    digest: str
    model: str
    items: tuple[Item, ...]
    payloads: Mapping[str, str]
    """SHA-256 -> text, for every Content.ref in the items."""
    revises: str | None = None
    """The run whose results this one takes over, and whose key it gets."""
    reused: tuple[TakenOver, ...] = ()
    """The items that are complete, or added, from the start, each after what it depends on; events of this run."""
    budget: Budget | None = None
    limits: Limits | None = None
    """How far the run may grow; None: as usual."""


class Stated(NamedTuple):
    """An item of a plan as the store keeps it, which does not look into it."""

    id: str
    body: str
    """JSON."""


def stated(items: Iterable[Item]) -> list[Stated]:
    """Items on their way to the store."""
    return [Stated(item.id, item.model_dump_json(exclude_defaults=True)) for item in items]


class RunRecord(NamedTuple):
    """One run as the store knows it."""

    run: str
    key: str | None
    name: str
    digest: str
    model: str
    term: int
    driver: str | None
    accepted_seq: int
    items: int
    revises: str | None = None
    """The run whose results this one took over."""

    def is_of(self, plan: Accept) -> bool:
        """Whether the plan is its own: the same digest and model."""
        return (self.digest, self.model) == (plan.digest, plan.model)


UNAFFORDABLE: Final = 0
"""In place of a seq: the fleet's budget had no room for the attempt, which was not opened."""


class Receipt(NamedTuple):
    """What became of an append, in its order: the event's seq, UNAFFORDABLE, or None where its attempt was closed.

    The same append sent again gets the same receipt and changes nothing.
    """

    seqs: tuple[int | None, ...]


class Store(Protocol):
    """One durable journal. What a call returned is on disk; errors are StoreError and its kinds."""

    async def accept(self, plan: Accept) -> RunRecord:
        """Put a plan on disk with its items, payloads, RunAccepted and what it reuses, all or nothing.

        The same plan (digest and model) under the key of a run, or revising the same run, is that run: its record
        comes back and nothing is written. Another plan under that key raises UserError. With `revises` the key moves
        from the old run to this one, and an old run that is not finished gets a CancelRequested. Whether the old
        run's driver lives is the caller's to check.
        """
        ...

    async def claim(self, run: str, driver: str, seen: int | None = None) -> int:
        """A new term for this driver. Every older driver of the run is refused from now on.

        With `seen`, raises StaleTerm and changes nothing unless the run's term is still that one.
        """
        ...

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        """Append in one transaction; sending it again with the same id is harmless.

        Raises StaleTerm, and writes nothing, if a driver's term is not the current one; another StoreError leaves
        open whether it was written: send it again.
        """
        ...

    async def read(
        self, run: str | None, after: int, max_wait_s: float, *, exclude: Collection[str] = (), limit: int = 2000
    ) -> list[Event]:
        """Events of the run and of the fleet with seq > after, oldest first; waits for the first up to `max_wait_s`.

        FLEET as run: those of the fleet alone; None: those of every run and of the fleet. `exclude` names types, and
        reading.RESULT for the outcomes that are results.
        """
        ...

    async def register(self, agent: str, role: Role, pid: int, node: str) -> int:
        """A new generation of an agent, with its AgentStarted."""
        ...

    async def items(self, run: str) -> tuple[Item, ...]:
        """The accepted items in the plan's order."""
        ...

    async def run(self, name: str) -> RunRecord:
        """The run with this id or key. Raises NotFound."""
        ...

    async def recall(self, question: Question) -> list[Recalled]:
        """The memories that answer best, among all that were on disk when this was asked; no text is an error.

        Every store finds the same ones; how well their words fit, and so the order, is its own.
        """
        ...

    async def account(self) -> Account | None:
        """What the fleet's budget has left; None if it has none."""
        ...

    async def payloads(self, refs: Collection[str]) -> dict[str, str]:
        """Texts by hash. Raises PayloadMissing."""
        ...
