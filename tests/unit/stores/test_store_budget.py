"""What every store promises of a fleet's budget: its sums are those of the journal, whoever appends what twice."""

from contextlib import suppress
from pathlib import Path

from actors.events import Event
from actors.journal.fleet import FleetBudgetSet
from actors.journal.rows import to_row
from actors.spending.account import Account
from actors.spending.budget import Budget
from actors.stores.protocol import UNAFFORDABLE, Accept, Store
from actors.stores.writer import Append
from actors.work import Content, Failure, FailureKind, Item, Lost, Reservation, Result, Usage
from tests.support.fakes import open_store
from tests.support.store_facts import assigned, closed
from tests.support.stores import plan, writer


def reserved(item: str = "a", epoch: int = 1, run: str = "r", **most: float) -> Event:
    opened = assigned(epoch, 0)
    return opened.model_copy(update={"run": run, "item": item, "reserved": Reservation.model_validate(most)})


def used(tokens: int, usd: float | None) -> Result:
    return Result(data=Content(text="x"), model="scripted", usage=Usage(input_tokens=tokens), cost_usd=usd)


async def budgeted(store: Store, **caps: float) -> None:
    """Two runs of two items and a budget for both."""
    items = (Item(id="a", description="x"), Item(id="b", description="x"))
    for run in ("r", "s"):
        await store.accept(Accept(run, None, "plan", "digest", "scripted", items, {}))
    await store.append("budget", [FleetBudgetSet(budget=Budget.model_validate(caps))])


async def left(store: Store) -> Account:
    account = await store.account()
    assert account
    return account


async def test_without_a_budget_nothing_is_counted_and_nothing_refused(store: Store) -> None:
    await store.accept(plan("r"))
    assert await store.account() is None
    receipt = await store.append("1", [reserved(usd=1e6), closed(1, used(9, 9.0))])
    assert all(receipt.seqs)
    assert await store.account() is None


async def test_runs_share_it_and_what_it_has_no_room_for_is_not_opened(store: Store) -> None:
    await budgeted(store, usd=1.0, tokens=1000)
    first = await store.append("1", [reserved("a", usd=0.6, tokens=100), reserved("b", usd=0.5, tokens=100)])
    assert first.seqs[0]
    assert first.seqs[1] == UNAFFORDABLE
    assert await store.append("1", [reserved("a", usd=0.6), reserved("b", usd=0.5)]) == first, "the same append"
    other = await store.append("2", [reserved("a", run="s", usd=0.4, tokens=901), reserved("b", run="s", usd=0.4)])
    assert other.seqs == (UNAFFORDABLE, UNAFFORDABLE), "too many tokens; none reserved"
    assert (await store.append("3", [assigned(1, 0)])).seqs == (UNAFFORDABLE,), "nothing reserved"
    assert await left(store) == Account(Budget(usd=1.0, tokens=1000), held_usd=0.6, held_tokens=100)
    await store.append("4", [closed(1, used(70, 0.1))])
    assert await left(store) == Account(Budget(usd=1.0, tokens=1000), 0.1, 70)
    assert all((await store.append("5", [reserved("b", usd=0.5, tokens=100)])).seqs), "its epoch is still the first"


async def test_what_nobody_knows_counts_as_it_was_reserved(store: Store) -> None:
    await budgeted(store, usd=10.0)
    await store.append("1", [reserved("a", usd=1.0), closed(1, Lost(message="gone"))])
    await store.append(
        "2", [reserved("a", 2, usd=2.0), closed(2, Lost(message="cancelled", reserved=Reservation(usd=0.0)))]
    )
    failure = Failure(reason=FailureKind.TRANSIENT, message="reset", usage=Usage(output_tokens=5), cost_usd=None)
    await store.append("3", [reserved("a", 3, usd=3.0), closed(3, failure)])
    account = await left(store)
    assert (account.spent_usd, account.spent_tokens, account.held_usd) == (4.0, 5, 0.0)


async def test_a_late_outcome_of_a_closed_attempt_changes_nothing(store: Store) -> None:
    await budgeted(store, usd=10.0)
    await store.append("1", [reserved("a", usd=1.0), closed(1, Lost(message="gone"))])
    assert (await store.append("2", [closed(1, used(5, 0.5))])).seqs == (None,)
    assert (await left(store)).spent_usd == 1.0


async def test_it_is_changed_begun_anew_and_ended(store: Store) -> None:
    await budgeted(store, usd=1.0)
    await store.append("1", [reserved("a", usd=0.5), closed(1, used(5, 0.5)), reserved("b", usd=0.5)])
    await store.append("2", [FleetBudgetSet(budget=Budget(tokens=7))])
    assert await left(store) == Account(Budget(usd=1.0, tokens=7), 0.5, 5, 0.5, 0)
    await store.append("3", [FleetBudgetSet(budget=Budget(usd=2.0), anew=True)])
    assert await left(store) == Account(Budget(usd=2.0, tokens=7), 0.0, 0, 0.5, 0)
    await store.append("4", [FleetBudgetSet(budget=None)])
    assert await store.account() is None
    assert all((await store.append("5", [assigned(1, 0).model_copy(update={"run": "s"})])).seqs)


async def test_an_attempt_that_was_open_before_counts_once_it_has_ended(store: Store) -> None:
    await store.accept(plan("r"))
    await store.append("1", [assigned(1, 0), FleetBudgetSet(budget=Budget(usd=1.0)), closed(1, used(5, 0.25))])
    assert await left(store) == Account(Budget(usd=1.0), 0.25, 5)


async def test_the_next_writer_has_the_same_sums(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    await budgeted(store, usd=1.0)
    await store.append("1", [reserved("a", usd=0.25), closed(1, used(5, 0.25)), reserved("b", usd=0.5)])
    before = await left(store)
    await store.close()
    again = open_store(tmp_path)
    assert await left(again) == before
    assert (await again.append("2", [reserved("a", run="s", usd=0.5)])).seqs == (UNAFFORDABLE,)
    await again.close()


def test_what_is_rolled_back_was_never_reserved(tmp_path: Path) -> None:
    with writer(tmp_path / "store.db") as store:
        store.accept(plan("r"))
        store.commit([Append("budget", [to_row(FleetBudgetSet(budget=Budget(usd=1.0)))], {})])
        with suppress(RuntimeError), store._transaction():
            store._append(Append("1", [to_row(reserved("a", usd=0.9))], {}))
            raise RuntimeError("in the middle")
        ((seq,),) = store.commit([Append("2", [to_row(reserved("a", usd=0.9))], {})])  # type: ignore[misc]
        assert seq
