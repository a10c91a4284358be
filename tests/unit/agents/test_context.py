"""What goes into a prompt: shares of the room, skills and memories that reach the model, and what is told of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from actors.context.context import SHARES, Part, Piece, Share, fill
from actors.context.shelf import Shelf
from actors.events import ContextFilled, MemoryRecalled
from actors.journal.memories import MemoryForgotten, MemoryStored
from actors.memory.memory import Memory
from actors.roles.attempt import attempt
from actors.roles.material import FRESH_S, Library
from actors.roles.prompt import PROMPTS
from actors.roles.prompted import Asker, Prompted
from actors.settings import ModelSettings
from actors.stores.group import GroupStore
from actors.stores.protocol import Store
from actors.tools.toolbox import Toolbox
from actors.work import Content, Item, Result, Role, Task
from cluster.cli import main
from tests.support.fakes import FakeModel, calls_of, course_of
from tests.support.store_facts import PLAN, assigned

pieces = st.builds(
    Piece,
    share=st.sampled_from([Share.SKILLS, Share.PROJECT, Share.GENERAL]),
    kind=st.just("memory"),
    name=st.text(max_size=3),
    text=st.text(max_size=400),
)


@given(st.integers(0, 2000), st.lists(pieces, max_size=12), st.integers(-10, 2000))
def test_no_share_takes_more_than_its_part_and_the_task_is_whole(task: int, offered: list[Piece], room: int) -> None:
    own = Piece(Share.CRITICAL, "description", "a", "x" * task)
    filled = fill([own], offered, room)
    assert filled.text.endswith(own.text)
    assert len(filled.parts) == 1 + len(offered)
    used = {share: sum(p.tokens for p in filled.parts if p.share is share and not p.left_out) for share in SHARES}
    for share in (Share.SKILLS, Share.PROJECT, Share.GENERAL):
        assert used[share] <= max(0, SHARES[share] * room)
    if own.tokens <= room:
        assert sum(used.values()) <= room
    else:
        assert all(part.left_out or not part.tokens for part in filled.parts[1:])
    for part, piece in zip(filled.parts[1:], offered, strict=True):
        assert (part.name, part.tokens) == (piece.name, piece.tokens)
        assert part.left_out or piece.text in filled.text


def test_the_shares_are_the_whole() -> None:
    assert sum(SHARES.values()) == pytest.approx(1.0)


def skill(folder: Path, name: str, description: str, text: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {description}\n---\n{text}\n")


def note(number: int, text: str, namespace: str) -> MemoryStored:
    return MemoryStored(memory=Memory(id=f"{number:016x}", namespace=namespace, content=Content(text=text)))


TASK = Task(
    run="r",
    item=Item(id="b", description="Deploy the billing service to Kubernetes.", inputs={"x": Content(text="an input")}),
    epoch=1,
    attempt=1,
    model="fake",
)


async def asked(store: Store, folder: Path, task: Task = TASK, window: int = 200_000) -> tuple[str, list[Part]]:
    """What the model got, and what the journal says of it."""
    model, library = FakeModel(), Library(store, Shelf([folder]))
    executor = PROMPTS[Role.EXECUTOR]
    settings = ModelSettings(max_tokens=100, windows={"fake": window})
    worker = Prompted(executor, Asker(store, calls_of(model), settings), library)
    outcome = await attempt(worker, course_of(task, store), {})
    assert isinstance(outcome, Result), outcome
    told = await store.read("r", 0, 0)
    events = [event for event in told if isinstance(event, ContextFilled)]
    assert [hit.memory for event in told if isinstance(event, MemoryRecalled) for hit in event.found] == [
        part.name for event in events for part in event.parts if part.kind == "memory"
    ]
    (message,) = model.requests[0].messages
    return message.text, [part for event in events for part in event.parts]


async def driven(store: Store, *events: MemoryStored) -> None:
    await store.accept(PLAN)
    await store.claim("r", "d")
    await store.append("begin", [assigned(1, item="b"), *events])


async def test_skills_and_memories_that_fit_reach_the_executor_and_the_journal(store: Store, tmp_path: Path) -> None:
    skill(tmp_path, "deploy", "Deploy a service to Kubernetes", "Use canaries.")
    skill(tmp_path, "sql", "Write SQL queries", "Use indexes.")
    await driven(
        store,
        note(1, "The billing service needs a database.", "project:plan"),
        note(2, "Kubernetes is at version 1.31.", "global"),
        note(3, "Billing of another project", "project:other"),
        note(4, "Lunch is at noon.", "global"),
    )
    text, parts = await asked(store, tmp_path)
    for given_ in ("Use canaries.", "needs a database", "version 1.31", "an input"):
        assert given_ in text
    for other in ("Use indexes", "another project", "Lunch"):
        assert other not in text
    assert text.endswith(TASK.item.description)
    assert [(p.share.value, p.kind, p.name) for p in parts] == [
        ("critical", "input", "x"),
        ("critical", "description", "b"),
        ("skills", "skill", "deploy"),
        ("project", "memory", f"{1:016x}"),
        ("general", "memory", f"{2:016x}"),
    ]
    assert all(p.tokens > 0 and not p.left_out for p in parts)


async def test_without_skills_and_memories_there_is_the_task_alone_and_no_event(store: Store, tmp_path: Path) -> None:
    await driven(store)
    text, parts = await asked(store, tmp_path)
    assert text.endswith(f"\n\n{TASK.item.description}")
    assert parts == []


async def test_what_there_is_no_room_for_is_left_out_and_told(store: Store, tmp_path: Path) -> None:
    skill(tmp_path, "deploy", "Deploy a service to Kubernetes", "Use canaries. " * 100)
    await driven(store)
    text, parts = await asked(store, tmp_path, window=1_000)
    assert "canaries" not in text
    assert [(part.name, part.left_out) for part in parts if part.kind == "skill"] == [("deploy", True)]


async def test_what_is_remembered_later_is_found_soon_and_what_is_forgotten_is_not(store: Store) -> None:
    now = [100.0]
    await driven(store)
    library = Library(store, Shelf([]), lambda: now[0])
    assert (await library.offered(TASK)).pieces == []
    await store.append("1", [note(1, "The billing service needs a database.", "global")])
    now[0] += FRESH_S
    assert [piece.name for piece in (await library.offered(TASK)).pieces] == [f"{1:016x}"]
    await store.append("2", [MemoryForgotten(memory=f"{1:016x}")])
    assert (await library.offered(TASK)).pieces == []


async def test_why_tells_a_person_and_machines(tmp_path: Path) -> None:
    skill(tmp_path / "skills", "deploy", "Deploy a service to Kubernetes", "Use canaries.")
    home = tmp_path / "home"
    home.mkdir()
    store = GroupStore(home / "store.db")
    await driven(store)
    before = CliRunner().invoke(main.app, ["why", "r", "b", "--home", str(home), "--json"])
    facts = json.loads(before.output)
    assert [(part["kind"], part["name"]) for part in facts["parts"]] == [("description", "b")]
    await asked(store, tmp_path / "skills")
    told = CliRunner().invoke(main.app, ["why", "r", "b", "--home", str(home)]).output
    await store.close()
    assert "attempt 1 by e" in told
    assert "skill deploy" in told
    assert CliRunner().invoke(main.app, ["why", "r", "nothing", "--home", str(home)]).exit_code != 0


def test_the_commands_of_skills(tmp_path: Path) -> None:
    home = tmp_path / "home"
    skill(tmp_path / "skills", "deploy", "Deploy a service to Kubernetes", "Use canaries.")
    (tmp_path / "skills" / "bad").mkdir()
    (tmp_path / "skills" / "bad" / "SKILL.md").write_text("nothing")

    def call(*arguments: str) -> str:
        done = CliRunner().invoke(main.app, ["skills", *arguments, "--home", str(home)])
        assert done.exit_code == 0, done.output
        return done.output

    told = json.loads(call("list", "--json"))
    assert [one["name"] for one in told["skills"]] == ["deploy"]
    assert [Path(one["file"]).parent.name for one in told["broken"]] == ["bad"]
    assert "broken" in call("list")
    assert "Use canaries." in call("show", "deploy")
    (fit,) = json.loads(call("match", "Deploy the service", "--json"))["matches"]
    assert (fit["name"], fit["given"]) == ("deploy", True)
    assert "given  deploy" in call("match", "Deploy the service")
    assert CliRunner().invoke(main.app, ["skills", "show", "no", "--home", str(home)]).exit_code != 0


async def test_tools_that_do_not_let_go_take_none_of_the_items_time(store: Store) -> None:
    @asynccontextmanager
    async def slow(_: Task) -> AsyncIterator[Toolbox]:
        yield Toolbox()
        await asyncio.sleep(2.5)

    task = TASK.model_copy(update={"item": TASK.item.model_copy(update={"timeout": 2.0})})
    worker = Prompted(PROMPTS[Role.EXECUTOR], Asker(store, calls_of(FakeModel()), ModelSettings(), slow))
    course = course_of(task)
    outcome = await attempt(worker, course, {})
    assert isinstance(outcome, Result), outcome
    assert not course.deadline.expired
