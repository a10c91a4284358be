"""Tools of MCP servers, which the home's mcp.json names. The `mcp` package is imported when an item needs one."""
