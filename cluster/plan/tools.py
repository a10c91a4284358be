"""What an item may do beside answering, as its plan says it."""

import re

from actors.tools import capability
from cluster.plan.mistakes import quote
from cluster.plan.schema import ITEM
from cluster.plan.spot import Spot

KNOWN = tuple(capability.TOOLS)


def read_tools(spot: Spot) -> tuple[str, ...]:
    """Capabilities, each once."""
    found: list[str] = []
    for entry in spot.listing("capabilities") or ():
        name = entry.text(ITEM["tools"]["items"])
        if name is None:
            continue
        if name in found:
            entry.wrong(f"{quote(name)} is there twice", "name it once")
        elif name.startswith(capability.MCP) and not re.fullmatch(capability.PATTERN, name):
            entry.wrong(f"{quote(name)} names no MCP server", "write mcp: and the server's name, as in mcp:tickets")
        elif not re.fullmatch(capability.PATTERN, name):
            entry.unknown("no capability", name, KNOWN, f"capabilities are {', '.join(KNOWN)} and mcp:NAME")
        else:
            found.append(name)
    return tuple(found)
