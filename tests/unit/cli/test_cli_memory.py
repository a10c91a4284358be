"""`recall`, `remember`, `forget`: what they print, with no process alive and beside a writer."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actors.memory.memory import result_id
from actors.stores.group import GroupStore
from actors.work import Content, Result
from cluster.cli import main
from tests.support.invoked import call, facts
from tests.support.store_facts import assigned, closed, driven


@pytest.fixture(params=["nobody", "a fleet"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A home without a store's process, and one with."""
    if request.param == "nobody":
        yield tmp_path
        return
    loop, up, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        store = GroupStore(tmp_path / "store.db")
        requests = asyncio.ensure_future(store.take_requests())
        up.set()
        await stop.wait()
        requests.cancel()
        await store.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    up.wait(20)
    yield tmp_path
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)
    loop.close()


def test_what_is_remembered_is_recalled_until_it_is_forgotten(home: Path) -> None:
    one = facts(home, "remember", "Phase2 ended on Tuesday.", "-n", "project:x", "-i", "8", "-t", "phase", "-t", "end")
    two = facts(home, "remember", "Phase3 begins.", "--importance", "3", "--type", "task", "--link", one["id"])
    assert one["in_journal"]
    assert two["in_journal"]
    told = facts(home, "recall", "phase2 OR phase3")
    assert {row["id"] for row in told["results"]} == {one["id"], two["id"]}
    assert told["count"] == 2
    (row,) = facts(home, "recall", "phase2 OR phase3", "--min-importance", "8", "--namespace", "project:x")["results"]
    assert row.pop("at") > 0
    assert 0 < row.pop("score") <= 1
    assert row == {
        "id": one["id"],
        "namespace": "project:x",
        "memory_type": "insight",
        "importance": 8,
        "tags": ["phase", "end"],
        "links": [],
        "run": None,
        "item": None,
        "content": "Phase2 ended on Tuesday.",
    }
    assert facts(home, "forget", one["id"])["in_journal"]
    assert [row["links"] for row in facts(home, "recall")["results"]] == [[one["id"]]]
    assert call(home, "forget", one["id"])[0] == 2


def test_people_see_a_line_of_each(home: Path) -> None:
    id_ = facts(home, "remember", "first line\nsecond \x1b[31mline", "-t", "red")["id"]
    code, said = call(home, "recall", "LINE")
    assert code == 0
    head, text = said.splitlines()
    assert head.startswith(f"1. {id_}  ")
    assert head.endswith("  global  #red")
    assert "\x1b" not in said
    assert "first line" in text
    assert call(home, "recall", "nowhere") == (0, "nothing is found; `mnemosyne recall` lists what there is\n")


@pytest.mark.parametrize("query", ["", '"', "C++", "a.b", "NEAR(", "* OR", "\U0001f600", "' OR 1=1 --", "x" * 5000])
def test_no_query_fails(tmp_path: Path, query: str) -> None:
    call(tmp_path, "remember", "something")
    done = CliRunner().invoke(main.app, ["recall", "--home", str(tmp_path), "--", query])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("remember", " "), "the text is empty"),
        (("remember", "x" * 20_001), "20000 can be remembered at once; split it"),
        (("remember", "x", "-n", "session:x"), "is no namespace; it has to be global, project:NAME or"),
        (("remember", "x", "--link", "zz"), "links.0"),
        (("remember", "x", "-i", "11"), "Invalid value"),
        (("recall", "--min-importance", "0"), "Invalid value"),
        (("forget", "0" * 16), "there is no memory"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    call(tmp_path, "remember", "something")
    code, said = call(tmp_path, *arguments)
    assert code == 2
    assert told in said


def test_without_a_store_there_is_nothing_to_recall(tmp_path: Path) -> None:
    assert call(tmp_path, "recall", "x")[0] == 4
    assert call(tmp_path, "forget", "0" * 16)[0] == 4
    assert list(tmp_path.iterdir()) == []


def test_the_memory_that_a_result_names_is_recalled(tmp_path: Path) -> None:
    async def work() -> None:
        store = GroupStore(tmp_path / "store.db")
        await driven(store)
        result = Result(data=Content(text="forty-two"), model="scripted", memory_ids=(result_id("r", "b"),))
        await store.append("1", [assigned(1, item="b"), closed(1, result, item="b")])
        await store.close()

    asyncio.run(work())
    (id_,) = facts(tmp_path, "results", "r")["b"]["memory_ids"]
    (row,) = facts(tmp_path, "recall", "forty-two")["results"]
    assert (row["id"], row["content"], row["namespace"]) == (id_, "forty-two", "session:plan:r")
