"""A Messages API on loopback for the real SDK, with limits, prices in tokens, and every fault that is known of it.

`async with MessagesServer() as server:` runs it in this loop, `with serving() as server:` in a thread, and
`with running(Script()) as server:` in a process of its own, for fleets whose load it shall not share.
"""

from tests.messages_server.buckets import Limits
from tests.messages_server.exchange import Call, Exchange, Turn
from tests.messages_server.faults import CASES, ENDLESS, FAULTS, Fault
from tests.messages_server.latency import Latency
from tests.messages_server.ledger import Ledger
from tests.messages_server.messages import message, text_block, thinking, tool_use
from tests.messages_server.process import Running, running
from tests.messages_server.rules import Rule, When
from tests.messages_server.script import Script
from tests.messages_server.server import KEY, MessagesServer, serving
from tests.messages_server.stream import events
from tests.messages_server.turns import answers, drips, fails, hangs, late, resets, says, streams

__all__ = [
    "CASES",
    "ENDLESS",
    "FAULTS",
    "KEY",
    "Call",
    "Exchange",
    "Fault",
    "Latency",
    "Ledger",
    "Limits",
    "MessagesServer",
    "Rule",
    "Running",
    "Script",
    "Turn",
    "When",
    "answers",
    "drips",
    "events",
    "fails",
    "hangs",
    "late",
    "message",
    "resets",
    "running",
    "says",
    "serving",
    "streams",
    "text_block",
    "thinking",
    "tool_use",
]
