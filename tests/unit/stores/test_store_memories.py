"""What every store promises of memories: results are memories, what was remembered, what is recalled of them."""

import asyncio
from pathlib import Path

import pytest
from pydantic import ValidationError

from actors.events import Event, ItemClosed, RunFinished
from actors.journal.memories import MemoryForgotten, MemoryStored
from actors.journal.rows import to_row
from actors.memory.memory import Memory, belongs, project, result_id, session
from actors.memory.recall import HALF_LIFE_S, Candidate, Question, best, score
from actors.stores.group import GroupStore
from actors.stores.inspection import inspect
from actors.stores.protocol import Store
from actors.stores.reader import Reader
from actors.stores.sqlite import SqliteStore
from actors.stores.upkeep import finished_before, remove, remove_payloads
from actors.stores.writer import Append
from actors.work import Content, Outcome, Result, RunStatus
from tests.support.reviews import CONSOLIDATED, verdict
from tests.support.store_facts import PLAN, assigned, closed, driven, reused
from tests.support.stores import long_text


def answer(item: str, text: str = "a plain answer", run: str = "r", **more: object) -> Result:
    data = Content(text=text) if "ref" not in more else Content(ref=str(more["ref"]))
    return Result(data=data, model="scripted", memory_ids=(result_id(run, item),))


def note(number: int, text: str = "a note", namespace: str = "global", importance: int = 5) -> MemoryStored:
    content = Content(text=text)
    return MemoryStored(memory=Memory(id=f"{number:016x}", namespace=namespace, importance=importance, content=content))


async def ids(store: Store, *question: object) -> list[str]:
    return [one.memory.id for one in await store.recall(Question(*question))]  # type: ignore[arg-type]


def number(*numbers: int) -> list[str]:
    return [f"{n:016x}" for n in numbers]


async def test_a_result_is_a_memory_of_its_run_as_soon_as_it_is_on_disk(store: Store) -> None:
    await driven(store)
    await store.append("1", [assigned(1, item="b"), closed(1, answer("b", "forty-two sheep"), item="b")])
    (one,) = await store.recall(Question("sheep"))
    assert one.memory.model_dump() == {
        "id": result_id("r", "b"),
        "namespace": "session:plan:r",
        "kind": "result",
        "importance": 7,
        "tags": ("executor",),
        "links": (),
        "content": {"text": "forty-two sheep", "ref": None},
        "at": one.memory.at,
        "run": "r",
        "item": "b",
    }
    assert one.memory.at > 0


async def test_an_outcome_that_was_refused_is_no_memory(store: Store) -> None:
    await driven(store)
    await store.append("1", [assigned(1, item="b"), closed(2, answer("b"), item="b")])
    assert await ids(store) == []


async def test_a_long_result_is_found_by_its_words_and_refers_to_its_text(store: Store) -> None:
    await driven(store)
    ref, text = long_text("zebra")
    await store.append("1", [assigned(1, item="b"), closed(1, answer("b", ref=ref), item="b")], {ref: text})
    (one,) = await store.recall(Question("zebra"))
    assert one.memory.content == Content(ref=ref)


async def test_what_reviews_found_is_a_memory_of_its_run_and_points_at_the_result(store: Store) -> None:
    await driven(store)
    ref, text = long_text("zebra")
    long = CONSOLIDATED.model_copy(update={"text": Content(ref=ref)})
    ends: tuple[Outcome, ...] = (verdict(passed=False), verdict(passed=True), CONSOLIDATED, long)
    for epoch, outcome in enumerate(ends, 1):
        events: list[Event] = [assigned(epoch, item="b"), closed(epoch, outcome, item="b")]
        await store.append(f"{epoch}", events, {ref: text} if outcome is long else None)
    (found,) = await store.recall(Question("that it is blue"))
    assert (found.memory.importance, found.memory.tags) == (8, ("reviewer", "review"))
    assert found.memory.links == (result_id("r", "b"),)
    assert found.memory.namespace == "session:plan:r"
    assert "correctness failed: line 3" in (found.memory.content.text or "")
    (made,) = await store.recall(Question("again"))
    assert (made.memory.importance, made.memory.tags) == (6, ("optimizer", "review"))
    (zebra,) = await store.recall(Question("zebra"))
    assert zebra.memory.content == Content(ref=ref)
    assert len(await ids(store)) == 3, "a verdict that passes finds nothing"
    assert await store.recall(Question("blue", results=False)) == [], "nobody remembered it for others"


async def test_results_of_before_there_were_memories_are_none(store: Store) -> None:
    await driven(store)
    await store.append("1", [assigned(1, item="b"), closed(1, item="b")])
    assert await ids(store) == []


async def test_least_importance_and_namespace_come_before_the_limit(store: Store) -> None:
    await store.append("1", [note(n, importance=10 if n == 1 else 3) for n in range(1, 41)])
    assert await ids(store, "note", 8, None, 1) == number(1)
    await store.append("2", [note(99, namespace="project:x", importance=1)])
    assert await ids(store, "note", 1, "project:x", 1) == number(99)
    assert len(await ids(store, "", 1, None, 30)) == 30


async def test_a_project_holds_its_sessions_and_nobody_elses(store: Store) -> None:
    spaces = ["global", "project:x", "session:x:1", "session:x:2", "project:xy", "session:xy:1"]
    await store.append("1", [note(n, namespace=space) for n, space in enumerate(spaces)])
    assert sorted(await ids(store, "", 1, "project:x")) == number(1, 2, 3)
    assert await ids(store, "", 1, "session:x:2") == number(3)
    assert await ids(store, "", 1, "global") == number(0)
    assert await ids(store, "", 1, "session:x") == []


async def test_what_is_forgotten_stays_so(store: Store) -> None:
    await driven(store)
    made = answer("b")
    await store.append("1", [assigned(1, item="b"), closed(1, made, item="b"), note(1)])
    await store.append("2", [MemoryForgotten(memory=result_id("r", "b")), MemoryForgotten(memory=number(7)[0])])
    assert await ids(store) == number(1)
    again = [reused("b").model_copy(update={"outcome": made})]
    await store.accept(PLAN._replace(run="r2", key=None, digest="other", reused=tuple(again)))
    assert await ids(store) == number(1), "not by being used again either"


async def test_a_result_that_is_taken_over_goes_with_the_run_that_took_it(store: Store) -> None:
    await driven(store)
    made = answer("b")
    await store.append("1", [assigned(1, item="b"), closed(1, made, item="b")])
    assert len(await ids(store)) == 1
    again = (reused("b").model_copy(update={"outcome": made}),)
    await store.accept(PLAN._replace(run="r2", key=None, digest="other", name="plan", reused=again))
    (one,) = await store.recall(Question())
    assert (one.memory.id, one.memory.namespace) == (result_id("r", "b"), "session:plan:r2")


async def test_sent_twice_it_is_one_memory(store: Store) -> None:
    await store.append("1", [note(1)])
    await store.append("1", [note(1)])
    await store.append("2", [note(1)])
    assert await ids(store) == number(1)


def test_scores() -> None:
    assert score(1.0, 10, 0.0) == pytest.approx(1.0)
    assert score(0.0, 1, 0.0) == pytest.approx(0.15)
    assert score(0.0, 1, HALF_LIFE_S) == pytest.approx(0.075)
    assert score(0.5, 1, 1e12) == pytest.approx(0.3)
    assert score(0.0, 1, -60.0) == pytest.approx(0.15), "a clock that was set back makes nothing better than new"
    found = [Candidate(1, 2.0, 1, 0.0), Candidate(2, 4.0, 1, 0.0), Candidate(3, 2.0, 10, 0.0)]
    assert [key for key, _ in best(found, 2, 0.0)] == [2, 3]
    assert best([], 10, 0.0) == []


def test_namespaces() -> None:
    assert (project("a: b"), session("a: b", "r1")) == ("project:a- b", "session:a- b:r1")
    assert belongs("session:x:1", "project:x")
    assert not belongs("session:xy:1", "project:x")
    for bad in ("", "Global", "project:", "session:x", "session:x:", "project:a:b", "other:x", "project:a\nb"):
        with pytest.raises(ValidationError):
            note(1, namespace=bad)


def finish(store: SqliteStore, run: str, item: str, result: Result) -> None:
    events: list[Event] = [assigned(1, item=item, run=run), closed(1, result, item=item, run=run)]
    events.append(RunFinished(run=run, term=1, status=RunStatus.COMPLETED, counts={"complete": 1}))
    store.commit([Append(f"{run}-{item}", [to_row(event) for event in events], {})])


def test_memories_of_results_go_with_their_run_and_what_was_remembered_stays(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db", clock=lambda: 1000.0)
    store.accept(PLAN._replace(items=PLAN.items[:1]))
    store.claim("c", "r", "driver", None)
    finish(store, "r", "b", answer("b"))
    store.commit([Append("n", [to_row(note(1))], {})])
    while store.index():
        pass
    for old in finished_before(store.db, 2000.0):
        remove(store, old)
    remove_payloads(store)
    store.close()
    reader = Reader(tmp_path / "store.db")
    assert [one.memory.id for one in reader.recall(Question(), 0.0)] == number(1)
    assert reader.recall(Question("plain"), 0.0) == []
    reader.close()
    assert list(inspect(tmp_path / "store.db")) == []


async def test_what_a_killed_process_did_not_index_the_next_one_does(tmp_path: Path) -> None:
    writer = SqliteStore(tmp_path / "store.db")
    writer.commit([Append("1", [to_row(note(n)) for n in range(1, 500)], {})])
    writer.index()
    writer.close()
    store = GroupStore(tmp_path / "store.db")
    assert len(await ids(store, "note", 1, None, 1000)) == 499
    await store.close()


async def test_memories_are_indexed_behind_the_commits_without_a_question(tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await store.append("1", [note(1)])
    reader = Reader(tmp_path / "store.db")
    async with asyncio.timeout(20):
        while not reader.is_indexed(reader.newest_memory()):
            await asyncio.sleep(0.02)
    assert [one.memory.id for one in reader.recall(Question("note"), 0.0)] == number(1)
    reader.close()
    await store.close()


def test_a_full_disk_keeps_the_index_for_later(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    store.commit([Append("1", [to_row(note(n, "word " * 2000)) for n in range(1, 50)], {})])
    pages = store.db.pragma("page_count")
    store.db.pragma("max_page_count", pages)
    assert store.index() is False
    store.db.pragma("max_page_count", 1_000_000)
    assert store.index() is False
    store.close()
    reader = Reader(tmp_path / "store.db")
    assert len(reader.recall(Question("word", limit=100), 0.0)) == 49
    reader.close()


def test_a_result_of_every_success_names_its_memory() -> None:
    event = closed(1, answer("a"))
    assert isinstance(event, ItemClosed)
    assert result_id("r", "a") == result_id("r", "a") != result_id("r", "b")
