"""`status RUN --watch`: the end of the run, or of its driver, is the end of the watch."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from actors.errors import FleetError
from actors.events import RunFinished, RunPaused, RunResumed, RunStarted
from actors.stores.group import GroupStore
from actors.stores.reader import Reader
from actors.work import RunStatus
from cluster.cli.main import app
from cluster.cli.watch import ALONE_S, LOOK_S, Alone, Unattended, code, watch
from dashboards.views.projection import RunView
from tests.support.histories import GOOD, accept, assigned, closed, items, record, write
from tests.support.screens import output, plain


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


async def make(home: Path, *last: Any) -> None:
    store = GroupStore(home / "store.db")
    await accept(store, items(a=[]), key="monday")
    await write(store, RunStarted(run="r", term=1, driver="d"), assigned("a"), closed("a", GOOD), *last)
    await store.close()


def finished(status: RunStatus) -> RunFinished:
    return RunFinished(run="r", term=1, status=status, counts={"complete": 1})


@pytest.mark.parametrize(
    ("status", "expected"),
    [(RunStatus.COMPLETED, 0), (RunStatus.COMPLETED_WITH_FAILURES, 1), (RunStatus.CANCELLED, 5)],
)
def test_the_exit_code_is_that_of_run(tmp_path: Path, status: RunStatus, expected: int) -> None:
    asyncio.run(make(tmp_path, finished(status)))
    done = invoke("status", "monday", "--watch", "--home", str(tmp_path))
    assert done.exit_code == expected
    assert "run r  accepted" in done.stdout
    assert f"run r  {status.value}" in done.stdout


def test_json_is_the_final_status_and_nothing_else(tmp_path: Path) -> None:
    asyncio.run(make(tmp_path, finished(RunStatus.COMPLETED)))
    done = invoke("status", "monday", "--watch", "--json", "--home", str(tmp_path))
    assert (done.exit_code, json.loads(done.stdout)["state"]) == (0, "completed")


def test_the_run_has_to_be_named(tmp_path: Path) -> None:
    done = invoke("status", "--watch", "--home", str(tmp_path))
    assert done.exit_code == 2
    assert "name the run" in done.output


def nobody() -> bool:
    return False


def empty() -> RunView:
    plan = items(a=[])
    return RunView(plan, record(plan))


class Clock:
    """Moves on its own from look to look."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def watched(home: Path, alone: Alone) -> tuple[int, str]:
    console, reader = plain(), Reader(home / "store.db")
    try:
        return code(asyncio.run(watch(reader, "r", console, alone))), output(console)
    finally:
        reader.close()


def test_a_paused_run_that_nobody_drives_ends_the_watch_with_the_way_on(tmp_path: Path) -> None:
    asyncio.run(make(tmp_path, RunPaused(run="r", term=1, reason="interrupted")))
    exit_code, told = watched(tmp_path, Alone(nobody, Clock(ALONE_S)))
    assert exit_code == 3
    assert told.endswith("Paused, nothing is lost. Go on with: mnemosyne resume r\n")


def test_a_running_run_that_nobody_drives_is_refused_with_the_way_on(tmp_path: Path) -> None:
    asyncio.run(make(tmp_path))
    with pytest.raises(FleetError, match="go on with: mnemosyne resume r"):
        watched(tmp_path, Alone(nobody, Clock(ALONE_S)))


def test_a_run_that_is_driven_is_watched_on() -> None:
    clock, view, driven = Clock(LOOK_S), empty(), [True]
    alone = Alone(lambda: bool(driven), clock)
    assert not any(alone(view) for _ in range(int(10 * ALONE_S)))
    driven.clear()
    since, answers = clock.now, 0
    while not alone(view):
        answers += 1
    assert ALONE_S <= clock.now - since <= ALONE_S + 2 * LOOK_S, "a driver gets this long to come back"
    assert answers


def test_the_lock_is_not_looked_at_more_often_than_needed() -> None:
    looks: list[bool] = []

    def look() -> bool:
        looks.append(True)
        return False

    alone, view = Alone(look, Clock(LOOK_S / 10)), empty()
    while not alone(view):
        assert len(looks) <= ALONE_S / LOOK_S


def test_a_pause_is_unattended_after_its_time_and_a_continuation_begins_anew() -> None:
    view = empty()
    unattended = Unattended(5.0, Clock(1.0))
    assert not any(unattended(view) for _ in range(20))
    view.apply(RunPaused(run="r", term=1, reason="by request"))
    assert 1 < sum(not unattended(view) for _ in range(10)) < 6
    view.apply(RunResumed(run="r", term=1))
    assert not unattended(view)
