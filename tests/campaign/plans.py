"""Plans without end, drawn by a seed, and what each of their items has to come to."""

import json
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from tests.campaign.lines import Lines
from tests.messages_server import tool_use

MODEL = "claude-sonnet-5-5"
TASK = "Do [item:{}]."
LONG = " and so on" * 600
"""Makes an answer a payload of its own."""

NAMES = {"type": "object", "properties": {"names": {"type": "array", "items": {"type": "string"}}}}
LIST = {**NAMES, "required": ["names"], "additionalProperties": False}
BUDGET = {"usd": 10_000.0, "tokens": 1_000_000_000}
"""More than can be spent: each attempt is reserved, and none is refused."""
WORD = "blue"
"""What a person answers to every question."""
KEYS = 'echo "$MNEMOSYNE_IDEMPOTENCY_KEY" >> {0}.keys; sleep 0.3; cat {0}.txt'
"""A command that leaves a line each time it is run."""


class Plan(NamedTuple):
    """A plan file, and what a model that makes no mistake answers."""

    key: str
    shape: str
    body: Mapping[str, Any]
    said: Mapping[str, Lines]
    """By the tag of the prompt."""
    tags: Mapping[str, str]
    """The item by the tag of its prompt; also of items that the run grows by."""
    ends: Mapping[str, str]
    """What every item of the finished run has as its result."""
    files: Mapping[str, str]
    """What is written into the workspace, by the item that does it."""


class Draft:
    """A plan that is being written."""

    def __init__(self, key: str, rng: Random) -> None:
        self.key, self.rng = key, rng
        self.items: list[dict[str, Any]] = []
        self.said: dict[str, Lines] = {}
        self.tags: dict[str, str] = {}
        self.ends: dict[str, str] = {}
        self.files: dict[str, str] = {}

    def tag(self, item: str, answer: str | None = None, **more: Any) -> str:
        """Of an item that a model is asked for, which gives this answer; for the rest see Lines."""
        tag = f"{self.key}/{item.replace('[', '.').replace(']', '')}"
        long = LONG if self.rng.random() < 0.1 else ""
        lines = self.said[tag] = Lines(tag, f"made {tag}{long}" if answer is None else answer, **more)
        self.ends[item], self.tags[tag] = lines.end, item
        return tag

    def add(self, item: str, *after: str, says: Mapping[str, Any] | None = None, **more: Any) -> str:
        """An item after others, with what is said for it; its id."""
        described = TASK.format(self.tag(item, **(says or {})))
        self.items.append({"id": item, "description": described, "dependencies": list(after), **more})
        return item

    def plan(self, shape: str) -> Plan:
        """As it is now."""
        capped = {"budget": BUDGET} if self.rng.random() < 0.5 else {}
        body = {"name": self.key, "model": MODEL, **capped, "items": self.items}
        return Plan(self.key, shape, body, self.said, self.tags, self.ends, self.files)


def wide(draft: Draft) -> None:
    """Many items that need nothing of each other, then one that needs them all."""
    draft.add("all", *(draft.add(f"w{n}") for n in range(draft.rng.randint(30, 80))))


def layers(draft: Draft) -> None:
    """Items that depend on up to three of those before, some with turns of their own."""
    for n in range(draft.rng.randint(40, 100)):
        before = draft.rng.sample(range(max(0, n - 20), n), min(n, 20, draft.rng.randint(0, 3)))
        more: dict[str, Any] = {}
        if draft.rng.random() < 0.2:
            more = {"tools": ["memory:read"], "says": {"turns": [[tool_use("recall", {"query": "nothing"})]]}}
        draft.add(f"i{n}", *(f"i{m}" for m in before), priority=draft.rng.randint(0, 10), **more)


def chain(draft: Draft) -> None:
    """One after the other."""
    before: tuple[str, ...] = ()
    for n in range(draft.rng.randint(8, 20)):
        before = (draft.add(f"c{n}", *before),)


def reviewed(draft: Draft) -> None:
    """Items that are reviewed and sent back up to twice, each followed by another; of some the requirements first."""
    share = draft.rng.choice((0.0, 0.5))
    for n in range(draft.rng.randint(5, 10)):
        extracts = draft.rng.random() < share
        says = {"passes": n % 3 + 1, "extracts": extracts}
        draft.add(f"after{n}", draft.add(f"r{n}", says=says, review={"gates": ["correctness"]}, extract=extracts))


def grows(draft: Draft) -> None:
    """A list with an item for each of its entries, and items that an orchestrator thinks of."""
    each = [f"each[{n}]" for n in range(draft.rng.randint(3, 12))]
    entries = [f"[item:{draft.tag(child)}]" for child in each]
    draft.add("list", says={"answer": json.dumps({"names": entries})}, output=LIST)
    foreach = {"over": {"item": "list", "path": "names"}, "item": {"description": "Do what the entry says."}}
    draft.items.append({"id": "each", "foreach": foreach})
    draft.ends["each"] = json.dumps([draft.ends[child] for child in each])
    names = [f"p{n}" for n in range(draft.rng.randint(2, 6))]
    proposed = [{"id": name, "description": TASK.format(draft.tag(f"parts[{name}]"))} for name in names]
    answer = json.dumps({"items": [{**item, "agent": "executor", "dependencies": []} for item in proposed]})
    draft.add("parts", says={"answer": answer}, agent="orchestrator", expand=True)
    draft.ends["parts"] = json.dumps({name: draft.ends[f"parts[{name}]"] for name in names})
    draft.add("end", "each", "parts")


def hands_on(draft: Draft) -> None:
    """Items with two sub-agents each, of which some have another."""
    for n in range(draft.rng.randint(3, 6)):
        turns: list[list[Any]] = []
        if deeper := draft.rng.random() < 0.4:
            turns = [[spawned(draft.tag(f"h{n}[1.1][1.1]"))]]
        first = spawned(draft.tag(f"h{n}[1.1]", turns=turns), tools=["subagents"] if deeper else [])
        second = spawned(draft.tag(f"h{n}[1.2]"), call="toolu_2")
        draft.add(f"h{n}", tools=["subagents"], says={"turns": [[first, second]]})


def spawned(tag: str, call: str = "toolu_1", tools: Sequence[str] = ()) -> Any:
    """The wish for a sub-agent."""
    wanted = {"success_criteria": ["it is made"], "hand_back": "what was made", "if_it_fails": "I say so"}
    return tool_use("spawn_subagent", {"description": TASK.format(tag), **wanted, "tools": list(tools)}, call)


def works(draft: Draft) -> None:
    """Items that write a file and run a command over it; a command tests some of them."""
    for n in range(draft.rng.randint(3, 6)):
        item, tested = f"f{n}", draft.rng.random() < 0.5
        draft.files[item] = f"{draft.key} {item}"
        write = tool_use("write_file", {"path": f"{item}.txt", "content": draft.files[item]})
        run = tool_use("run_command", {"command": KEYS.format(item)})
        gate = {"gates": ["tests_passing"], "tests": ["grep", draft.files[item], f"{item}.txt"]}
        more = {"review": gate} if tested else {}
        says = {"turns": [[write], [run]], "passes": 1 if tested else 0}
        draft.add(item, tools=["files:write", "command"], says=says, **more)


def asks(draft: Draft) -> None:
    """Items for which a person is asked: before they begin, or by their agent."""
    question = tool_use("ask_person", {"questions": ["Which colour?"]})
    for n in range(draft.rng.randint(1, 3)):
        draft.add(f"q{n}", clarify=True, says={"turns": [[question]]})
        draft.add(f"a{n}", f"q{n}", approve=True)


SHAPES: Mapping[str, Callable[[Draft], None]] = {
    "layers": layers,
    "reviewed": reviewed,
    "hands_on": hands_on,
    "works": works,
    "grows": grows,
    "asks": asks,
    "wide": wide,
    "chain": chain,
}
"""By name."""

TOGETHER = ("reviewed", "hands_on", "works", "grows", "asks", "chain")
"""Of these a mixed plan is made, which has a little of everything."""


def draw(rng: Random, number: int, *, mixed: bool = False) -> Plan:
    """The plan of this number; the first ones have every shape, or all do."""
    names = list(SHAPES)
    shape = names[number] if number < len(names) else rng.choice(names)
    draft = Draft(f"run{number}", rng)
    for name in TOGETHER if mixed else (shape,):
        SHAPES[name](draft)
    return draft.plan("mixed" if mixed else shape)
