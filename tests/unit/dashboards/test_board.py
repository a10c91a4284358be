"""What the page's board keeps of the runs that it knows."""

from pathlib import Path

from actors.events import Event, ModelHeld, ModelUnavailable, RunFinished, RunStarted
from actors.stores.group import GroupStore
from actors.stores.protocol import Accept
from actors.stores.reader import Reader
from actors.work import Content, Item, ItemState, Result, RunStatus
from dashboards.board import OPEN, Board
from dashboards.metrics.labels import Models
from dashboards.metrics.present import present
from tests.support.histories import assigned, closed

DONE = Result(data=Content(text="done"), model="scripted")
COUNTS = {state.value: int(state is ItemState.COMPLETE) for state in ItemState}


async def ended(store: GroupStore, board: Board, run: str) -> None:
    await store.accept(Accept(run, None, run, run, "scripted", (Item(id="a", description=run),), {}))
    board.look()
    term = await store.claim(run, "d")
    events: list[Event] = [
        RunStarted(run=run, term=term, driver="d"),
        assigned("a").model_copy(update={"run": run, "term": term}),
        closed("a", DONE).model_copy(update={"run": run}),
        RunFinished(run=run, term=term, status=RunStatus.COMPLETED, counts=COUNTS),
    ]
    await store.append(run, events)


async def test_without_a_fleet_no_model_is_out_and_none_held(tmp_path: Path) -> None:
    store, alive = GroupStore(tmp_path / "store.db"), True
    board = Board(Reader(tmp_path / "store.db"), lambda: alive)
    out = ModelUnavailable(model="m", reason="no answer")
    await store.append("out", [out, ModelHeld(model="m", by="requests", waiting=5, in_flight=0, held_s=9.0)])
    board.look()
    assert [len(board.agents()[name]) for name in ("held", "out")] == [1, 1]
    alive = False
    assert [len(board.agents()[name]) for name in ("held", "out")] == [0, 0]
    told = {(sample.name, sample.labels): sample.value for sample in present(board, Models(), lambda _: True, tmp_path)}
    assert told["mnemosyne_journal_last_event_timestamp_seconds", ()] == board.at
    await store.close()


async def test_runs_that_ended_while_it_looked_on_are_kept_whole_for_a_while(tmp_path: Path) -> None:
    store, runs = GroupStore(tmp_path / "store.db"), [f"r{n}" for n in range(OPEN + 5)]
    board = Board(Reader(tmp_path / "store.db"), lambda: True)
    try:
        for run in runs:
            await ended(store, board, run)
            while board.look():
                pass
        whole = [told["run"] for told in board.runs() if "budget" in told]  # told only of one that is whole
        assert whole == runs[: -OPEN - 1 : -1]
        assert board.run(runs[0]).whole()["items"][0]["state"] == "complete", "whoever looks at one gets it"
        assert [told["state"] for told in board.runs()] == ["completed"] * len(runs)
    finally:
        await store.close()
