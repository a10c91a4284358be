"""What goes into a prompt. Pure: texts in, text out."""

from collections.abc import Mapping

from actors.marked import marked
from actors.work import Content, Task


def references(task: Task) -> set[str]:
    """Hashes of the payloads that the task's prompt needs."""
    contents: list[Content] = [*task.item.inputs.values(), *task.results.values()]
    for turn in task.turns:
        contents += (turn.said, *(ran.result for ran in turn.ran.values()))
    return {content.ref for content in contents if content.ref is not None}


def prompt(task: Task, payloads: Mapping[str, str]) -> str:
    """The item's description, then its inputs, then the results of its dependencies, each labelled by its name."""
    item = task.item
    parts = [_part("input", name, content, payloads) for name, content in item.inputs.items()]
    parts += [_part("result", id_, task.results[id_], payloads) for id_ in item.dependencies]
    return "\n\n".join([*parts, item.description]) if parts else item.description


def _part(kind: str, name: str, content: Content, payloads: Mapping[str, str]) -> str:
    text = content.text if content.ref is None else payloads[content.ref]
    return marked(kind, text or "", name=name)
