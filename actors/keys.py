"""The API key of this process. Each agent reads it on its own node, at its first call; it is never sent to one."""

import os

KEY = "ANTHROPIC_API_KEY"


def find_key() -> str | None:
    """The key, or None. An empty one is none."""
    return os.environ.get(KEY, "").strip() or None


class AgentKey:
    """Reads the key once and takes it out of the environment, which tools inherit."""

    def __init__(self) -> None:
        self._key: str | None = None

    def __call__(self) -> str | None:
        self._key = self._key or find_key()
        os.environ.pop(KEY, None)
        return self._key

    def __repr__(self) -> str:
        return "AgentKey()"
