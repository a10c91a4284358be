"""One item in all detail, from its events: what was asked, what its attempts and turns did, what came of it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from actors.errors import NotFound, PayloadMissing
from actors.events import (
    Event,
    ItemAssigned,
    ItemClosed,
    ItemStarted,
    ToolDone,
    TurnDone,
    completed,
)
from actors.models.blocks import Text, ToolCall
from actors.roles.prompt import PROMPTS
from actors.roles.turns import Said
from actors.stores.reader import Reader
from actors.vocabulary.review import Consolidated
from actors.work import Content, Failure, Grows, Item, Lost, Result
from dashboards.board import Board
from dashboards.known_run import KnownRun
from dashboards.views.spent import Spent

TEXT = 100_000
"""Characters of one text that a page shows."""

Json = dict[str, Any]
Texts = Mapping[str, str]


def item_document(board: Board, reader: Reader, run: str, item: str) -> Json:
    """Everything that the journal knows of it. Raises NotFound."""
    known = board.run(run)
    plan = next((told for told in known.plan if told.id == item), None)
    if plan is None or known.view is None:
        raise NotFound(f"run {known.record.run} has no item {item!r}")
    events = reader.item_events(known.record.run, item)
    results = _results(known, reader, plan)
    texts = _texts(reader, [*_contents(events), *plan.inputs.values(), *results.values()])
    done = next((result for event in reversed(events) if (result := completed(event))), None)
    return {
        "run": known.record.run,
        "view": known.view.items[item].to_json(),
        "plan": plan.model_dump(mode="json", exclude={"inputs"}),
        "prompt": _prompt(plan, results, texts),
        "attempts": _attempts(events, texts),
        "turns": _turns(events, texts),
        "result": _result(done[1], texts) if done else None,
        "events": [told for event in events for told in board.wire(event)],
    }


def _results(known: KnownRun, reader: Reader, plan: Item) -> dict[str, Content]:
    found: dict[str, Content] = {}
    for id_ in plan.dependencies:
        for event in reversed(reader.item_events(known.record.run, id_)):
            if done := completed(event):
                found[id_] = done[1].data
                break
    return found


def _contents(events: Iterable[Event]) -> Iterable[Content]:
    for event in events:
        match event:
            case TurnDone():
                yield event.said
            case ToolDone():
                yield event.result
            case ItemClosed(outcome=Consolidated(text=text)):
                yield text
            case _ if done := completed(event):
                yield done[1].data


def _texts(reader: Reader, contents: Iterable[Content]) -> Texts:
    found: dict[str, str] = {}
    for ref in {content.ref for content in contents if content.ref}:
        try:
            found |= reader.payloads({ref})
        except PayloadMissing as missing:
            found[ref] = f"[{missing}]"
    return found


def _text(content: Content, texts: Texts) -> str:
    return texts.get(content.ref, f"[{content.ref} was not read]") if content.ref else content.text or ""


def _prompt(plan: Item, results: Mapping[str, Content], texts: Texts) -> list[Json]:
    parts = [{"kind": "role", "name": plan.agent.value, "text": PROMPTS[plan.agent].text}]
    parts += [{"kind": "input", "name": name, "text": _text(told, texts)} for name, told in plan.inputs.items()]
    parts += [{"kind": "result", "name": name, "text": _text(told, texts)} for name, told in results.items()]
    return [*parts, {"kind": "task", "name": plan.id, "text": plan.description}]


def _attempts(events: Iterable[Event], texts: Texts) -> list[Json]:
    """By epoch: who did it, when, and how it ended."""
    found: dict[int, Json] = {}
    for event in events:
        match event:
            case ItemAssigned():
                names = ("epoch", "attempt", "agent", "model", "alone", "purpose")
                told = {name: getattr(event, name) for name in names}
                found[event.epoch] = {**told, "assigned_at": event.at, "started_at": None, "outcome": None}
            case ItemStarted() if event.epoch in found:
                found[event.epoch] |= {"started_at": event.at, "generation": event.generation}
            case ItemClosed() if event.epoch in found:
                found[event.epoch] |= _outcome(event, texts)
    return list(found.values())


def _outcome(event: ItemClosed, texts: Texts) -> Json:
    outcome = event.outcome
    told: Json = {"outcome": outcome.kind, "closed_at": event.at, "generation": event.generation}
    if isinstance(outcome, Lost):
        return {**told, "error": outcome.message, "suspect": outcome.suspect}
    spent = Spent()
    spent.add(outcome)
    told |= {"seconds": outcome.seconds, "model": outcome.model or event.asked, **spent.to_json()}
    if isinstance(outcome, Result):
        return {**told, "truncated": outcome.truncated, "prompt": outcome.prompt}
    if isinstance(outcome, Grows):
        return {**told, "wants": len(outcome.wants)}
    if isinstance(outcome, Failure):
        return {**told, "reason": outcome.reason.value, "error": outcome.message}
    said = outcome.model_dump(mode="json", include={"judgement", "questions", "requirements", "reviews"})
    if isinstance(outcome, Consolidated):
        said["text"] = _text(outcome.text, texts)
    return {**told, "prompt": outcome.prompt, **said}


def _turns(events: Iterable[Event], texts: Texts) -> list[Json]:
    found: dict[int, Json] = {}
    for event in events:
        match event:
            case TurnDone():
                spent = Spent()
                spent.add(event)
                who = {"turn": event.turn, "epoch": event.epoch, "agent": event.agent, "at": event.at}
                found[event.turn] = {**who, **_said(_text(event.said, texts)), **spent.to_json(), "tools": []}
            case ToolDone() if event.turn in found:
                names = ("call", "tool", "is_error", "seconds")
                told = {name: getattr(event, name) for name in names}
                found[event.turn]["tools"].append({**told, "result": _text(event.result, texts)})
    return list(found.values())


def _said(text: str) -> Json:
    try:
        said = Said.model_validate_json(text)
    except ValidationError:
        return {"text": text, "calls": [], "complaint": ""}
    words = "\n\n".join(block.text for block in said.blocks if isinstance(block, Text))
    calls = [
        {"tool": block.name, "input": json.dumps(block.input, indent=2, ensure_ascii=False)}
        for block in said.blocks
        if isinstance(block, ToolCall)
    ]
    return {"text": words, "calls": calls, "complaint": said.complaint}


def _result(outcome: Result, texts: Texts) -> Json:
    text = _text(outcome.data, texts)
    names = ("json_data", "truncated", "model", "seconds", "prompt")
    return {"text": text, "chars": len(text), **{name: getattr(outcome, name) for name in names}}
