"""The campaign's verdict can fail: whatever must not be in a journal, or among the calls, is found and told."""

import json
import shutil
import signal
import subprocess
from collections.abc import Collection
from pathlib import Path
from random import Random

import pytest

from actors.events import (
    AgentStarted,
    Event,
    ItemAssigned,
    ItemClosed,
    ItemFailed,
    ItemQuarantined,
    RunFinished,
    RunStarted,
)
from actors.tools.workspace import workspace_of
from actors.work import Content, FailureKind, Item, Lost, Outcome, Result, Role, RunStatus
from tests.campaign.__main__ import Ending, Paper
from tests.campaign.campaign import spared
from tests.campaign.field import left_in
from tests.campaign.lines import Asked
from tests.campaign.model import GROUPS, CampaignModel
from tests.campaign.monkey import KINDS, Struck
from tests.campaign.plans import SHAPES, Draft, Plan, draw
from tests.campaign.report import Report
from tests.campaign.so_far import Told
from tests.campaign.verdict import Judge, Judged

TAG = "run0/a"
ASKED = Asked(TAG, "work", 1)
NOTHING_FOUND = {"files": list[str]()}


class Journal:
    """One run."""

    def __init__(self, *events: Event) -> None:
        self._events = [event.model_copy(update={"seq": n, "at": float(n)}) for n, event in enumerate(events, 1)]

    def events(self, _: str) -> list[Event]:
        """See verdict.Journal."""
        return self._events

    def items(self, _: str) -> tuple[Item, ...]:
        """See verdict.Journal."""
        return (Item(id="a", description="a"),)

    def payloads(self, refs: Collection[str]) -> dict[str, str]:
        """See verdict.Journal."""
        raise AssertionError(refs)


def plan() -> Plan:
    draft = Draft("run0", Random(0))
    draft.add("a", says={"answer": "made"})
    return draft.plan("wide")


def assigned(epoch: int = 1) -> ItemAssigned:
    return ItemAssigned(run="r", item="a", epoch=epoch, attempt=1, agent="e", model="m", term=1)


def closed(outcome: Outcome, epoch: int = 1) -> ItemClosed:
    return ItemClosed(run="r", item="a", epoch=epoch, attempt=1, agent="e", generation=1, outcome=outcome)


STARTED = RunStarted(run="r", term=1, driver="d")
MADE = Result(data=Content(text="made"), model="m")
FINISHED = RunFinished(run="r", term=1, status=RunStatus.COMPLETED, counts={"complete": 1})
WHOLE: tuple[Event, ...] = (STARTED, assigned(), closed(MADE), FINISHED)


def judged(*events: Event, calls: Collection[float] = (2.0,), paid: int = 1, struck: bool = False) -> Judged:
    model = CampaignModel("key")
    model.calls[ASKED] += calls
    model.paid[ASKED] = paid
    judge = Judge(Journal(*events), model, {("e", 1)} if struck else set())
    judge.run(plan())
    return judge.judged


def wrong(found: Judged) -> set[str]:
    return {name for name in ("lost", "twice", "again", "false", "poison", "violations") if getattr(found, name)}


def test_a_run_that_went_well_is_well() -> None:
    found = judged(*WHOLE)
    assert (wrong(found), found.items, found.done) == (set(), 1, 1)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((STARTED, assigned()), {"lost"}),
        ((STARTED, assigned(), closed(MADE)), {"lost"}),
        ((STARTED, assigned(), closed(MADE), closed(MADE), FINISHED), {"twice", "violations"}),
        ((STARTED, assigned(), closed(Result(data=Content(text="<html>"), model="m")), FINISHED), {"false"}),
        ((STARTED, assigned(), assigned(2), closed(MADE, 2), FINISHED), {"violations"}),
        ((STARTED, STARTED, *WHOLE[1:]), {"violations"}),
    ],
)
def test_what_must_not_be_in_a_journal_is_found(events: tuple[Event, ...], expected: set[str]) -> None:
    assert wrong(judged(*events)) >= expected


def test_an_item_that_failed_is_one_that_the_infrastructure_failed() -> None:
    failed = ItemFailed(run="r", item="a", attempts=0, reason=FailureKind.TRANSIENT, message="no", term=1)
    assert "false" in wrong(judged(STARTED, assigned(), closed(Lost(message="gone")), failed))


def began(generation: int) -> AgentStarted:
    return AgentStarted(agent="e", role=Role.EXECUTOR, generation=generation, pid=generation, node="n")


@pytest.mark.parametrize(("struck", "expected"), [((1, 2), "poison"), ((1,), "false"), ((2, 3), "false")])
def test_an_item_is_poison_only_if_each_process_that_had_it_was_struck(struck: Collection[int], expected: str) -> None:
    lost = Lost(message="it came back without it", suspect=True)
    ends = [closed(lost, epoch).model_copy(update={"generation": 0}) for epoch in (1, 2)]
    quarantined = ItemQuarantined(run="r", item="a", message="again", term=1)
    fleet = began(1), STARTED, assigned(), began(2), ends[0], assigned(2), began(3), ends[1], quarantined
    judge = Judge(Journal(*fleet), CampaignModel("key"), {("e", generation) for generation in struck})
    judge.run(plan())
    assert getattr(judge.judged, expected), judge.judged


def test_a_call_for_what_is_finished_is_found() -> None:
    assert wrong(judged(*WHOLE, calls=(2.0, 3.5))) == {"again"}


def with_command(tmp_path: Path, keys: str, text: str = "run0 a", *, lost: bool = False) -> Judged:
    """The item wrote a file, and its command left these lines."""
    workspace = workspace_of(tmp_path, "r")
    workspace.mkdir(parents=True)
    (workspace / "a.txt").write_text(text)
    (workspace / "a.keys").write_text(keys)
    again = (STARTED, assigned(), closed(Lost(message="gone")), assigned(2), closed(MADE, 2), FINISHED)
    judge = Judge(Journal(*(again if lost else WHOLE)), CampaignModel("key"), set(), tmp_path)
    judge.run(plan()._replace(files={"a": "run0 a"}))
    return judge.judged


def test_a_command_that_ran_again_needs_a_loss_and_the_same_key(tmp_path: Path) -> None:
    assert wrong(with_command(tmp_path / "once", "k\n")) == set()
    assert wrong(with_command(tmp_path / "twice", "k\nk\n")) == {"again"}
    assert wrong(with_command(tmp_path / "lost", "k\nk\n", lost=True)) == set()
    assert wrong(with_command(tmp_path / "others", "k\nl\n", lost=True)) == {"violations"}
    assert wrong(with_command(tmp_path / "never", "")) == {"violations"}
    assert wrong(with_command(tmp_path / "half", "k\n", "run0")) == {"false"}


def test_an_answer_that_is_paid_twice_needs_a_loss() -> None:
    assert wrong(judged(*WHOLE, calls=(1.0, 2.0), paid=2)) == {"violations"}
    lost = (STARTED, assigned(), closed(Lost(message="gone")), assigned(2), closed(MADE, 2), FINISHED)
    found = judged(*lost, calls=(1.0, 4.0), paid=2)
    assert (wrong(found), found.paid_twice, found.attempts_lost) == (set(), 1, 1)


def report(found: Judged, struck: Collection[Struck], canary: dict[str, list[str]] | None = None) -> Report:
    return Report(
        seed=1,
        seconds=1.0,
        load=(0.0, 0.0, 0.0),
        judged=found,
        struck=list(struck),
        results=[2.0, 5.0],
        runs=1,
        calls=1,
        restarts=0,
        unfinished=[],
        broken=[],
        refusals={},
        searched={"files": 1},
        canary=canary or NOTHING_FOUND,
    )


ALL = [Struck(how, what, 1.0) for how, what in KINDS]


def test_a_report_is_void_if_a_kind_of_fault_never_landed() -> None:
    assert report(judged(*WHOLE), ALL).code == 0
    missing = report(judged(*WHOLE), ALL[1:])
    assert (missing.code, missing.void) == (1, [" ".join(KINDS[0])])
    assert f"VOID: no fault of this kind landed: {missing.void[0]}" in missing.table()


def test_a_report_is_wrong_if_anything_is() -> None:
    assert report(judged(STARTED, assigned()), ALL).code == 1
    found = report(judged(*WHOLE), ALL, {"files": ["/a/log"]})
    assert (found.code, found.wrong) == (1, {"canary in files": ["/a/log"]})
    assert "IT DOES NOT HOLD" in found.table()


def test_figures_are_whole_on_disk_while_it_goes_on(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "figures.json", 7)
    told = Told(30.0, 17, 100, 3, ["run0 a: active"], 90, 1.5, {"agent": 200})
    for _ in range(2):
        paper.tell(told)
    read = json.loads((tmp_path / "figures.json").read_text())
    assert (read["seed"], read["is_over"], len(read["growth"])) == (7, False, 2)
    assert read["growth"][1]["wrong"] == ["run0 a: active"]
    paper.end(report(judged(*WHOLE), ALL))
    read = json.loads((tmp_path / "figures.json").read_text())
    assert (read["is_over"], read["faults"], read["wrong"]) == (True, len(ALL), {})
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]


def test_the_first_signal_ends_the_strikes_and_the_second_everything() -> None:
    ending = Ending()
    assert not ending.wanted
    ending(signal.SIGINT, None)
    assert ending.wanted
    with pytest.raises(SystemExit):
        ending(signal.SIGINT, None)


def test_what_a_command_left_is_found_by_where_it_works(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path) as left:
        found = set(left_in(tmp_path)), set(left_in(tmp_path / "elsewhere"))
        left.kill()
    assert found == ({left.pid}, set())


def test_recovery_is_the_time_to_the_next_result() -> None:
    struck = [Struck("kill", "agent", 1.5), Struck("kill", "agent", 2.5), Struck("kill", "store", 9.0)]
    found = report(judged(*WHOLE), struck)
    assert found.recoveries() == [0.5, 2.5]
    assert found.told()["kinds"]["kill agent"] == {"n": 2, "median": 1.5, "p99": 2.5, "longest": 2.5}


def test_every_shape_is_drawn_and_every_group_of_faults_has_some() -> None:
    rng = Random("plans")
    assert {draw(rng, number).shape for number in range(len(SHAPES))} == set(SHAPES)
    assert all(GROUPS.values())


def test_the_journal_of_what_does_not_hold_outlives_its_home(tmp_path: Path) -> None:
    assert spared(tmp_path) is None, "it is on a server"
    (tmp_path / "store.db").write_bytes(b"rows")
    (tmp_path / "store.db-wal").write_bytes(b"newer rows")
    found = spared(tmp_path)
    assert found is not None
    shutil.rmtree(tmp_path)
    assert (found.read_bytes(), found.with_name("store.db-wal").read_bytes()) == (b"rows", b"newer rows")
    shutil.rmtree(found.parent)
