"""The twin in memory answers as the SQLite store does, whatever is asked of both."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.errors import MnemosyneError
from actors.events import (
    AgentStarting,
    CancelRequested,
    Event,
    ItemAssigned,
    ItemCancelled,
    ItemClosed,
    ItemFailed,
    ItemReused,
    ItemsAdded,
    ItemSkipped,
    ItemStarted,
    RunFinished,
    RunStarted,
)
from actors.journal.reading import RESULT
from actors.spending.budget import Budget
from actors.stores.group import GroupStore
from actors.stores.memory import MemoryStore
from actors.stores.protocol import Accept, Store
from actors.work import Content, Failure, FailureKind, Item, Lost, Result, Role, RunStatus

RUNS = ("r1", "r2", "r3")
KEYS = ("k1", "k2")
ITEMS = (Item(id="a", description="first"), Item(id="b", description="second", dependencies=("a",)))
DONE = Result(data=Content(text="42"), model="scripted")
BAD = Failure(reason=FailureKind.REFUSAL, message="no")

runs = st.sampled_from((*RUNS, "r1", "r1"))
names = st.sampled_from((*RUNS, *KEYS, "nobody"))
ids = st.sampled_from(("a", "b", "a", "nobody"))
terms, epochs = st.integers(1, 2), st.integers(1, 3)
contents = st.sampled_from((Content(text="42"), Content(ref="one"), Content(ref="two")))
texts = st.dictionaries(st.sampled_from(("one", "two")), st.sampled_from(("1", "2")))
reused = st.builds(
    ItemReused, run=runs, item=ids, origin=st.just("r0"), outcome=st.builds(Result, data=contents, model=st.just("m"))
)
entries = [Item(id=f"a[{n}]", description="x", parent="a", inputs={"item": Content(ref="one")}) for n in range(2)]
added = st.builds(
    ItemsAdded,
    run=runs,
    item=ids,
    items=st.sampled_from((tuple(entries), tuple(entries[1:]), (entries[0], ITEMS[0]))),
    term=st.sampled_from((0, 0, 1)),
)
outcomes = st.sampled_from((DONE, BAD, Lost(message="killed")))
agent = {"agent": st.just("e"), "model": st.just("m"), "attempt": st.just(1)}
reason = {"attempts": st.just(1), "reason": st.just(FailureKind.REFUSAL), "message": st.just("no")}
finished = {"status": st.just(RunStatus.COMPLETED), "counts": st.just({})}
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(ItemAssigned, run=runs, item=ids, epoch=epochs, term=terms, **agent),
    st.builds(ItemAssigned, run=runs, item=ids, epoch=epochs, term=terms, **agent),
    st.builds(ItemStarted, run=runs, item=ids, epoch=epochs, agent=st.just("e"), generation=st.just(1)),
    st.builds(
        ItemClosed,
        run=runs,
        item=ids,
        epoch=epochs,
        attempt=st.just(1),
        agent=st.just("e"),
        generation=st.just(1),
        outcome=outcomes,
    ),
    st.builds(ItemFailed, run=runs, item=ids, term=terms, **reason),
    st.builds(ItemSkipped, run=runs, item=ids, term=terms, cause=st.just("a")),
    st.builds(ItemCancelled, run=runs, item=ids, term=terms),
    st.builds(RunStarted, run=runs, term=terms, driver=st.just("d")),
    st.builds(RunFinished, run=runs, term=terms, **finished),
    st.builds(CancelRequested, run=st.sampled_from((*RUNS, "nobody"))),
    st.builds(AgentStarting, agent=st.just("e"), role=st.just(Role.EXECUTOR)),
    reused,
    added,
)


class Call(NamedTuple):
    """One question to both stores."""

    method: str
    args: tuple[Any, ...]
    options: Mapping[str, Any] = MappingProxyType({})


plans = st.builds(
    Accept,
    run=runs,
    key=st.sampled_from((None, *KEYS)),
    name=st.just("plan"),
    digest=st.sampled_from(("one", "two")),
    model=st.just("m"),
    items=st.sampled_from((ITEMS, ITEMS, ITEMS, ITEMS[:1], (*ITEMS, ITEMS[0]))),
    payloads=texts,
    revises=st.one_of(st.none(), st.none(), names),
    reused=st.one_of(st.just(()), st.lists(st.one_of(reused, added), max_size=3).map(tuple)),
    budget=st.sampled_from((None, Budget(usd=2.5))),
)
kinds = st.frozensets(st.sampled_from(("run_accepted", "item_assigned", "agent_started", RESULT)))
calls = st.one_of(
    st.builds(lambda plan: Call("accept", (plan,)), plans),
    st.builds(lambda *args: Call("claim", args), names, st.just("d"), st.sampled_from((None, None, 0, 1))),
    st.builds(
        lambda *args: Call("append", args),
        st.sampled_from("123456789"),
        st.lists(events, min_size=1, max_size=4),
        texts,
    ),
    st.builds(
        lambda run, after, exclude, limit: Call("read", (run, after, 0), {"exclude": exclude, "limit": limit}),
        st.one_of(names, st.none()),
        st.integers(0, 12),
        kinds,
        st.sampled_from((1, 2000)),
    ),
    st.builds(lambda name: Call("register", (name, Role.EXECUTOR, 1, "node")), st.sampled_from(("e", "f"))),
    st.builds(lambda name: Call("items", (name,)), names),
    st.builds(lambda name: Call("run", (name,)), names),
    st.builds(lambda refs: Call("payloads", (sorted(refs),)), st.sets(st.sampled_from(("one", "two")))),
)
begin = [Call("accept", (Accept("r1", "k1", "plan", "one", "m", ITEMS, {}),)), Call("claim", ("r1", "d"))]
end = [Call("read", (name, 0, 0)) for name in (*RUNS, *KEYS)] + [Call("run", (name,)) for name in (*RUNS, *KEYS)]


async def answer(store: Store, call: Call) -> Any:
    """What the store says, without the time of day; an error by its class.

    Of several reasons to refuse an append a store may give any.
    """
    asked: Callable[..., Coroutine[Any, Any, Any]] = getattr(store, call.method)
    try:
        found = await asked(*call.args, **call.options)
    except MnemosyneError as error:
        return "refused" if call.method == "append" else type(error)
    if call.method == "read":
        return [event.model_copy(update={"at": 0.0}) for event in found]
    return found


async def compare(path: Path, asked: Sequence[Call]) -> None:
    sqlite, memory = GroupStore(path), MemoryStore()
    try:
        for call in (*begin, *asked, *end):
            assert await answer(sqlite, call) == await answer(memory, call), call
    finally:
        await sqlite.close()


@settings(max_examples=150)
@given(st.lists(calls, max_size=25))
def test_both_stores_answer_alike(asked: list[Call]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(compare(Path(folder) / "store.db", asked))
