"""`resume --all`: a run that cannot go on does not keep the others from it."""

from pathlib import Path

import pytest
import typer

from actors.stores.group import GroupStore
from actors.stores.protocol import Accept
from actors.work import Item
from cluster.cli.resume import go_on_with_all
from cluster.cli.shape import Shape
from cluster.cli.way import Way
from cluster.home.config import store_path


async def accept_two(home: Path) -> None:
    store = GroupStore(store_path(home))
    for run in ("first", "second"):
        await store.accept(Accept(run, None, run, run, "claude-sonnet-5-5", (Item(id="a", description="x"),), {}))
    await store.close()


async def test_each_run_whose_model_is_missing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    await accept_two(tmp_path)
    with pytest.raises(typer.Exit) as end:
        go_on_with_all(Way(tmp_path, Shape(), 0, False, False))
    assert end.value.exit_code == 4
    err = capsys.readouterr().err
    assert [run in err for run in ("run first: No API key", "run second: No API key")] == [True, True], err
