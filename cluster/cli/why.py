"""`why`: what went into an item's prompt, by its parts."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from actors.context.context import SHARES, Part, Share, critical, part_of, references
from actors.errors import UserError
from actors.events import ContextFilled, ItemAssigned, completed
from actors.stores.protocol import RunRecord
from actors.stores.reader import Reader
from actors.vocabulary.review import Purpose
from actors.work import Content, Task
from cluster.cli.feedback import Reviewed
from cluster.cli.journal import opened
from cluster.cli.options import AsJson, Home, Run
from cluster.cli.text import one_line
from cluster.home.config import resolve_home


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="why")(_why)


def _why(
    run: Run,
    item: Annotated[str, typer.Argument(help="Id of the item.", show_default=False)],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what went into an item's prompt: the task, reviews, skills, memories, each with its tokens by estimate.

    Of the attempt that is under way, or was the last. The journal says it; skills and memories that there was no room
    for are shown as left out.

    Examples: `mnemosyne why monday merge`, `mnemosyne why monday merge --json`.
    """
    with opened(resolve_home(home)) as reader:
        facts = _facts(reader, reader.run(run), item)
    typer.echo(json.dumps(facts, indent=2) if as_json else "\n".join(map(one_line, _lines(facts))))


def _facts(reader: Reader, record: RunRecord, id_: str) -> dict[str, Any]:
    items = {item.id: item for item in reader.items(record.run)}
    if (item := items.get(id_)) is None:
        raise UserError(f"run {record.run} has no item {id_!r}; `mnemosyne status {record.run}` lists them")
    assigned: ItemAssigned | None = None
    filled: ContextFilled | None = None
    results: dict[str, Content] = {}
    rounds, task = Reviewed(), Task(run=record.run, item=item, epoch=0, attempt=0, model=record.model)
    for event in reader.events(record.run, record.accepted_seq - 1):
        rounds.see(event, id_)
        if isinstance(event, ItemAssigned) and event.item == id_ and event.purpose is Purpose.WORK:
            assigned, filled, task = event, None, rounds.given(task)
        elif isinstance(event, ContextFilled) and event.item == id_:
            filled = event
        elif (done := completed(event)) and done[0] in item.dependencies:
            results[done[0]] = done[1].data
    parts = filled.parts if filled else _of_task(reader, task.model_copy(update={"results": results}))
    told = [part.model_dump(mode="json") for part in parts]
    attempt = {"epoch": assigned.epoch, "attempt": assigned.attempt, "agent": assigned.agent} if assigned else {}
    return {
        "run": record.run,
        "item": id_,
        **attempt,
        "budget": filled.budget if filled else None,
        "tokens": {share.value: _tokens(parts, share) for share in SHARES},
        "parts": told,
    }


def _tokens(parts: Sequence[Part], share: Share) -> int:
    return sum(part.tokens for part in parts if part.share is share and not part.left_out)


def _of_task(reader: Reader, task: Task) -> Sequence[Part]:
    """Of a prompt that holds the task alone."""
    return [part_of(piece) for piece in critical(task, reader.payloads(references(task)))]


def _lines(facts: dict[str, Any]) -> list[str]:
    who = f"attempt {facts['attempt']} by {facts['agent']}" if "agent" in facts else "not assigned yet"
    room = f", room for {facts['budget']}" if facts["budget"] is not None else ""
    lines = [f"{facts['item']}  {who}  {sum(facts['tokens'].values())} tokens{room}"]
    for part in facts["parts"]:
        left = "  left out: no room" if part["left_out"] else ""
        lines.append(f"  {part['share']:8}  {part['tokens']:7}  {part['kind']} {part['name']}{left}")
    return lines
