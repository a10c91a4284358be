"""`resume --all`: a run that cannot go on does not keep the others from it."""

from pathlib import Path
from typing import Any

import pytest
import typer

from actors.stores.group import GroupStore
from actors.stores.protocol import Accept
from actors.work import Item
from cluster.cli import resume
from cluster.cli.shape import Shape
from cluster.cli.way import Way
from cluster.home.config import store_path


async def accept_two(home: Path, model: str = "claude-sonnet-5-5") -> None:
    store = GroupStore(store_path(home))
    for run in ("first", "second"):
        await store.accept(Accept(run, None, run, run, model, (Item(id="a", description="x"),), {}))
    await store.close()


async def test_each_run_whose_model_is_missing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    await accept_two(tmp_path)
    with pytest.raises(typer.Exit) as end:
        resume.go_on_with_all(Way(tmp_path, Shape(), 0, False, False))
    assert end.value.exit_code == 4
    err = capsys.readouterr().err
    assert [run in err for run in ("run first: No API key", "run second: No API key")] == [True, True], err


@pytest.mark.parametrize(("ends", "code", "begun"), [(130, 130, 1), (143, 143, 1), (1, 1, 2), (0, 0, 2)])
async def test_an_interrupt_is_meant_for_all_of_them(
    ends: int, code: int, begun: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []

    def instead_of_a_fleet(*given: Any, **_: Any) -> None:
        runs.append(given[4]()[0])
        raise typer.Exit(ends)

    monkeypatch.setattr(resume, "go", instead_of_a_fleet)
    await accept_two(tmp_path, "scripted")
    with pytest.raises(typer.Exit) as end:
        resume.go_on_with_all(Way(tmp_path, Shape(), 0, False, True))
    assert (end.value.exit_code, runs) == (code, ["first", "second"][:begun])
