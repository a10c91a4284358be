"""`recall`, `remember`, `forget`: what later work may find again, beside a living fleet or with no process alive."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from actors.memory.memory import GLOBAL, MemoryType
from actors.memory.recall import LIMIT, LIMIT_MAX, Question
from cluster.cli.journal import opened
from cluster.cli.options import AsJson, Home
from cluster.cli.text import cut, one_line
from cluster.cli.wishes import told
from cluster.home import memories
from cluster.home.config import make_home, resolve_home, store_path
from cluster.home.memories import Found

SHOWN = 160
"""Characters of a memory's text that people see; --json has all of it."""

LATE = "The store has not indexed the newest memories yet; ask again in a moment."

Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="global, project:NAME or session:PROJECT:RUN; default: all.")
]
Least = Annotated[int, typer.Option("--min-importance", min=1, max=10, help="Only memories that matter so much.")]
Importance = Annotated[int, typer.Option("--importance", "-i", min=1, max=10, help="How much it matters.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="recall")(_recall)
    app.command(name="remember")(_remember)
    app.command(name="forget")(_forget)


def _recall(
    query: Annotated[str, typer.Argument(help='Words; OR, NOT, "a phrase", begin*. Empty: everything.')] = "",
    min_importance: Least = 1,
    namespace: Namespace = None,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, max=LIMIT_MAX, help="How many at most.")] = LIMIT,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Find memories: results of items, and what was remembered. The best answers come first.

    All words have to be there; `OR` begins another choice, `NOT` excludes the next word. No text is an error.

    Examples: `mnemosyne recall "phase2 OR phase3" --min-importance 8`, `mnemosyne recall --namespace project:briefing`.
    """
    folder = resolve_home(home)
    with opened(folder) as reader:
        whole = memories.catch_up(store_path(folder), reader)
        found = memories.recall(reader, Question(query, min_importance, namespace, limit))
    if not whole:
        typer.echo(LATE, err=True)
    if as_json:
        typer.echo(json.dumps({"results": [_facts(one) for one in found], "count": len(found)}, indent=2))
        return
    for number, one in enumerate(found, 1):
        typer.echo("\n".join(map(one_line, _lines(number, one))))
    if not found:
        typer.echo("nothing is found; `mnemosyne recall` lists what there is")


def _facts(found: Found) -> dict[str, Any]:
    memory = found.memory
    return {
        "id": memory.id,
        "score": round(found.score, 4),
        "namespace": memory.namespace,
        "memory_type": memory.kind.value,
        "importance": memory.importance,
        "tags": list(memory.tags),
        "links": list(memory.links),
        "at": memory.at,
        "run": memory.run or None,
        "item": memory.item or None,
        "content": found.text,
    }


def _lines(number: int, found: Found) -> list[str]:
    memory = found.memory
    day = datetime.fromtimestamp(memory.at, UTC).strftime("%Y-%m-%d")
    tags = f"  #{' #'.join(memory.tags)}" if memory.tags else ""
    of = f"  {memory.item}" if memory.item else ""
    head = f"{number}. {memory.id}  {found.score:.2f}  {memory.importance}/10  {day}  {memory.namespace}{of}{tags}"
    return [head, f"   {cut(one_line(found.text), SHOWN)}"]


def _remember(
    content: Annotated[str, typer.Argument(help="What is to be remembered.", show_default=False)],
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="global or project:NAME.")] = GLOBAL,
    importance: Importance = 5,
    kind: Annotated[MemoryType, typer.Option("--type", "-y", help="What kind of knowledge it is.")] = (
        MemoryType.INSIGHT
    ),
    tags: Annotated[list[str] | None, typer.Option("--tag", "-t", help="A word to find it by; repeat it.")] = None,
    links: Annotated[list[str] | None, typer.Option("--link", help="Id of a memory it is about; repeat it.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Remember something for later work: every item of the project, or of all, may be given it.

    Examples: `mnemosyne remember "Deploys are on Tuesdays." -n project:release -i 8`.
    """
    store = store_path(make_home(resolve_home(home)))
    id_, taken = memories.remember(store, content, namespace, kind, importance, tags or [], links or [])
    if as_json:
        typer.echo(json.dumps({"id": id_, "in_journal": taken}))
    else:
        typer.echo(f"Remembered as {id_}." if taken else f"{id_} is on disk; the store takes it in once it answers.")


def _forget(
    memory: Annotated[str, typer.Argument(help="Id of the memory, as `recall` prints it.", show_default=False)],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Have a memory not recalled any more. The journal keeps what happened: a result stays a result.

    Examples: `mnemosyne forget 0f8b2d1c4a5e6977`.
    """
    folder: Path = resolve_home(home)
    with opened(folder):
        pass  # there is a store
    told(memories.forget(store_path(folder), memory), "Forget", as_json=as_json)
