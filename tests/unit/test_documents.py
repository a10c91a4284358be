"""What the documents name is there: files behind links, chores of make, commands and their options."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from actors import errors
from cluster.cli.main import NAME, app

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
CODE = re.compile(r"`([^`\n]+)`|^\$ (.+)$", re.M)
TARGETS = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.M))
OTHERS = {"--help", "--install-completion", "--show-completion", "--setup"}
"""Of every command, of the shell's completion, and of the launcher."""
CALL = re.compile(rf"^(?:\S*=\S+ )*(?:\./)?{NAME} ")


def codes(document: Path) -> Iterator[str]:
    """What stands there as code or after a prompt."""
    for found in CODE.finditer(document.read_text()):
        yield (found[1] or found[2]).split("  #")[0].strip()


def anchors(document: Path) -> set[str]:
    """Of the headings, as hosts of repositories make them."""
    heads = re.findall(r"^#+ (.+)$", document.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for place, anchor in LINK.findall(document.read_text()):
        target = (document.parent / place) if place else document
        assert target.exists(), place
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{place}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_chores_and_commands_exist(document: Path) -> None:
    for code in codes(document):
        if found := re.match(r"make ([a-z][\w-]*)", code):
            assert found[1] in TARGETS, code
        if CALL.match(code):
            check(code)


@cache
def mnemosyne() -> Any:
    """The command line as a tree."""
    return typer.main.get_command(app)


def check(code: str) -> None:
    """The words up to the first that is no command are commands; the options are theirs."""
    command = mnemosyne()
    words = _words(CALL.sub("", code))
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert command.name != NAME or not words or words[0].startswith("-") or words[0].isupper(), code
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for word in words:
        if word.startswith("--"):
            assert word.split("=")[0] in known | OTHERS, code


def _words(code: str) -> list[str]:
    code = re.split(r" [|&>;]+( |$)", code)[0].translate(str.maketrans("[]|…", "    "))
    try:
        return shlex.split(code)
    except ValueError:
        return code.split()


def test_a_wrong_one_is_found() -> None:
    for code in (f"./{NAME} runn plan.yaml", f"{NAME} run plan.yaml --keys x"):
        with pytest.raises(AssertionError):
            check(code)


def test_every_variable_of_ours_is_in_the_operators_table() -> None:
    """And every file of the home that people write."""
    page = (ROOT / "docs" / "operations.md").read_text()
    sources = "".join(path.read_text() for path in ROOT.glob("cluster/home/*.py"))
    names = set(re.findall(r'"((?:MNEMOSYNE|ANTHROPIC|GRAFANA|XDG)_[A-Z_]+)"', sources))
    files = set(re.findall(r'home / "(\w+\.json)"', (ROOT / "cluster" / "home" / "home_files.py").read_text()))
    assert len(names) > 5
    assert {"limits.json", "commands.json"} <= files
    assert [name for name in sorted(names | files) if f"`{name}`" not in page] == []


def test_the_tree_of_exceptions_has_every_one() -> None:
    classes = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Exception)}
    tree = re.findall(r"\b[A-Z][A-Za-z]+\b", (errors.__doc__ or "").split("Constructors")[0])
    assert sorted(classes - set(tree)) == []
