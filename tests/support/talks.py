"""Attempts that talk to a model over a real store, as a driver that reads the journal would hand them out."""

from actors.events import Event, ItemAssigned, ItemClosed, ToolDone, TurnDone
from actors.models.port import Message, Model, Reply, Request
from actors.roles.conversation import Conversation
from actors.stores.group import GroupStore
from actors.tools.toolbox import Toolbox
from actors.work import Item, Lost, Task
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.conversations import Notebook
from tests.support.fakes import calls_of, course_of

ITEM = Item(id="a", description="Do a.")
LONG = "x" * 10_000


async def task_of(store: GroupStore, epoch: int = 1, attempt: int = 1) -> Task:
    """The next attempt, as a driver that reads the journal would hand it out."""
    if epoch > 1:
        lost = ItemClosed(
            run="r", item="a", epoch=epoch - 1, attempt=attempt, agent="e", generation=1, outcome=Lost(message="died")
        )
        await store.append(f"lost {epoch}", [lost])
    opening = ItemAssigned(run="r", item="a", epoch=epoch, attempt=attempt, agent="e", model="m", term=1)
    await store.append(f"open {epoch}", [opening])
    state = RunState("r", WorkGraph((ITEM,)), "m")
    state.replay(event for event in await store.read("r", 0, 0) if event.type != "run_accepted")
    return Task(run="r", item=ITEM, epoch=epoch, attempt=attempt, model="m", turns=state.views["a"].turns)


async def hold(
    store: GroupStore,
    model: Model,
    tools: Notebook | None = None,
    task: Task | None = None,
    window: int = 200_000,
    bare: str | None = None,
) -> Reply:
    task = task or await task_of(store)
    course = course_of(task, store)
    refs = {content.ref for turn in task.turns for content in (turn.said, *(r.result for r in turn.ran.values()))}
    payloads = await store.payloads({ref for ref in refs if ref})
    request = Request(model="m", system="Be brief.", messages=(Message(role="user", text="Do a."),), max_tokens=1000)
    async with course.deadline:
        patient = calls_of(model).model("m", course.deadline, course.spending)
        return await Conversation(patient, course, tools or Toolbox(), payloads, window).hold(request, bare)


async def rows(store: GroupStore) -> list[Event]:
    return [event for event in await store.read("r", 0, 0) if isinstance(event, TurnDone | ToolDone)]
