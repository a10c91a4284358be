"""A list that was not done to its end, on a real store: only the entries that are not done are paid for."""

import json
from pathlib import Path

from actors.errors import AnswerRefused
from actors.models.port import Request
from actors.roles.prompt import VERSIONS
from actors.stores.group import GroupStore
from actors.stores.inspection import inspect
from actors.stores.protocol import Accept
from actors.stores.reader import Reader
from actors.work import Item, Over, RunStatus
from cluster.cli.journal import read_view
from cluster.driving.driver import Driver
from cluster.results.reuse import Comparison, compare, earlier
from cluster.run.graph import WorkGraph
from tests.support.fakes import FakeModel, LocalAgent, open_store
from tests.support.homes import results

LISTING = Item(id="list", description="List them.")
EACH = Item(id="each", description="Do it.", dependencies=("list",), foreach=Over(item="list"))
MERGE = Item(id="merge", description="Merge.", dependencies=("each",))
PLAN = (LISTING, EACH, MERGE)
LONG = "A long entry. " * 400
ENTRIES = [f"{n}: {LONG if n % 2 else 'short'}" for n in range(6)]


async def drive(store: GroupStore, run: str, *, failing: str = "") -> list[str]:
    """Drive the run to its end; the items that a model was asked for."""

    def answer(request: Request) -> str:
        item = request.tag.split("/")[1]
        if item == "list":
            return json.dumps(ENTRIES)
        if item == failing:
            raise AnswerRefused("no")
        return f"{item} of {run}"

    model = FakeModel(answer)
    agent = LocalAgent("e", store, model)
    status = await Driver(await store.run(run), store, {"e": agent}, "d").drive()
    await agent.stop()
    assert status is (RunStatus.COMPLETED_WITH_FAILURES if failing else RunStatus.COMPLETED)
    return sorted({request.tag.split("/")[1] for request in model.requests})


def look(home: Path, run: str) -> Comparison:
    reader = Reader(home / "store.db")
    try:
        record = reader.run(run)
        return compare(earlier(record, reader.items(run), reader.events(run)), WorkGraph(PLAN), record.model, VERSIONS)
    finally:
        reader.close()


async def test_only_the_entry_that_failed_and_what_follows_are_asked_for(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    await store.accept(Accept("first", "monday", "plan", "1", "fake", PLAN, {}))
    names = [f"each[{n}]" for n in range(len(ENTRIES))]
    assert await drive(store, "first", failing="each[3]") == [*names, "list"]
    found = look(tmp_path, "first")
    assert found.entries == (5, 6)
    second = Accept("second", "monday", "plan", "2", "fake", PLAN, {}, "first", found.reused("second"))
    record = await store.accept(second)
    assert await store.accept(second) == record, "a second time it is that run"
    assert record.items == 9
    assert await drive(store, "second") == ["each[3]", "merge"]
    assert await drive_again(store, tmp_path) == []
    await store.close()
    told = json.loads(results(tmp_path, "monday", as_json=True))["each"]["data"]
    assert told == [f"{name} of {'second' if name == 'each[3]' else 'first'}" for name in names]
    assert list(inspect(tmp_path / "store.db")) == []


async def drive_again(store: GroupStore, home: Path) -> list[str]:
    """A third run takes over the whole of the second."""
    found = look(home, "second")
    assert not found.entries[1]
    await store.accept(Accept("third", "monday", "plan", "3", "fake", PLAN, {}, "second", found.reused("third")))
    return await drive(store, "third")


async def test_people_see_the_entries_as_those_of_any_run(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    await store.accept(Accept("first", "monday", "plan", "1", "fake", PLAN, {}))
    await drive(store, "first", failing="each[0]")
    found = look(tmp_path, "first")
    await store.accept(Accept("second", "monday", "plan", "2", "fake", PLAN, {}, "first", found.reused("second")))
    reader = Reader(tmp_path / "store.db")
    try:
        view = read_view(reader, reader.run("second"))
        assert view.items.counts == {**view.items.counts, "complete": 6, "ready": 1, "waiting": 2}
        assert [(item.id, item.parent, item.origin) for item in view.items.values()][3:5] == [
            ("each[0]", "each", None),
            ("each[1]", "each", "first"),
        ]
    finally:
        reader.close()
    await drive(store, "second")
    await store.close()
