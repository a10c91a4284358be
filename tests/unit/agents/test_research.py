"""The example of a research: an orchestrator plans, each source is looked at by itself, all is merged and reviewed."""

from pathlib import Path

from actors.events import ItemClosed, ItemsAdded
from actors.models.script import Script
from actors.models.scripted import ScriptedModel
from actors.work import Result, Role, RunStatus
from cluster.plan import load
from tests.unit.agents.test_reviewing import driven

FOLDER = Path(__file__).parents[3] / "examples" / "research"


async def test_the_run_grows_by_what_its_agents_find_and_every_item_ends_once(tmp_path: Path) -> None:
    plan = load(FOLDER / "plan.yaml")
    model = ScriptedModel(Script.model_validate_json((FOLDER / "script.json").read_text()))
    items, payloads = plan.graph.items, plan.payloads
    status, events = await driven(tmp_path, model, *items, payloads=payloads, more=[Role.ORCHESTRATOR])
    assert status is RunStatus.COMPLETED
    added = {event.item: [item.id for item in event.items] for event in events if isinstance(event, ItemsAdded)}
    assert added == {
        "questions": ["questions[demand]", "questions[margin]", "questions[effort]"],
        "judged": ["judged[0]", "judged[1]", "judged[2]"],
    }
    done = [(e.item, e.agent) for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Result)]
    order = [item for item, _ in done]
    assert sorted(order) == sorted([*added["questions"], *added["judged"], "sources", "report", "checked"])
    assert order[-2:] == ["report", "checked"]
    assert dict(done)["checked"] == "reviewer-0"
    assert order.index("questions[demand]") < order.index("questions[effort]") < order.index("judged[0]")
