"""The tools of the memories, by capability, over both kinds of stores."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from actors.memory.recall import Question
from actors.settings import Settings
from actors.stores.protocol import Store
from actors.tools.granted import Granted
from actors.tools.toolbox import Toolbox
from actors.work import Item, Task
from tests.support.store_facts import PLAN


@asynccontextmanager
async def granted(home: Path, store: Store, *tools: str) -> AsyncIterator[Toolbox]:
    await store.accept(PLAN)
    task = Task(run="r", item=Item(id="a", description="x", tools=tools), epoch=1, attempt=1, model="m")
    async with Granted(Settings(home=home), store)(task) as toolbox:
        yield toolbox


async def test_a_capability_grants_its_tools_alone(tmp_path: Path, store: Store) -> None:
    async with granted(tmp_path, store, "memory:read") as toolbox:
        assert [spec.name for spec in toolbox.specs()] == ["recall"]
        assert (await toolbox.call("remember", {"text": "x"}, "k")).error
    async with granted(tmp_path, store, "memory:write") as toolbox:
        assert [spec.name for spec in toolbox.specs()] == ["remember", "forget"]
    assert await store.recall(Question()) == []


async def test_what_one_item_remembers_another_recalls_marked_as_data(tmp_path: Path, store: Store) -> None:
    async with granted(tmp_path, store, "memory:read", "memory:write") as toolbox:
        said = {"text": "Deploys are on Tuesdays.", "importance": 8, "type": "constraint", "tags": ["deploy"]}
        told = await toolbox.call("remember", said, "r/a/1/1")
        found = await toolbox.call("recall", {"query": "tuesdays OR fridays", "min_importance": 8}, "r/a/1/2")
        assert 'tool="recall"' in found.text
        assert "Deploys are on Tuesdays." in found.text
        assert told.text.rpartition(" ")[2] in found.text
        (one,) = await store.recall(Question(namespace="project:plan"))
        assert (one.memory.run, one.memory.item, one.memory.kind, one.memory.tags) == (
            "r",
            "a",
            "constraint",
            ("deploy",),
        )
        assert found.recalled is not None
        assert [hit.memory for hit in found.recalled] == [told.text.rpartition(" ")[2]]
        assert 0 < found.recalled[0].score <= 1
        assert told.recalled is None
        nothing = await toolbox.call("recall", {"query": '"NEAR(', "namespace": "nowhere"}, "r/a/1/3")
        assert "nothing is found" in nothing.text
        assert nothing.recalled == ()


async def test_the_same_call_made_again_is_the_same_memory(tmp_path: Path, store: Store) -> None:
    async with granted(tmp_path, store, "memory:write") as toolbox:
        first = await toolbox.call("remember", {"text": "once"}, "r/a/1/1")
        again = await toolbox.call("remember", {"text": "once, after the crash"}, "r/a/1/1")
        assert first == again
        (one,) = await store.recall(Question())
        assert one.memory.content.text == "once"
        await toolbox.call("remember", {"text": "half a \ud800", "scope": "global"}, "r/a/1/2")
        assert len(await store.recall(Question(namespace="global"))) == 1


async def test_what_is_remembered_may_name_what_it_is_about(tmp_path: Path, store: Store) -> None:
    async with granted(tmp_path, store, "memory:write") as toolbox:
        first = (await toolbox.call("remember", {"text": "one"}, "r/a/1/1")).text.rpartition(" ")[2]
        assert (await toolbox.call("remember", {"text": "x", "links": ["nobody"]}, "r/a/1/2")).error
        assert not (await toolbox.call("remember", {"text": "two", "links": [first, first]}, "r/a/1/3")).error
        (one,) = await store.recall(Question("two"))
        assert one.memory.links == (first,)


async def test_forget(tmp_path: Path, store: Store) -> None:
    async with granted(tmp_path, store, "memory:write") as toolbox:
        told = await toolbox.call("remember", {"text": "wrong"}, "r/a/1/1")
        assert (await toolbox.call("forget", {"id": "the wrong one"}, "r/a/1/2")).error
        assert not (await toolbox.call("forget", {"id": told.text.rpartition(" ")[2]}, "r/a/1/3")).error
        assert await store.recall(Question()) == []
        assert (await toolbox.call("remember", {"text": "x", "importance": 11}, "r/a/1/4")).error
