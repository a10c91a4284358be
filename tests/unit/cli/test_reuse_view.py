"""What a plan keeps of an earlier run, as people and machines are told."""

import json

from actors.work import Item
from cluster.cli.reuse_view import lines, to_json
from cluster.results.reuse import UNFINISHED, Comparison, Fate, Grown, Made, Verdict, compare, earlier
from cluster.run.graph import WorkGraph
from tests.support.histories import items, record
from tests.support.reuses import PLAN, PROMPTS, against, before, edited, result
from tests.support.screens import HARMLESS


def test_every_item_has_its_line_and_the_last_one_sums_up() -> None:
    plan = (*edited("b", description="new")[:3], *items(fresh=[]))
    assert lines(against(before(), plan)) == [
        "a      kept",
        "b      runs again  its description changed",
        "c      runs again  its dependency b runs again",
        "fresh  new",
        "other  gone",
        "1 kept, 2 run again, 1 new, 1 gone",
    ]
    assert lines(against(before(), PLAN))[-1] == "4 kept, 0 run again"


def test_several_reasons_are_told_and_many_are_counted() -> None:
    verdict = Verdict("a", Fate.RUNS_AGAIN, tuple(f"its input {n} changed" for n in range(5)))
    told = lines(Comparison("r", (verdict,), ("a",)))
    assert told[0].endswith("its input 0 changed; its input 1 changed; its input 2 changed; and 2 more")
    assert told[1] == "0 kept, 1 runs again"
    assert len(to_json(Comparison("r", (verdict,), ("a",)))["items"][0]["reasons"]) == 5


def test_machines_get_the_same_with_what_is_kept() -> None:
    told = to_json(against(before(), (*edited("b", description="new")[:2], *items(fresh=[]))))
    assert json.loads(json.dumps(told)) == told
    assert told["run"] == "r"
    assert told["counts"] == {"kept": 1, "runs_again": 1, "new": 1, "gone": 2}
    nothing = {"origin": None, "model": None, "grown": None}
    made = {"origin": "r", "model": "scripted-as-it-calls-itself", "grown": None}
    assert told["items"] == [
        {"id": "a", "verdict": "kept", "reasons": [], **made},
        {"id": "b", "verdict": "runs_again", "reasons": ["its description changed"], **nothing},
        {"id": "fresh", "verdict": "new", "reasons": ["is new"], **nothing},
        {"id": "c", "verdict": "gone", "reasons": [], **nothing},
        {"id": "other", "verdict": "gone", "reasons": [], **nothing},
    ]


def test_entries_of_a_list_that_are_kept_are_counted() -> None:
    entries = tuple(Item(id=f"each[{n}]", description="x", parent="each") for n in range(3))
    kept = {entry.id: Made(result(), "scripted", "r") for entry in entries[:2]}
    verdict = Verdict("each", Fate.RUNS_AGAIN, ("2 of its 3 items are kept", UNFINISHED), grown=Grown(entries, kept))
    found = Comparison("r", (verdict,), ("each",))
    assert lines(found) == [
        "each  runs again  2 of its 3 items are kept; was not complete",
        "0 kept, 1 runs again, 2 of 3 entries kept",
    ]
    assert to_json(found)["items"][0]["grown"] == {"items": 3, "kept": ["each[0]", "each[1]"]}


def test_hostile_names_do_nothing_to_a_terminal() -> None:
    plan = items(**{"\x1b[2J": [], "b\nc": ["\x1b[2J"]})
    old = earlier(record(plan, "r"), plan, [])
    changed = against(before(plan), edited("\x1b[2J", plan, model="\x1b]0;x\x07"))
    for found in (changed, compare(old, WorkGraph(plan), "scripted", PROMPTS)):
        assert all(map(HARMLESS.fullmatch, lines(found)))
