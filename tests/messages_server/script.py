"""What a server does, as a file: `python -m tests.messages_server --port 8080 --script FILE`."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from actors.work import Frozen
from tests.messages_server.buckets import Limits
from tests.messages_server.latency import Latency
from tests.messages_server.messages import HELLO
from tests.messages_server.rules import Rule


class Script(Frozen):
    """Everything has a default: without a script each call is answered at once."""

    text: str = HELLO
    """What is answered."""
    fields: Mapping[str, Any] = Field(default_factory=dict)
    """Fields of the message that are other than usual."""
    latency: Latency = Latency()
    limits: Mapping[str, Limits] = Field(default_factory=dict)
    """By model; `*` is every other."""
    counted: bool = False
    """Whether usage is counted from the texts, with prompt caching; else every answer costs the same."""
    faults: tuple[Rule, ...] = ()
    """The first that fits a call is played."""
    remember: bool = True
    """Whether the calls themselves are kept, which costs memory."""
