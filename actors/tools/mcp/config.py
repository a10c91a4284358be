"""The home's mcp.json: which MCP servers there are, in the form that other programs use too."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from actors.errors import HomeUnusable
from actors.tools.capability import SERVER, SERVER_LENGTH
from actors.work import Frozen

FILE = "mcp.json"


class McpServer(Frozen):
    """One server: a program that talks over its stdin and stdout, or an address that speaks streamable HTTP."""

    type: Literal["stdio", "http", "streamable-http"] | None = None
    command: str | None = None
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = Field(default_factory=dict, repr=False)
    url: str | None = None
    headers: Mapping[str, str] = Field(default_factory=dict, repr=False)
    start_s: float = Field(default=30.0, gt=0, le=600)
    """How long it may take until its tools are known."""
    timeout_s: float = Field(default=60.0, gt=0, le=3600)
    """Of one call."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.command is None) == (self.url is None):
            raise ValueError("give either command or url")
        if self.url is not None and not re.match(r"https?://[^/\s]", self.url):
            raise ValueError("url must begin with http:// or https://")
        if self.command is None and (self.args or self.env):
            raise ValueError("args and env belong to a command")
        if self.url is None and self.headers:
            raise ValueError("headers belong to a url")
        if self.type is not None and (self.type == "stdio") != (self.command is not None):
            raise ValueError(f"type {self.type} does not fit; stdio goes with a command, http with a url")
        return self


class _File(Frozen):
    servers: Mapping[Annotated[str, StringConstraints(pattern=f"^{SERVER}$", max_length=SERVER_LENGTH)], McpServer] = (
        Field(default_factory=dict, alias="mcpServers")
    )


def servers(home: Path) -> Mapping[str, McpServer]:
    """By name; none if there is no such file. Raises HomeUnusable, which tells no value of the file."""
    file = home / FILE
    try:
        return _File.model_validate_json(file.read_bytes()).servers
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise HomeUnusable(f"{file} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise HomeUnusable(f"{file}: {where}: {first['msg']}; docs/tools.md shows how it looks") from None
