"""What the outside sees of memories, and of what went into prompts."""

from collections.abc import Callable, Mapping
from typing import Any

from actors.events import ContextFilled, MemoryForgotten, MemoryRecalled, MemoryStored

Told = list[tuple[str, dict[str, Any]]]


def _memory_stored(event: MemoryStored, _tasks: Mapping[str, str]) -> Told:
    memory = event.memory
    fields = {"memory_id": memory.id, "namespace": memory.namespace, "importance": memory.importance}
    return [("memory_stored", {**fields, "kind": memory.kind.value, "tags": list(memory.tags)})]


def _memory_forgotten(event: MemoryForgotten, _tasks: Mapping[str, str]) -> Told:
    return [("memory_forgotten", {"memory_id": event.memory})]


def _memory_recalled(event: MemoryRecalled, _tasks: Mapping[str, str]) -> Told:
    who = {"item_id": event.item, "agent_id": event.agent, "epoch": event.epoch}
    found = [{"memory_id": hit.memory, "score": hit.score} for hit in event.found]
    return [("memory_recalled", {**who, "into": event.into, "found": found})]


def _context_filled(event: ContextFilled, _tasks: Mapping[str, str]) -> Told:
    who = {"item_id": event.item, "agent_id": event.agent, "epoch": event.epoch}
    parts = [part.model_dump(mode="json") for part in event.parts]
    return [("context_filled", {**who, "budget": event.budget, "parts": parts})]


TOLD: Mapping[type, Callable[[Any, Mapping[str, str]], Told]] = {
    MemoryStored: _memory_stored,
    MemoryForgotten: _memory_forgotten,
    MemoryRecalled: _memory_recalled,
    ContextFilled: _context_filled,
}
