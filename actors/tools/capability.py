"""What an item may do beside answering: each capability grants some tools. None is granted by default."""

from collections.abc import Iterable, Mapping

FILES_READ, FILES_WRITE, COMMAND, SUBAGENTS = "files:read", "files:write", "command", "subagents"
MEMORY_READ, MEMORY_WRITE = "memory:read", "memory:write"
MCP = "mcp:"
TOOLS: Mapping[str, tuple[str, ...]] = {
    FILES_READ: ("read_file", "list_files", "search_files"),
    FILES_WRITE: ("write_file", "edit_file"),
    COMMAND: ("run_command",),
    SUBAGENTS: ("spawn_subagent",),
    MEMORY_READ: ("recall",),
    MEMORY_WRITE: ("remember", "forget"),
}
"""Our own tools by the capability that grants them; actors/tools/granted.py opens them."""

ASK_PERSON = "ask_person"
"""The tool of an item with `clarify`."""

IN_WORKSPACE = frozenset({FILES_READ, FILES_WRITE, COMMAND})
"""Those whose tools work in the run's workspace, which is on one node."""

SERVER = r"[A-Za-z0-9]+([-_][A-Za-z0-9]+)*"
"""Name of an MCP server: part of its tools' names, mcp__NAME__tool."""
PATTERN = rf"^({'|'.join(TOOLS)}|{MCP}{SERVER})$"
SERVER_LENGTH = 32


def servers_of(capabilities: Iterable[str]) -> tuple[str, ...]:
    """Names of the MCP servers among them, in their order."""
    return tuple(one.removeprefix(MCP) for one in capabilities if one.startswith(MCP))
