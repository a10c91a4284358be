"""Building blocks for tests of any store."""

from actors.events import (
    Event,
    ItemAssigned,
    ItemCancelled,
    ItemClosed,
    ItemFailed,
    ItemQuarantined,
    ItemReused,
    ItemsAdded,
    ItemSkipped,
    ItemStarted,
)
from actors.stores.protocol import Accept, RunRecord, Store
from actors.work import Content, Failure, FailureKind, Item, Lost, Outcome, Result

ITEMS = (Item(id="b", description="first", priority=9), Item(id="a", description="second", dependencies=("b",)))
PLAN = Accept("r", "k", "plan", "digest", "scripted", ITEMS, {"hash": "a long text"})
DONE = Result(data=Content(text="42"), model="scripted")
GONE = Lost(message="killed")
BAD = Failure(reason=FailureKind.REFUSAL, message="no")


def assigned(epoch: int, term: int = 1, item: str = "a", run: str = "r") -> ItemAssigned:
    return ItemAssigned(run=run, item=item, epoch=epoch, attempt=1, agent="e", model="scripted", term=term)


def started(epoch: int, item: str = "a") -> ItemStarted:
    return ItemStarted(run="r", item=item, epoch=epoch, agent="e", generation=1)


def closed(epoch: int, outcome: Outcome = DONE, item: str = "a", run: str = "r") -> ItemClosed:
    return ItemClosed(run=run, item=item, epoch=epoch, attempt=1, agent="e", generation=1, outcome=outcome)


def ends(item: str = "a") -> tuple[Event, ...]:
    """The four ways in which a driver ends an item."""
    return (
        ItemFailed(run="r", item=item, attempts=1, reason=FailureKind.REFUSAL, message="no", term=1),
        ItemQuarantined(run="r", item=item, message="killed again", term=1),
        ItemSkipped(run="r", item=item, cause="b", term=1),
        ItemCancelled(run="r", item=item, term=1),
    )


def reused(item: str, run: str = "r2", data: Content = DONE.data) -> ItemReused:
    return ItemReused(run=run, item=item, origin="r", outcome=DONE.model_copy(update={"data": data}))


async def taken(store: Store, id_: str, *events: Event) -> list[bool]:
    return [seq is not None for seq in (await store.append(id_, events)).seqs]


async def types(store: Store, run: str = "r", after: int = 0) -> list[str]:
    return [event.type for event in await store.read(run, after, 0)]


async def driven(store: Store) -> RunRecord:
    record = await store.accept(PLAN)
    assert await store.claim("r", "driver") == 1
    return record


def added(parent: str, *ids: str, term: int = 1) -> ItemsAdded:
    """The run grows by these."""
    items = tuple(Item(id=id_, description="new", parent=parent) for id_ in ids)
    return ItemsAdded(run="r", item=parent, items=items, term=term)
