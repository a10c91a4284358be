"""Messages of the event stream, as bytes."""

import json
from typing import Any

TEXT = 500
"""Characters of a text in the stream; the whole of an item is at /state/runs/RUN/item."""


def message(type_: str, body: Any, seq: int | None = None) -> bytes:
    """A server-sent event; with `seq` it is where the reader goes on after a break. JSON in ASCII, on one line."""
    id_ = "" if seq is None else f"id: {seq}\n"
    return f"{id_}event: {type_}\ndata: {json.dumps(body, separators=(',', ':'))}\n\n".encode()
