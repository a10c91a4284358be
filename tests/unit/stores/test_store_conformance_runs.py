"""What every store promises of runs: accepted whole, revised, claimed by one driver."""

import asyncio

import pytest

from actors.errors import NotFound, PayloadMissing, StaleTerm, StoreError, UserError
from actors.events import (
    PauseRequested,
    RunFinished,
)
from actors.stores.protocol import Accept, RunRecord, Store
from actors.work import Content, RunStatus
from tests.support.store_facts import ITEMS, PLAN, assigned, closed, driven, reused, taken, types


class TestAccept:
    async def test_everything_of_a_plan_is_there(self, store: Store) -> None:
        record = await store.accept(PLAN)
        assert record == RunRecord("r", "k", "plan", "digest", "scripted", 0, None, 1, 2, None)
        (event,) = await store.read("r", 0, 0)
        assert (event.type, event.seq) == ("run_accepted", record.accepted_seq)
        assert await store.items("r") == ITEMS
        assert await store.payloads(["hash"]) == {"hash": "a long text"}
        assert await store.run("r") == await store.run("k") == record

    async def test_the_same_run_again_is_that_run_and_writes_nothing(self, store: Store) -> None:
        await driven(store)
        now = await store.run("r")
        assert await store.accept(PLAN) == now
        assert await store.accept(PLAN._replace(digest="another", key="another")) == now
        assert await types(store) == ["run_accepted"]

    async def test_the_same_plan_under_a_key_is_the_run_that_has_it(self, store: Store) -> None:
        record = await store.accept(PLAN)
        assert await store.accept(PLAN._replace(run="r2", name="renamed")) == record
        with pytest.raises(NotFound):
            await store.run("r2")
        assert await types(store) == ["run_accepted"]

    async def test_two_that_submit_at_once_get_one_run(self, store: Store) -> None:
        one, two = await asyncio.gather(store.accept(PLAN), store.accept(PLAN._replace(run="r2")))
        assert one == two

    @pytest.mark.parametrize("change", [{"digest": "another"}, {"model": "another"}])
    async def test_another_plan_under_a_key_is_refused_with_the_ways_on(
        self, store: Store, change: dict[str, str]
    ) -> None:
        await store.accept(PLAN)
        with pytest.raises(UserError, match=r"run r\b.*--key.*`mnemosyne resume k --plan FILE`"):
            await store.accept(PLAN._replace(run="r2", payloads={"new": "text"}, **change))  # type: ignore[arg-type]
        with pytest.raises(NotFound):
            await store.run("r2")
        with pytest.raises(PayloadMissing):
            await store.payloads(["new"])
        assert await types(store) == ["run_accepted"]

    async def test_runs_without_a_key_are_as_many_as_are_accepted(self, store: Store) -> None:
        await store.accept(PLAN._replace(key=None))
        await store.accept(PLAN._replace(key=None, run="r2"))
        assert (await store.run("r2")).accepted_seq == 2

    async def test_a_plan_is_written_whole_or_not_at_all(self, store: Store) -> None:
        twice = PLAN._replace(items=(*ITEMS, ITEMS[0]))
        foreign = PLAN._replace(reused=(reused("a", "r"), reused("nobody", "r")))
        others = PLAN._replace(reused=(reused("a", "another run"),))
        double = PLAN._replace(reused=(reused("a", "r"), reused("a", "r")))
        gone = PLAN._replace(reused=(reused("a", "r", Content(ref="gone")),))
        refused: list[tuple[Accept, type[Exception]]] = [
            (twice, StoreError),
            (foreign, UserError),
            (others, UserError),
            (double, UserError),
            (gone, PayloadMissing),
            (PLAN._replace(revises="nobody"), NotFound),
        ]
        for plan, error in refused:
            with pytest.raises(error):
                await store.accept(plan)
            for missing in (store.run("r"), store.run("k"), store.items("r"), store.payloads(["hash"])):
                with pytest.raises((NotFound, PayloadMissing)):
                    await missing
        assert (await store.accept(PLAN)).accepted_seq == 1

    async def test_a_revision_takes_the_key_and_the_results_and_ends_the_old_run(self, store: Store) -> None:
        await driven(store)
        await store.append("1", [assigned(1, item="b"), closed(1, item="b")])
        plan = PLAN._replace(run="r2", digest="edited", revises="k", reused=(reused("b", data=Content(ref="hash")),))
        record = await store.accept(plan)
        assert (record.key, record.revises, (await store.run("r")).key) == ("k", "r", None)
        assert (await store.run("k")).run == "r2"
        assert await types(store, "r2") == ["run_accepted", "item_reused"]
        assert (await store.read("r", 0, 0))[-1].type == "cancel_requested"
        await store.claim("r2", "driver")
        assert await taken(store, "2", assigned(1, item="b", run="r2"), assigned(1, run="r2")) == [False, True]

    async def test_the_same_revision_again_is_that_run(self, store: Store) -> None:
        await store.accept(PLAN)
        plan = PLAN._replace(run="r2", digest="edited", revises="r", reused=(reused("b"),))
        record = await store.accept(plan)
        assert await store.accept(plan._replace(run="r3", reused=())) == record
        assert await types(store) == ["run_accepted", "cancel_requested"]

    async def test_a_key_that_has_moved_is_the_new_runs_in_every_call(self, store: Store) -> None:
        await store.accept(PLAN)
        assert len(await store.read("k", 0, 0)) == 1
        await store.append("1", [PauseRequested(run="k")])
        record = await store.accept(PLAN._replace(run="r2", digest="edited", items=ITEMS[:1], revises="r"))
        assert [event.run for event in await store.read("k", 0, 0)] == ["r2"]
        assert await store.items("k") == ITEMS[:1]
        assert await store.claim("k", "driver") == 1
        assert await store.run("k") == record._replace(term=1, driver="driver")
        assert (await store.run("r")).term == 0

    async def test_a_run_that_has_finished_is_not_cancelled_by_its_revision(self, store: Store) -> None:
        await driven(store)
        await store.append("1", [RunFinished(run="r", term=1, status=RunStatus.COMPLETED, counts={})])
        await store.accept(PLAN._replace(run="r2", key=None, digest="edited", revises="r"))
        assert await types(store) == ["run_accepted", "run_finished"]
        assert (await store.run("k")).run == "r2", "the key goes with the plan also where it is not said again"


class TestClaim:
    async def test_terms_follow_each_other_and_fence_all_earlier_ones(self, store: Store) -> None:
        await driven(store)
        assert await store.claim("r", "other") == 2
        record = await store.run("r")
        assert (record.term, record.driver) == (2, "other")
        for term in (1, 3):
            with pytest.raises(StaleTerm, match=f"driven by other in term 2; term {term} is over"):
                await store.append(f"{term}", [assigned(1, term)])
        assert await taken(store, "2", assigned(1, 2)) == [True]

    async def test_a_driver_that_saw_an_older_term_gets_none(self, store: Store) -> None:
        await driven(store)
        with pytest.raises(StaleTerm, match="driven by driver in term 1; term 0 is over"):
            await store.claim("r", "late", seen=0)
        assert (await store.run("r")).driver == "driver"
        assert await store.claim("r", "next", seen=1) == 2

    async def test_of_drivers_that_saw_the_same_term_one_gets_the_run(self, store: Store) -> None:
        await store.accept(PLAN)
        claims = [store.claim("r", f"driver {number}", seen=0) for number in range(4)]
        answers = await asyncio.gather(*claims, return_exceptions=True)
        assert [answer for answer in answers if not isinstance(answer, StaleTerm)] == [1]

    async def test_a_run_that_is_not_there_cannot_be_claimed(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.claim("r", "driver")
