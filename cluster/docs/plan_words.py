"""The words of docs/plan.md that the format of a plan does not hold."""

INTRO = """# The format of a plan

A plan is a file in YAML or JSON (by its suffix; UTF-8): items, what they depend on, what they are given. Made from
`cluster/plan/schema.py` by `make docs`; `mnemosyne plan schema` prints the same as a JSON schema, for
[an editor](cli.md#completion-and-hints-in-an-editor). `mnemosyne plan check FILE` tells every mistake at once, each
with its line and its cure, and starts nothing.

Paths are relative to the plan and lead to nothing outside its folder. What they name is read once, when the plan is
accepted; a run never changes after that ([an edit](architecture.md#results-and-edits) is another run)."""

EXAMPLE = """name: report
model: local
budget: {tokens: 200000}
items:
  - id: facts
    description: List the facts of the text.
    inputs: {text: {text: "The tea was late. The cups were cold."}}
    output: {type: object, properties: {facts: {type: array, items: {type: string}}}, required: [facts]}
  - id: checks
    foreach:
      over: {item: facts, path: facts}
      item: {description: Say in one sentence whether somebody has to act., max_tokens: 100}
  - id: report
    description: Write a report of three sentences.
    dependencies: [facts, checks]
    requirements: [it names the tea]
    review: {max_attempts: 2, on_exhausted: accept}
"""

TOLD = {
    "An item for each entry of a list": "An item with `foreach` has these keys and no others. [What becomes of it]"
    "(growth.md#an-item-for-each-entry-of-a-list).",
    "An input": "One of the two.",
    "review": "[What a review does](reviews.md). `review: {}` has every default.",
    "budget": "At least one of the two; [what follows](governor.md#budgets).",
    "limits": "What a plan leaves out has the value of the home's `limits.json`, else the default. "
    "[What follows](growth.md#limits).",
    "workspace": "[What becomes of the files](tools.md).",
}
"""What stands above the keys of a section, by its title."""

REST = """## Names

A *name*, of an item or an input, names a file too: 1 to 240 bytes of visible characters, no `/` or `\\`, no dot at its
beginning, no space at either end. Ids of one plan that differ only in case are refused.

A *model* is `local`, `scripted` or a name that starts with `claude-`. An item's own comes first, then `--model`, then
the plan's, then Claude's if a key is found, then the local one.

## What goes together

- Dependencies name items of the plan; an item never depends on itself, and there is no circle.
- `expand` needs `agent: orchestrator`, and goes with neither `output` nor `review`.
- `extract` needs `review`, and there are no `requirements` then.
- The gate `tests_passing` and `tests` need each other.
- If one item has a `phase`, all have; none is left out between the first and the last, and no item depends on one of a
  later phase ([phases](growth.md#phases)).
- `workspace` needs an item that sees its files: one with `tools`, or with `tests` in its review.
- The item of `foreach` has no input called `item`: that is the entry.
- An `output` refers to nothing outside of itself (`$ref` to `#/$defs/…`), and not to itself without end.
- A budget in dollars needs models whose price is known.

An unknown key is a mistake, and so are {later}, which nothing enforces yet. A key or an id that is there
twice is one too. In YAML, a text that can be read as something else (`yes`, `2024-05-01`, `007`) needs
quotes, and there are no merge keys (`<<`); aliases are written out, and count so.

## At most"""

CAPS = {
    "items": "items",
    "edges": "dependencies of all items together, those between phases too",
    "plan_bytes": "the file",
    "input_bytes": "a file that is an input",
    "inputs_bytes": "all inputs together; a file that several items read counts once",
    "workspace_files": "files and folders of the workspace",
    "workspace_bytes": "all these files together",
    "depth": "lists and mappings inside each other",
    "nodes": "keys and values",
    "text_chars": "characters of all keys and values",
}
"""Of every cap, what it counts."""
