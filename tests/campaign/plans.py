"""Plans without end, drawn by a seed, and what each of their items has to come to."""

import json
from collections.abc import Mapping
from random import Random
from typing import Any, NamedTuple

MODEL = "claude-sonnet-5-5"
TASK = "Do [item:{}]."
LONG = " and so on" * 600
"""Makes an answer a payload of its own."""

NAMES = {"type": "object", "properties": {"names": {"type": "array", "items": {"type": "string"}}}}
LIST = {**NAMES, "required": ["names"], "additionalProperties": False}
REVIEW = {"gates": ["correctness"]}
TOOLS = ["memory:read"]
BUDGET = {"usd": 10_000.0, "tokens": 1_000_000_000}
"""More than can be spent: each attempt is reserved, and none is refused."""


class Plan(NamedTuple):
    """A plan file, and what a model that makes no mistake answers."""

    key: str
    shape: str
    body: Mapping[str, Any]
    said: Mapping[str, str]
    """The answer by the tag of the prompt."""
    tags: Mapping[str, str]
    """The item by the tag of its prompt; also of items that the run grows by."""
    ends: Mapping[str, str]
    """What every item of the finished run has as its result."""


class Draft:
    """A plan that is being written."""

    def __init__(self, key: str, rng: Random) -> None:
        self.key, self.rng = key, rng
        self.items: list[dict[str, Any]] = []
        self.said: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.ends: dict[str, str] = {}

    def tag(self, item: str, answer: str | None = None) -> str:
        """Of an item that a model is asked for, with what it answers."""
        tag = f"{self.key}/{item.replace('[', '.').rstrip(']')}"
        long = LONG if self.rng.random() < 0.1 else ""
        self.said[tag] = self.ends[item] = f"made {tag}{long}" if answer is None else answer
        self.tags[tag] = item
        return tag

    def add(self, item: str, *after: str, answer: str | None = None, **more: Any) -> str:
        """An item after others; its id."""
        described = TASK.format(self.tag(item, answer))
        self.items.append({"id": item, "description": described, "dependencies": list(after), **more})
        return item

    def plan(self, shape: str) -> Plan:
        """As it is now."""
        capped = {"budget": BUDGET} if self.rng.random() < 0.5 else {}
        body = {"name": self.key, "model": MODEL, **capped, "items": self.items}
        return Plan(self.key, shape, body, self.said, self.tags, self.ends)


def wide(draft: Draft) -> None:
    """Many items that need nothing of each other, then one that needs them all."""
    draft.add("all", *(draft.add(f"w{n}") for n in range(draft.rng.randint(30, 80))))


def layers(draft: Draft) -> None:
    """Items that depend on up to three of those before, some with turns of their own."""
    for n in range(draft.rng.randint(40, 100)):
        before = draft.rng.sample(range(max(0, n - 20), n), min(n, 20, draft.rng.randint(0, 3)))
        more: dict[str, Any] = {"tools": TOOLS} if draft.rng.random() < 0.2 else {}
        draft.add(f"i{n}", *(f"i{m}" for m in before), priority=draft.rng.randint(0, 10), **more)


def chain(draft: Draft) -> None:
    """One after the other."""
    before: tuple[str, ...] = ()
    for n in range(draft.rng.randint(8, 20)):
        before = (draft.add(f"c{n}", *before),)


def reviewed(draft: Draft) -> None:
    """Items that are reviewed, each followed by another."""
    for n in range(draft.rng.randint(5, 12)):
        draft.add(f"after{n}", draft.add(f"r{n}", review=REVIEW))


def grows(draft: Draft) -> None:
    """A list with an item for each of its entries, and items that an orchestrator thinks of."""
    each = [f"each[{n}]" for n in range(draft.rng.randint(3, 12))]
    entries = [f"[item:{draft.tag(child)}]" for child in each]
    draft.add("list", answer=json.dumps({"names": entries}), output=LIST)
    foreach = {"over": {"item": "list", "path": "names"}, "item": {"description": "Do what the entry says."}}
    draft.items.append({"id": "each", "foreach": foreach})
    draft.ends["each"] = json.dumps([draft.ends[child] for child in each])
    names = [f"p{n}" for n in range(draft.rng.randint(2, 6))]
    proposed = [{"id": name, "description": TASK.format(draft.tag(f"parts[{name}]"))} for name in names]
    answer = json.dumps({"items": [{**item, "agent": "executor", "dependencies": []} for item in proposed]})
    draft.add("parts", answer=answer, agent="orchestrator", expand=True)
    draft.ends["parts"] = json.dumps({name: draft.ends[f"parts[{name}]"] for name in names})
    draft.add("end", "each", "parts")


SHAPES = {"wide": wide, "layers": layers, "chain": chain, "reviewed": reviewed, "grows": grows}
"""By name."""


def draw(rng: Random, number: int) -> Plan:
    """The plan of this number; the first ones have every shape."""
    names = list(SHAPES)
    shape = names[number] if number < len(names) else rng.choice(names)
    draft = Draft(f"run{number}", rng)
    SHAPES[shape](draft)
    return draft.plan(shape)
