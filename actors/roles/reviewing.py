"""The review of a result: what a command can decide a command decides, the rest a model, each with its evidence."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from actors.context import context
from actors.context.marked import marked, shortened
from actors.errors import StoreError, ToolFailed
from actors.roles import told
from actors.roles.course import Course
from actors.roles.prompt import REVIEW
from actors.roles.prompted import Asker
from actors.settings import Settings
from actors.tools.changes import changes
from actors.tools.command import RunCommand
from actors.tools.granted import kept_of
from actors.tools.launch import Confines
from actors.tools.workspace import open_workspace, workspace_of
from actors.vocabulary.review import Gate, GateVerdict, Judgement, RequirementVerdict
from actors.work import Task

EVIDENCE = 6_000
"""Characters of a command's output, head and tail."""
WORDS = 2_000
"""Characters of one sentence of a reviewer that are kept."""
MOST = 20
"""Issues, and suggested tests, that are kept."""


class Reviewing:
    """Judges what an attempt of work made. Raises ModelError, StoreError and ToolsUnavailable."""

    def __init__(self, asker: Asker, settings: Settings) -> None:
        self._asker, self._home, self._commands = asker, settings.home.absolute(), settings.commands

    async def work(self, task: Task, course: Course) -> Judgement:
        """The verdict on every gate and every requirement."""
        review = task.item.review
        if review is None or task.made is None:
            raise StoreError(f"{task.item.id} has nothing to review; please report it")
        tested = [await self._tested(task, review.tests)] if review.tests else []
        gates = [gate for gate in review.gates if gate is not Gate.TESTS_PASSING]
        if not gates and not task.requirements:
            return Judgement(gates=tuple(tested))
        found = await self._asked(task, course, gates, tested)
        return judgement(found, gates, task.requirements, tested)

    async def _tested(self, task: Task, argv: Sequence[str]) -> GateVerdict:
        """What the command says. It runs again if the reviewer is killed meanwhile."""
        folder = await open_workspace(self._home, task, self._asker.stored)
        command = RunCommand(Confines(folder, self._home), self._commands)
        try:
            said = await command.call({"command": list(argv)}, f"{task.run}/{task.item.id}/review/{task.epoch}")
        except ToolFailed as error:
            return GateVerdict(gate=Gate.TESTS_PASSING, passed=False, evidence=str(error))
        evidence = f"{said.note}\n{shortened(said.data or '', EVIDENCE)}".strip()
        return GateVerdict(gate=Gate.TESTS_PASSING, passed=not said.error, evidence=evidence)

    async def _asked(self, task: Task, course: Course, gates: Sequence[Gate], tested: Sequence[GateVerdict]) -> Any:
        payloads = await self._asker.payloads(task)
        changed = await asyncio.to_thread(_changes, self._home, task)
        before = [piece.text for piece in context.given(task, payloads)]
        before += [marked("data", one.evidence, name=one.gate.value) for one in tested]
        text = told.review_prompt(task, before, payloads, changed, told.gates_text(gates))
        schema = verdict_schema(gates, task.requirements)
        reply = await self._asker.ask(task, course, payloads, text, system=REVIEW.text, output=schema)
        return reply.parsed


def _changes(home: Path, task: Task) -> str:
    try:
        return changes(kept_of(home, task), workspace_of(home, task.run))
    except (OSError, ToolFailed, json.JSONDecodeError) as error:
        return f"(the files cannot be compared: {error})"


def verdict_schema(gates: Sequence[Gate], requirements: Sequence[str]) -> Mapping[str, Any]:
    """What a verdict has to be: every gate and every requirement once, with evidence, and nothing else."""
    texts = {"type": "array", "items": {"type": "string"}}
    names = [told.name_of(number) for number, _ in enumerate(requirements, 1)]
    parts = {
        "gates": _each([gate.value for gate in gates], "passed"),
        "requirements": _each(names, "satisfied"),
        "issues": texts,
        "suggested_tests": texts,
    }
    return _object({name: part for name, part in parts.items() if part})


def judgement(
    found: Any, gates: Sequence[Gate], requirements: Sequence[str], tested: Sequence[GateVerdict]
) -> Judgement:
    """From an answer that fits the schema."""
    told_gates, told_requirements = found.get("gates", {}), found.get("requirements", {})
    return Judgement(
        gates=(
            *tested,
            *(GateVerdict(gate=gate, passed=said["passed"], evidence=_cut(said["evidence"])) for gate in gates
              for said in [told_gates[gate.value]]),
        ),
        requirements=tuple(
            RequirementVerdict(requirement=text, satisfied=said["satisfied"], evidence=_cut(said["evidence"]))
            for number, text in enumerate(requirements, 1)
            for said in [told_requirements[told.name_of(number)]]
        ),
        issues=tuple(map(_cut, found["issues"][:MOST])),
        suggested_tests=tuple(map(_cut, found["suggested_tests"][:MOST])),
    )  # fmt: skip


def _cut(text: str) -> str:
    return shortened(text, WORDS)


def _each(names: Sequence[str], verdict: str) -> Mapping[str, Any]:
    said = _object({verdict: {"type": "boolean"}, "evidence": {"type": "string", "pattern": r"\S"}})
    return _object(dict.fromkeys(names, said)) if names else {}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
