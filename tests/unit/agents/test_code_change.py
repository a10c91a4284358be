"""The example of a change of a package: its plan, files, script, tools and reviews, by agents of this process."""

from pathlib import Path

from actors.events import ItemClosed
from actors.models.script import Script
from actors.models.scripted import ScriptedModel
from actors.tools.workspace import workspace_of
from actors.work import Result, RunStatus
from cluster.plan import load
from tests.unit.agents.test_reviewing import driven, judgements

FOLDER = Path(__file__).parents[3] / "examples" / "code-change"


async def test_the_second_attempt_corrects_what_the_review_of_the_first_found(tmp_path: Path) -> None:
    plan = load(FOLDER / "plan.yaml")
    model = ScriptedModel(Script.model_validate_json((FOLDER / "script.json").read_text()))
    status, events = await driven(tmp_path, model, *plan.graph.items, payloads=plan.payloads)
    assert status is RunStatus.COMPLETED
    first, second = (one.judgement for one in judgements(events))
    assert (first.passed, second.passed) == (False, True)
    assert [gate.passed for gate in first.gates] == [False, False]
    assert "FAILED (failures=1)" in first.gates[0].evidence
    assert "Ran 3 tests" in second.gates[0].evidence
    worked = [e.item for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Result)]
    assert worked == ["survey", "change", "change", "note"]
    changed = (workspace_of(tmp_path, "r") / "names.py").read_text()
    assert "split()" in changed
    assert changed != (FOLDER / "package" / "names.py").read_text(), "the example's own files stay as they are"
