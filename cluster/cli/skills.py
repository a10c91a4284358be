"""`skills list`, `skills show`, `skills match`: how work of some kind is done here, and which items are given it."""

import json
from typing import Annotated, Any

import typer

from actors.context import shelf
from actors.context.skills import LEAST, MOST, Match, Skill, matches
from actors.errors import NotFound
from cluster.cli.options import AsJson, Home
from cluster.cli.text import cut, one_line, safe
from cluster.home.config import resolve_home, skill_folders

app = typer.Typer(help="The skills that executors are given.", no_args_is_help=True)

WIDTH = 100


@app.command(name="list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List the skills of the project (`skills/` beside the home) and of the user, and files that are broken.

    Examples: `mnemosyne skills list`.
    """
    read = _read(home)
    facts = {"skills": [_facts(skill) for skill in read.skills], "broken": [one._asdict() for one in read.broken]}
    lines = [f"{skill.name}  {'project' if skill.local else 'user'}  {skill.description}" for skill in read.skills]
    lines += [f"broken: {one.file}: {one.why}" for one in read.broken]
    _say(lines or [_none(home)], facts, as_json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of the skill.", show_default=False)],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Print a skill as executors get it.

    Examples: `mnemosyne skills show deploy`.
    """
    skill = next((skill for skill in _read(home).skills if skill.name == name), None)
    if skill is None:
        raise NotFound(f"there is no skill {name!r:.100}; `mnemosyne skills list` lists them")
    if as_json:
        typer.echo(json.dumps({**_facts(skill), "text": skill.text}, indent=2))
    else:
        typer.echo(safe(skill.text))


@app.command()
def match(
    description: Annotated[str, typer.Argument(help="The description of an item.", show_default=False)],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Tell which skills an item with this description is given, and how well the others fit.

    Examples: `mnemosyne skills match "Deploy the billing service."`.
    """
    found = matches(description, _read(home).skills)
    given = [one for one in found if one.score >= LEAST][:MOST]
    facts = {"matches": [_fit(one, given) for one in found], "least": LEAST, "most": MOST}
    lines = [f"{one.score:.2f}  {'given' if one in given else '     '}  {one.skill.name}" for one in found]
    _say(lines or [_none(home)], facts, as_json)


def _fit(one: Match, given: list[Match]) -> dict[str, Any]:
    return {"name": one.skill.name, "score": round(one.score, 4), "given": one in given}


def _read(home: Home) -> shelf.Read:
    return shelf.read(skill_folders(resolve_home(home)))


def _none(home: Home) -> str:
    own, users = skill_folders(resolve_home(home))
    return f"there are no skills; put one into {own}/NAME/{shelf.FILE} or {users}/NAME/{shelf.FILE}"


def _facts(skill: Skill) -> dict[str, Any]:
    return {"name": skill.name, "description": skill.description, "local": skill.local, "file": skill.file}


def _say(lines: list[str], facts: dict[str, Any], as_json: bool) -> None:
    typer.echo(json.dumps(facts, indent=2) if as_json else "\n".join(cut(one_line(line), WIDTH * 2) for line in lines))
