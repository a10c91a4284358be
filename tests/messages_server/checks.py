"""What the API refuses with 400 before any model sees it."""

from typing import Any

REQUIRED = ("model", "max_tokens", "messages")
GONE = ("temperature", "top_p", "top_k")
"""Parameters that newer models refuse."""
SCHEMA_KEYWORDS = {
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "minProperties", "maxProperties", "maxItems", "uniqueItems",
}  # fmt: skip
"""Keywords that output_config.format does not know."""
BREAKPOINTS = 4


def complaint(body: dict[str, Any]) -> str | None:
    """The first thing that is wrong with a request; None: nothing that is looked at here."""
    missing = [f"{name}: Field required" for name in REQUIRED if name not in body]
    gone = [f"{name}: this parameter is not supported by this model" for name in GONE if name in body]
    return next(iter(missing + gone), None) or _of_fields(body)


def _of_fields(body: dict[str, Any]) -> str | None:
    if not isinstance(body["max_tokens"], int) or body["max_tokens"] < 0:
        return "max_tokens: must be a whole number and not negative"
    messages = body["messages"]
    if not isinstance(messages, list) or not messages:
        return "messages: at least one message is required"
    if messages[0].get("role") != "user":
        return "messages: the first message must be of role user"
    if (marked := _breakpoints(body)) > BREAKPOINTS:
        return f"A maximum of {BREAKPOINTS} blocks with cache_control may be provided. Found {marked}."
    return _of_schema(body) or _of_tools(messages)


def _breakpoints(value: Any) -> int:
    if isinstance(value, dict):
        return ("cache_control" in value) + sum(map(_breakpoints, value.values()))
    return sum(map(_breakpoints, value)) if isinstance(value, list) else 0


def _of_schema(body: dict[str, Any]) -> str | None:
    schema = ((body.get("output_config") or {}).get("format") or {}).get("schema")
    bad = sorted(_keywords(schema) & SCHEMA_KEYWORDS)
    return f"output_config.format.schema: {bad[0]} is not supported" if bad else None


def _keywords(schema: Any) -> set[str]:
    """Keywords of a schema; names of properties are none."""
    if isinstance(schema, list):
        return set().union(*map(_keywords, schema))
    if not isinstance(schema, dict):
        return set()
    inner = [value for name, value in schema.items() if name not in ("properties", "$defs", "enum", "const")]
    named = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    return set(schema).union(*map(_keywords, inner + named))


def _of_tools(messages: list[dict[str, Any]]) -> str | None:
    """Every call of a tool has its result at the beginning of the next message."""
    for at, said in enumerate(messages):
        called = {block["id"] for block in _blocks(said) if block.get("type") == "tool_use"}
        after = _blocks(messages[at + 1]) if at + 1 < len(messages) else []
        returned = {block["tool_use_id"] for block in after if block.get("type") == "tool_result"}
        if called - returned:
            ids = ", ".join(sorted(called - returned))
            return f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}."
        if returned - called:
            ids = ", ".join(sorted(returned - called))
            return f"messages.{at + 1}: unexpected `tool_use_id` found in `tool_result` blocks: {ids}."
    return None


def _blocks(said: dict[str, Any]) -> list[dict[str, Any]]:
    content = said.get("content")
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
