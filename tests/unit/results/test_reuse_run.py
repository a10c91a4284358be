"""A run of an edited plan, from the comparison to the files: only what the edit made stale is asked for again."""

import json
from pathlib import Path

import pytest

from actors.models.port import Request
from actors.roles.prompt import VERSIONS
from actors.stores.protocol import Accept, RunRecord, Store
from actors.stores.reader import Reader
from actors.work import Item, RunStatus, Usage
from cluster.cli.journal import read_view
from cluster.driving.driver import Driver
from cluster.results.files import ResultFiles
from cluster.results.reuse import Comparison, compare, earlier
from cluster.run.graph import WorkGraph
from tests.support.fakes import FakeModel, LocalAgent, open_store
from tests.support.histories import items
from tests.support.homes import results
from tests.support.reuses import taken

PLAN = items(a=[], long=[], b=["a", "long"], c="b")
EDITED = (*PLAN[:2], PLAN[2].model_copy(update={"description": "do b otherwise"}), PLAN[3], *items(fresh=["long"]))
LONG = "A long answer. " * 400


def item_of(request: Request) -> str:
    return request.tag.split("/")[1]


def answer(request: Request) -> str:
    return LONG if item_of(request) == "long" else f"{item_of(request)} of {request.tag.split('/')[0]}"


async def drive(store: Store, record: RunRecord) -> list[str]:
    """Drive the run; the items that a model was asked for."""
    model = FakeModel(answer)
    agent = LocalAgent("e", store, model)
    assert await Driver(await store.run(record.run), store, {"e": agent}, "d").drive() is RunStatus.COMPLETED
    await agent.stop()
    return sorted(map(item_of, model.requests))


def look(home: Path, run: str, plan: tuple[Item, ...]) -> Comparison:
    """What `plan` keeps of a run on disk."""
    reader = Reader(home / "store.db")
    try:
        record = reader.run(run)
        old = earlier(record, reader.items(run), reader.events(run))
        return compare(old, WorkGraph(plan), record.model, VERSIONS)
    finally:
        reader.close()


def accept(run: str, plan: tuple[Item, ...], digest: str, found: Comparison | None = None) -> Accept:
    reused = found.reused(run) if found else ()
    return Accept(run, "monday", "plan", digest, "fake", plan, {}, found.run if found else None, reused)


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """A finished run `first`, and a finished run `second` of the edited plan that took over its results."""
    store = open_store(tmp_path)
    first = await store.accept(accept("first", PLAN, "1"))
    assert await drive(store, first) == ["a", "b", "c", "long"]
    second = await store.accept(accept("second", EDITED, "2", look(tmp_path, "first", EDITED)))
    assert await drive(store, second) == ["b", "c", "fresh"]
    await store.close()
    return tmp_path


async def test_results_and_files_have_what_was_reused_like_any_other(home: Path) -> None:
    texts = {"a": "a of first", "long": LONG, "b": "b of second", "c": "c of second", "fresh": "fresh of second"}
    told = json.loads(results(home, "monday", as_json=True))
    assert {id_: one["data"] for id_, one in told.items()} == texts
    assert {one["model"] for one in told.values()} == {"fake"}
    reader = Reader(home / "store.db")
    ResultFiles(reader, "second", home).catch_up()
    reader.close()
    written = {file.stem: file.read_text() for file in (home / "runs" / "second").iterdir()}
    assert written == {id_: f"{text}\n" for id_, text in texts.items()}


async def test_the_status_of_what_was_reused_has_no_attempts_and_no_cost(home: Path) -> None:
    reader = Reader(home / "store.db")
    view = read_view(reader, reader.run("second"))
    reader.close()
    assert (view.state, view.items.counts["complete"]) == (RunStatus.COMPLETED, 5)
    assert [(item.id, item.attempts, item.origin) for item in view.items.values()] == [
        ("a", 0, "first"),
        ("long", 0, "first"),
        ("b", 1, None),
        ("c", 1, None),
        ("fresh", 1, None),
    ]
    assert view.items["a"].usage == Usage()


async def test_a_third_run_keeps_what_both_made(home: Path) -> None:
    found = look(home, "second", EDITED)
    assert {row.item: row.origin for row in taken(found, "third")} == {
        "a": "first",
        "long": "first",
        "b": "second",
        "c": "second",
        "fresh": "second",
    }
    store = open_store(home)
    third = await store.accept(accept("third", EDITED, "3", found))
    assert await drive(store, third) == [], "a run with nothing to do ends at once"
    await store.close()
