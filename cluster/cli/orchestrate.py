"""`orchestrate`: a goal becomes a plan, which is shown with its cost and run after a yes."""

import json
import shlex
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from actors.errors import UserError
from actors.models.choice import DEFAULT_CLAUDE
from cluster.cli import answers, budgets
from cluster.cli.detach import command
from cluster.cli.journal import opened
from cluster.cli.options import Home
from cluster.cli.text import one_line, safe
from cluster.cli.way import AsJson, Model
from cluster.home import config
from cluster.plan import Plan, load, orchestration
from cluster.plan.cost import cost_of
from cluster.plan.inputs import text_of
from cluster.plan.show import show_text

Files = Annotated[list[Path] | None, typer.Option("--files", help="Text files that the work needs; may be repeated.")]
Yes = Annotated[bool, typer.Option("--yes", help="Run the plan without a question.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="orchestrate")(orchestrate)


def orchestrate(
    goal: Annotated[str, typer.Argument(help="What is to be done, in words.", show_default=False)],
    files: Files = None,
    model: Model = None,
    budget: budgets.Option = None,
    yes: Yes = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a plan for a goal, show it with what it may cost, and run it after a yes.

    The planning is a run of its own in three phases, each fed by the one before; the same command again goes on where
    it was interrupted, and plans nothing twice.

    Examples: `mnemosyne orchestrate "Write a briefing on tea"`, `mnemosyne orchestrate "Compare these reports" --files
    a.md --files b.md --model local --yes`.

    Exit codes: as of `run`; 2 as well if nobody is there to say yes, with the plan in a file and the command to run it.
    """
    if not goal.strip():
        raise UserError("the goal says nothing; say in words what is to be done")
    texts, place = _texts(files or []), config.resolve_home(home)
    config.make_home(place)
    key = orchestration.key_of(goal, texts, model)
    path = _planned(place, key, goal, texts, model, quiet=as_json)
    _show(load(path), model, as_json=as_json)
    named = [*(["--budget", budget] if budget else []), *(["--json"] if as_json else [])]
    again = ["run", "--key", f"{key}-run", *_options(place, model), *named, "--", str(path)]
    if not (yes or _agreed()):
        told = one_line(shlex.join(["mnemosyne", *again]))
        raise UserError(f"nothing was run. The plan is in {path}; to run it: {told}")
    raise typer.Exit(_mnemosyne(*again))


def _planned(home: Path, key: str, goal: str, texts: dict[str, str], model: str | None, *, quiet: bool) -> Path:
    """The plan file, after a run that planned it. Raises typer.Exit if that has no plan to give."""
    folder = home / "plans" / key
    planning = _write(folder / "planning.json", orchestration.planning(goal, texts, model))
    if code := _mnemosyne("run", "--key", key, *_options(home, model), "--", str(planning), quiet=quiet):
        told = f"there is no plan; the same command goes on with it, `mnemosyne status {key}` tells why"
        typer.echo(f"mnemosyne: {told}", err=True)
        raise typer.Exit(code)
    path = folder / "plan.json"
    if path.exists():  # somebody may have edited it
        return path
    results = _results(home, key)
    draft, specification = json.dumps(results[orchestration.PLAN]), str(results[orchestration.FULL])
    return _write(path, orchestration.planned(draft, specification, texts, model))


def _texts(files: list[Path]) -> dict[str, str]:
    found = {}
    for file in files:
        if file.name in found:
            raise UserError(f"two files are named {file.name}; rename one")
        found[file.name] = text_of(file)
    return found


def _write(path: Path, plan: dict[str, Any]) -> Path:
    """Whole or not at all; with the same plan again it is the same file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(plan, indent=2), encoding="utf-8")
    new.replace(path)
    return path


def _options(home: Path, model: str | None) -> list[str]:
    return ["--home", str(home), *(["--model", model] if model else [])]


def _mnemosyne(*arguments: str, quiet: bool = False) -> int:
    """A command of ours in a process of its own; what it prints goes to people, not to a program that reads JSON."""
    with subprocess.Popen(command(*arguments), stdout=sys.stderr if quiet else None) as process:  # noqa: S603 - our own
        while True:
            with suppress(KeyboardInterrupt):  # the terminal tells it too, and it ends after the calls in flight
                return process.wait()


def _results(home: Path, key: str) -> dict[str, Any]:
    with opened(home) as reader:
        _, found = answers.read_answers(reader, reader.run(key))
    return {id_: answer.to_json()["data"] for id_, answer in found.items()}


def _show(plan: Plan, model: str | None, *, as_json: bool) -> None:
    """To people on stderr where stdout is for a program."""
    cost = cost_of(plan, model or plan.model or DEFAULT_CLAUDE).total
    described = [f"  {item.id} ({item.agent}): {one_line(item.description)[:100]}" for item in plan.graph.items]
    typer.echo("\n".join([safe(show_text(plan)), *map(safe, described), budgets.line(cost)]), err=as_json)


def _agreed() -> bool:
    return sys.stdin.isatty() and typer.confirm("Run this plan?", err=True)
