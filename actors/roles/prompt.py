"""The roles' prompts, read once: the text, and the version by which a result says what made it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from actors.roles.template import Template
from actors.vocabulary.review import Purpose
from actors.work import Role

FOLDER = Path(__file__).parent / "prompts"


class Prompt(NamedTuple):
    """What a role is told before every task."""

    text: str
    version: str
    """First 12 hex digits of the file's SHA-256."""


def read(file: Path) -> Prompt:
    """The prompt in a file. Raises OSError, UnicodeDecodeError."""
    data = file.read_bytes()
    return Prompt(data.decode().strip(), hashlib.sha256(data).hexdigest()[:12])


PROMPTS: Mapping[Role, Prompt] = {role: read(FOLDER / f"{role}.md") for role in Role}

REVIEW, EXTRACT = read(FOLDER / "review.md"), read(FOLDER / "extract.md")
"""For attempts that review, or that find requirements, whatever the role of the item."""

VERSION_FOR: Mapping[Purpose, str] = {
    Purpose.REVIEW: REVIEW.version,
    Purpose.EXTRACT: EXTRACT.version,
    Purpose.CONSOLIDATE: PROMPTS[Role.OPTIMIZER].version,
}

PARTS: Mapping[str, Template] = {
    name: Template(FOLDER / f"{name}.part.md")
    for name in ("requirements", "again", "consolidated", "answers", "reviewed")
}
"""Of what an agent is told of its task."""

VERSIONS: Mapping[Role, str] = {role: prompt.version for role, prompt in PROMPTS.items()}
