"""`plan check`, `plan schema`, `plan show`, `plan cost`: before a plan is run. Nothing is started or written."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from actors.models.choice import DEFAULT_CLAUDE
from cluster.cli import cost as costs
from cluster.cli import options
from cluster.cli.options import AsJson, Home
from cluster.cli.text import forgive, one_line, safe
from cluster.home import config, home_files
from cluster.plan import Mistake, Plan, PlanRefused, json_schema, load
from cluster.plan.cost import cost_of
from cluster.plan.show import show_mermaid, show_text

app = typer.Typer(help="Check a plan, show it, print the format of plans.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="The plan: YAML or JSON.", show_default=False)]


@app.command()
def check(file: File, as_json: AsJson = False) -> None:
    """Tell every mistake of a plan at once, each with its line and its cure.

    Exit code 0: `run` would accept it; 2: it has mistakes. The models that it names are not asked.

    Examples: `mnemosyne plan check plan.yaml`, `mnemosyne plan check plan.yaml --json`.
    """
    try:
        plan = load(file)
    except PlanRefused as refusal:
        if not as_json:
            raise
        _print(json.dumps({"plan": str(file), "ok": False, "mistakes": list(map(_facts, refusal.mistakes))}, indent=2))
        raise typer.Exit(refusal.exit_code) from None
    if as_json:
        _print(json.dumps({"plan": str(file), "ok": True, "mistakes": [], **_summary(plan)}, indent=2))
    else:
        _print(f"{one_line(str(file))}: no mistakes. {safe(show_text(plan)).splitlines()[0]}")


@app.command()
def schema() -> None:
    """Print the format of a plan as a JSON schema, for editors and other programs.

    With the schema in a file, this as the first line of a plan gives completion and hints in most editors:
    `# yaml-language-server: $schema=plan.schema.json`

    Example: `mnemosyne plan schema > plan.schema.json`.
    """
    _print(json.dumps(json_schema(), indent=2))


@app.command()
def show(
    file: File, mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid diagram.")] = False
) -> None:
    """Show what of a plan can run at the same time, and its longest chain.

    Examples: `mnemosyne plan show plan.yaml`, `mnemosyne plan show plan.yaml --mermaid > plan.mmd`.
    """
    plan = load(file)
    _print(show_mermaid(plan) if mermaid else safe(show_text(plan)))


@app.command()
def cost(
    file: File,
    model: Annotated[str | None, typer.Option(help="For the items that name none.", callback=options.text)] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Tell from what to what a plan may cost: calls, tokens and dollars, by item and by model.

    The least is what is known now; the most are whole answers, every review that the plan allows, lists as long as the
    limits of the plan and the home allow, at what a budget reserves for them. What the range assumes, and what is not
    in it, stands below it.

    Examples: `mnemosyne plan cost plan.yaml`, `mnemosyne plan cost plan.yaml --model claude-opus-5-5 --json`.
    """
    plan = load(file)
    name = model or plan.model or DEFAULT_CLAUDE
    told = cost_of(plan, name, home_files.limits(config.resolve_home(home), plan.limits))
    if as_json:
        _print(json.dumps({"plan": str(file), "model": name, **costs.facts(told)}, indent=2))
    else:
        _print("\n".join(costs.lines(told)))


def _facts(mistake: Mistake) -> dict[str, Any]:
    return {"line": mistake.line, "where": mistake.where, "message": mistake.message, "cure": mistake.cure}


def _summary(plan: Plan) -> dict[str, Any]:
    graph = plan.graph
    return {
        "name": plan.name,
        "model": plan.model,
        "items": len(graph.items),
        "agents": Counter(item.agent.value for item in graph.items),
        "dependencies": sum(graph.dependency_counts.values()),
        "layers": len(graph.layers()),
        "critical_path": list(graph.critical_path()),
        "digest": plan.digest,
    }


def _print(text: str) -> None:
    forgive(Console())
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
