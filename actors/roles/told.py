"""What a task's prompt says beside inputs, results and description: requirements, people's answers, earlier attempts.

Pure. Whatever others wrote stands in a block of its own; see actors/context/marked.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from actors.context.marked import marked, shortened
from actors.models.blocks import ToolCall
from actors.roles import feedback
from actors.roles.feedback import listed
from actors.roles.prompt import PARTS
from actors.roles.turns import Said
from actors.vocabulary.review import Gate
from actors.work import Content, Made, Ran, Task

ANSWER, TOOLS, CHANGES = 100_000, 40_000, 60_000
"""Characters at most that a review gets of each."""
ARGUMENTS, RESULT = 2_000, 4_000
"""Characters at most of one call of a tool."""
NONE = "(nothing)"

MEANING: Mapping[Gate, str] = {
    Gate.INTENT_SATISFIED: "it does what was asked for, in the sense in which it was asked",
    Gate.TESTS_PASSING: "the tests of the work pass",
    Gate.DOCUMENTATION_COMPLETE: "what somebody has to know to use it is written down, and true",
    Gate.NO_ANTI_PATTERNS: "no stub, no placeholder, nothing hidden or faked, no known bad practice",
    Gate.CONSTRAINTS_MAINTAINED: "every limit that was set is kept",
    Gate.COMPLETENESS: "nothing that was asked for is missing",
    Gate.CORRECTNESS: "what it says is right and what it does works, at its edges too",
    Gate.PRINCIPLED_IMPLEMENTATION: "it solves the cause, in the way of what is around it, without a workaround",
    Gate.FACTS_VERIFIED: "every fact, name and figure is supported by an input, a result or a file",
}


def contents(task: Task) -> Iterator[Content]:
    """Texts that the prompt, or the conversation so far, needs."""
    turns = [*task.turns, *(task.made.turns if task.made else ())]
    for turn in turns:
        yield turn.said
        yield from (ran.result for ran in turn.ran.values())
    if task.made:
        yield task.made.data
    if task.consolidated:
        yield task.consolidated


def text_of(content: Content, payloads: Mapping[str, str]) -> str:
    """The text itself."""
    return content.text or "" if content.ref is None else payloads[content.ref]


class Part(NamedTuple):
    """Of what follows the description."""

    kind: str
    """requirements, answers, feedback or consolidated."""
    name: str
    text: str


def work_parts(task: Task, payloads: Mapping[str, str]) -> list[Part]:
    """What follows the description where work is to be done."""
    id_, found = task.item.id, list[Part]()
    if task.requirements:
        text = PARTS["requirements"].fill(requirements=listed(task.requirements))
        found.append(Part("requirements", id_, text))
    if old := [said for said in task.answers if said.turn <= task.before]:  # newer ones are in the conversation
        answers = "\n\n".join(f"{listed(said.questions)}\n{marked('person', said.text)}" for said in old)
        found.append(Part("answers", id_, PARTS["answers"].fill(answers=answers)))
    if task.feedback and task.made:
        answer = marked("answer", shortened(text_of(task.made.data, payloads), ANSWER))
        review = marked("review", feedback.told(task.feedback))
        text = PARTS["again"].fill(attempt=str(task.attempt), answer=answer, review=review)
        found.append(Part("feedback", f"of {len(task.feedback)}, {feedback.level_of(len(task.feedback))}", text))
    if task.consolidated:
        text = PARTS["consolidated"].fill(found=marked("data", text_of(task.consolidated, payloads)))
        found.append(Part("consolidated", f"of {len(task.feedback)}", text))
    return found


def review_prompt(task: Task, before: Sequence[str], payloads: Mapping[str, str], changes: str, gates: str) -> str:
    """The question of a review. `before`: what the work was given; `gates`: what a model has to judge."""
    assert task.made
    asked = PARTS["reviewed"].fill(
        description=task.item.description,
        answer=marked("answer", shortened(text_of(task.made.data, payloads), ANSWER)),
        tools=shortened("\n\n".join(_tools(task.made, payloads)), TOOLS) or NONE,
        changes=marked("changes", shortened(changes, CHANGES)) if changes else NONE,
        gates=gates or NONE,
        requirements=numbered(task.requirements) or NONE,
    )
    return "\n\n".join([*before, asked])


def gates_text(gates: Iterable[Gate]) -> str:
    """A line per gate."""
    return listed(f"{gate.value}: {MEANING[gate]}" for gate in gates)


def name_of(number: int) -> str:
    """By which a requirement is asked for."""
    return f"R{number}"


def numbered(requirements: Sequence[str]) -> str:
    """As a list, each with its name."""
    return listed(f"{name_of(number)}: {text}" for number, text in enumerate(requirements, 1))


def _tools(made: Made, payloads: Mapping[str, str]) -> Iterator[str]:
    for turn in made.turns:
        said = Said.model_validate_json(text_of(turn.said, payloads))
        calls = [block for block in said.blocks if isinstance(block, ToolCall)]
        for number, call in enumerate(calls, 1):
            yield _call(call, turn.ran.get(number), payloads)


def _call(call: ToolCall, ran: Ran | None, payloads: Mapping[str, str]) -> str:
    arguments = shortened(str(dict(call.input)), ARGUMENTS)
    result = "(no result)" if ran is None else shortened(text_of(ran.result, payloads), RESULT)
    return marked("tool", f"{arguments}\n{result}", name=call.name)
