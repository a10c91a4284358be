"""The roles' prompts, read once: the text, and the version by which a result says what made it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

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

VERSIONS: Mapping[Role, str] = {role: prompt.version for role, prompt in PROMPTS.items()}
