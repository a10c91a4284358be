"""The models that the API lists."""

from typing import Any

LINES = ("haiku", "sonnet", "opus", "fable", "mythos")
RELEASED = {
    "claude-fable-5-2": "2026-11-05",
    "claude-haiku-5-5": "2026-10-01",
    "claude-sonnet-5-5": "2026-09-24",
    "claude-fable-5-1": "2026-09-10",
    "claude-opus-5-5": "2026-08-27",
    "claude-sonnet-5": "2026-05-20",
    "claude-opus-5": "2026-04-16",
    "claude-haiku-4-5": "2025-10-15",
    "claude-sonnet-4-5": "2025-09-29",
}
"""Newest first. The days are made up where nobody needs them."""
CONTEXT = {"claude-haiku-4-5": 200_000, "claude-sonnet-4-5": 200_000}
DEPRECATED = {"claude-sonnet-4-5": ("2026-08-20", "2026-11-30")}
EFFORTS = ("low", "medium", "high", "xhigh", "max")
THINKING = ("adaptive", "between_tools", "disabled", "enabled")
CLEARING = ("clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112")

YES = {"supported": True}
CAPABILITIES: dict[str, Any] = {
    "batch": YES,
    "citations": YES,
    "code_execution": YES,
    "context_management": {**YES, **dict.fromkeys(CLEARING, YES)},
    "effort": {**YES, **dict.fromkeys(EFFORTS, YES)},
    "image_input": YES,
    "pdf_input": YES,
    "server_tools": {**YES, "code_execution": YES, "web_search": YES},
    "structured_outputs": YES,
    "thinking": {**YES, "types": dict.fromkeys(THINKING, YES)},
}


def entry(name: str) -> dict[str, Any] | None:
    """What the API tells about one model; None if it has no such model."""
    if name not in RELEASED:
        return None
    deprecated, retires = DEPRECATED.get(name, (None, None))
    _, line, *version = name.split("-")
    return {
        "type": "model",
        "id": name,
        "display_name": f"Claude {line.title()} {'.'.join(version)}",
        "line": line if line in LINES else None,
        "lifecycle": "deprecated" if deprecated else "active",
        "created_at": f"{RELEASED[name]}T00:00:00Z",
        "deprecated_at": deprecated and f"{deprecated}T00:00:00Z",
        "retires_at": retires and f"{retires}T00:00:00Z",
        "max_input_tokens": CONTEXT.get(name, 1_000_000),
        "max_tokens": 64_000 if name in CONTEXT else 128_000,
        "capabilities": CAPABILITIES,
    }


def page(after: str | None = None, limit: int = 20) -> dict[str, Any]:
    """Models after this one."""
    names = list(RELEASED)
    begin = names.index(after) + 1 if after in names else 0
    shown = [entry(name) for name in names[begin : begin + limit]]
    ids = [one["id"] for one in shown if one]
    return {
        "data": shown,
        "has_more": begin + limit < len(names),
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
    }
