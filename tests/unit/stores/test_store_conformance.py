"""What every store promises of its journal: appends, attempts, payloads, readers."""

import asyncio
from collections.abc import Sequence

import pytest

from actors.errors import NotFound, PayloadMissing, StaleTerm
from actors.events import (
    DRIVER_TYPES,
    FLEET,
    AgentStarted,
    AgentStarting,
    CancelRequested,
    Event,
    PauseRequested,
    RunStarted,
)
from actors.journal.reading import RESULT, RESULT_MARK
from actors.stores.memory import MemoryStore
from actors.stores.protocol import Store
from actors.work import Content, Lost, Result, Role
from tests.support.store_facts import BAD, GONE, PLAN, assigned, closed, driven, ends, reused, started, taken, types

LONG_S = 30.0


class TestAppend:
    async def test_a_second_time_it_changes_nothing_and_has_the_same_receipt(self, store: Store) -> None:
        record = await driven(store)
        sent: list[Event] = [assigned(1), assigned(1), closed(1, GONE)]
        first = await store.append("id", sent)
        assert first.seqs == (record.accepted_seq + 1, None, record.accepted_seq + 2)
        await store.append("other", [assigned(2)])
        await store.claim("r", "other")
        assert await store.append("id", sent) == first, "also where it would be refused by now"
        assert await types(store) == ["run_accepted", "item_assigned", "item_closed", "item_assigned"]

    async def test_sent_twice_at_once_it_is_done_once(self, store: Store) -> None:
        await store.accept(PLAN)
        pause = PauseRequested(run="r")
        one, two = await asyncio.gather(store.append("id", [pause]), store.append("id", [pause]))
        assert one == two
        assert await types(store) == ["run_accepted", "pause_requested"]

    async def test_an_old_driver_writes_nothing_and_its_neighbours_are_not_touched(self, store: Store) -> None:
        await driven(store)
        await store.claim("r", "other")
        old, new = await asyncio.gather(
            store.append("1", [CancelRequested(run="r"), assigned(1, 1)], {"new": "text"}),
            store.append("2", [assigned(1, 2)]),
            return_exceptions=True,
        )
        assert isinstance(old, StaleTerm)
        assert not isinstance(new, BaseException)
        assert new.seqs == (2,)
        assert await types(store) == ["run_accepted", "item_assigned"]
        with pytest.raises(PayloadMissing):
            await store.payloads(["new"])
        with pytest.raises(StaleTerm):
            await store.append("1", [assigned(1, 1)])

    async def test_a_run_that_is_not_there_takes_nothing(self, store: Store) -> None:
        await store.accept(PLAN)
        with pytest.raises(NotFound):
            await store.append("1", [PauseRequested(run="r"), PauseRequested(run="nobody")])
        assert await types(store) == ["run_accepted"]

    async def test_what_is_read_is_what_was_written(self, store: Store) -> None:
        await driven(store)
        sent: list[Event] = [RunStarted(run="r", term=1, driver="d"), assigned(1), started(1), closed(1, BAD), *ends()]
        seqs = (await store.append("1", sent)).seqs
        found = (await store.read("r", 0, 0))[1:]
        assert [event.model_copy(update={"seq": 0, "at": 0.0}) for event in found] == sent[:5]
        assert [event.seq for event in found] == [seq for seq in seqs if seq is not None]
        assert all(event.at > 0 for event in found)

    async def test_payloads_are_kept_once(self, store: Store) -> None:
        await store.accept(PLAN)
        await store.append("1", [PauseRequested(run="r")], {"hash": "another text", "two": "2"})
        assert await store.payloads(["two", "hash"]) == {"hash": "a long text", "two": "2"}
        with pytest.raises(PayloadMissing):
            await store.payloads(["hash", "three"])
        assert await store.payloads([]) == {}


class TestAttempts:
    async def test_they_are_opened_one_after_the_other(self, store: Store) -> None:
        await driven(store)
        assert await taken(store, "1", assigned(2), assigned(0), assigned(1), assigned(1), assigned(2)) == [
            False,
            False,
            True,
            False,
            False,
        ]
        assert await taken(store, "2", closed(1, GONE), assigned(1), assigned(3), assigned(2)) == [
            True,
            False,
            False,
            True,
        ]

    async def test_each_is_closed_once(self, store: Store) -> None:
        await driven(store)
        assert await taken(store, "1", closed(1), assigned(1), closed(2), closed(1, GONE), closed(1)) == [
            False,
            True,
            False,
            True,
            False,
        ]
        assert await taken(store, "2", assigned(2), closed(1), closed(2)) == [True, False, True]

    async def test_a_start_belongs_to_an_open_attempt(self, store: Store) -> None:
        await driven(store)
        answers = await taken(store, "1", started(1), assigned(1), started(2), started(1), closed(1, BAD), started(1))
        assert answers == [False, True, False, True, True, False]

    async def test_after_a_result_nothing_happens_to_an_item(self, store: Store) -> None:
        await driven(store)
        await store.append("1", [assigned(1), closed(1)])
        assert not any(await taken(store, "2", assigned(2), started(1), closed(1), *ends()))

    @pytest.mark.parametrize("number", range(4))
    async def test_an_item_ends_once_and_not_while_it_is_open(self, store: Store, number: int) -> None:
        await driven(store)
        end = ends()[number]
        assert await taken(store, "1", assigned(1), end, closed(1, BAD), end) == [True, False, True, True]
        assert not any(await taken(store, "2", *ends(), assigned(2), started(1), closed(1)))

    async def test_what_is_reused_is_said_by_accept_alone(self, store: Store) -> None:
        await driven(store)
        assert await taken(store, "1", reused("a", "r"), assigned(1), reused("a", "r")) == [False, True, False]

    async def test_an_item_that_is_not_in_the_plan_takes_nothing(self, store: Store) -> None:
        await driven(store)
        strange = "nobody"
        assert not any(await taken(store, "1", assigned(1, item=strange), closed(1, item=strange), *ends(strange)))

    async def test_items_and_runs_are_apart(self, store: Store) -> None:
        await driven(store)
        await store.accept(PLAN._replace(run="r2", key=None))
        await store.claim("r2", "driver")
        assert await taken(store, "1", assigned(1), assigned(1, item="b"), assigned(1, run="r2")) == [True] * 3


class TestRead:
    async def test_a_reader_gets_its_runs_and_the_fleets_events_by_cursor(self, store: Store) -> None:
        await store.accept(PLAN)
        await store.accept(PLAN._replace(run="r2", key=None))
        await store.append("1", [AgentStarting(agent="e", role=Role.EXECUTOR), PauseRequested(run="r2")])
        await store.append("2", [PauseRequested(run="r"), CancelRequested(run="r")])
        whole = await store.read("r", 0, 0)
        assert [event.seq for event in whole] == [1, 3, 5, 6]
        assert await store.read("k", 0, 0) == whole
        assert await store.read("r", 3, 0) == whole[2:]
        assert await store.read("r", 0, 0, limit=2) == whole[:2]
        assert await store.read("r", 0, 0, exclude=["agent_starting", "run_accepted"], limit=1) == whole[2:3]
        assert await store.read("r", 6, 0) == []

    async def test_it_waits_for_the_first_and_no_longer(self, store: Store) -> None:
        await driven(store)
        assert await store.read("r", 1, 0.01) == []
        waiting = asyncio.create_task(store.read("r", 1, LONG_S))
        await asyncio.sleep(0)
        await store.append("1", [assigned(1), started(1)])
        async with asyncio.timeout(5):
            assert [event.type for event in await waiting] == ["item_assigned", "item_started"]

    async def test_what_it_excludes_does_not_end_its_wait(self, store: Store) -> None:
        await driven(store)
        waiting = asyncio.create_task(store.read("r", 1, LONG_S, exclude=["item_assigned"]))
        await asyncio.sleep(0)
        await store.append("1", [assigned(1)])
        await store.append("2", [started(1)])
        async with asyncio.timeout(5):
            assert [event.type for event in await waiting] == ["item_started"]

    async def test_results_can_be_left_out_and_only_they(self, store: Store) -> None:
        await driven(store)
        kinds = [*DRIVER_TYPES, "run_accepted"]
        waiting = asyncio.create_task(store.read(None, 1, LONG_S, exclude=[*kinds, RESULT]))
        await asyncio.sleep(0)
        await store.append("1", [assigned(1), assigned(1, item="b")])
        await store.append("2", [closed(1, Result(data=Content(text="a"), model="m"))])
        assert await store.read(None, 1, 0, exclude=[*kinds, RESULT]) == []
        await store.append("3", [closed(1, Lost(message=RESULT_MARK), item="b")])
        async with asyncio.timeout(5):
            assert [event.seq for event in await waiting] == [5]
        assert [event.seq for event in await store.read("r", 1, 0, exclude=[*kinds, RESULT])] == [5]
        assert [event.seq for event in await store.read(None, 1, 0, exclude=kinds)] == [4, 5]

    async def test_what_comes_after_a_look_that_found_nothing_is_found(self, store: Store) -> None:
        await driven(store)
        for seq in range(2, 5):
            assert await store.read(None, 1, 0, exclude=["run_accepted", "pause_requested"]) == []
            await store.append(f"{seq}", [PauseRequested(run="r")])
        await store.append("5", [CancelRequested(run="r")])
        for after in (1, 4, 1, 0):
            found = await store.read(None, after, 0, exclude=["run_accepted", "pause_requested"])
            assert [event.seq for event in found] == [5]

    async def test_every_kind_of_writing_ends_a_wait(self, store: Store) -> None:
        await store.accept(PLAN)
        for writing in (
            store.register("e", Role.EXECUTOR, 1, "node"),
            store.append("1", [PauseRequested(run="r")]),
            store.accept(PLAN._replace(run="r2", digest="edited", revises="r")),
        ):
            waiting = asyncio.create_task(store.read("r", (await store.read("r", 0, 0))[-1].seq, LONG_S))
            await asyncio.sleep(0)
            await writing
            async with asyncio.timeout(5):
                assert len(await waiting) == 1

    async def test_a_reader_of_everything_gets_every_runs_events_and_the_fleets(self, store: Store) -> None:
        await store.accept(PLAN)
        await store.accept(PLAN._replace(run="r2", key=None))
        await store.append("1", [AgentStarting(agent="e", role=Role.EXECUTOR), PauseRequested(run="r2")])
        whole = await store.read(None, 0, 0)
        assert [(event.seq, event.run) for event in whole] == [(1, "r"), (2, "r2"), (3, FLEET), (4, "r2")]
        assert await store.read(None, 1, 0, exclude=["agent_starting"], limit=2) == [whole[1], whole[3]]
        assert await store.read(FLEET, 0, 0) == [whole[2]]
        assert await store.read(None, 4, 0) == []

    async def test_a_reader_of_everything_is_woken_by_everything(self, store: Store) -> None:
        await driven(store)
        for writing in (
            store.register("e", Role.EXECUTOR, 1, "node"),
            store.append("1", [assigned(1)]),
            store.accept(PLAN._replace(run="r2", key=None)),
        ):
            waiting = asyncio.create_task(store.read(None, (await store.read(None, 0, 0))[-1].seq, LONG_S))
            await asyncio.sleep(0)
            await writing
            async with asyncio.timeout(5):
                assert len(await waiting) == 1

    async def test_a_reader_of_the_fleet_waits_for_the_fleet(self, store: Store) -> None:
        await driven(store)
        waiting = asyncio.create_task(store.read(FLEET, 1, LONG_S))
        await asyncio.sleep(0)
        await store.append("1", [assigned(1)])
        await store.register("e", Role.EXECUTOR, 1, "node")
        async with asyncio.timeout(5):
            assert [event.type for event in await waiting] == ["agent_started"]

    async def test_a_run_that_is_not_there_cannot_be_read(self, store: Store) -> None:
        for asking in (store.read("r", 0, LONG_S), store.items("r"), store.run("r")):
            with pytest.raises(NotFound):
                await asking


async def test_each_process_of_an_agent_is_a_new_generation(store: Store) -> None:
    await store.accept(PLAN)
    assert [await store.register("e", Role.EXECUTOR, pid, "node") for pid in (7, 8)] == [1, 2]
    assert await store.register("other", Role.EXECUTOR, 9, "node") == 1
    events: Sequence[Event] = (await store.read("r", 1, 0))[:2]
    assert [(e.generation, e.pid) for e in events if isinstance(e, AgentStarted)] == [(1, 7), (2, 8)]


async def test_the_twin_tells_its_commits_and_its_own_time() -> None:
    heard: list[list[str]] = []
    store = MemoryStore(lambda: 12.5, lambda events: heard.append([event.type for event in events]))
    await driven(store)
    await store.append("1", [assigned(1), started(1)])
    await store.append("2", [started(2)])
    await store.append("1", [assigned(1), started(1)])
    assert heard == [["run_accepted"], ["item_assigned", "item_started"]]
    assert [(event.seq, event.at) for event in store.journal] == [(1, 12.5), (2, 12.5), (3, 12.5)]
