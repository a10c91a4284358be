"""Events as the store keeps them: JSON, with what the store looks at beside it."""

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from pydantic import TypeAdapter

from actors.events import Event, completed

_EVENTS: TypeAdapter[list[Event]] = TypeAdapter(list[Event])


_BY_STORE = {"seq", "at"}

AT_ONCE = 64
"""Rows in one call of the parser: what it makes stays in the cache (7 us a row; 13 with 1,000)."""


class Row(NamedTuple):
    """An event on its way to the store: what the store looks at, and the JSON it keeps."""

    type: str
    run: str
    item: str
    epoch: int
    term: int
    done: bool
    """Whether it completes its item."""
    body: str


def to_row(event: Event) -> Row:
    """The event as the store keeps it; `seq` and `at` are left to the store."""
    fields = event.__dict__  # a field that an event lacks is dear to ask pydantic for
    return Row(
        event.type,
        event.run,
        fields.get("item", ""),
        fields.get("epoch", 0),
        fields.get("term", 0),
        completed(event) is not None,
        event.__pydantic_serializer__.to_json(event, exclude=_BY_STORE).decode(),
    )


def from_rows(rows: Iterable[tuple[int, float, str]]) -> list[Event]:
    """Events from the store's (seq, at, body). An unknown type or field raises ValidationError."""
    texts = (f'{{"seq":{seq},"at":{at!r},{body[1:]}' for seq, at, body in rows)
    events: list[Event] = []
    while some := ",".join(islice(texts, AT_ONCE)):
        events += _EVENTS.validate_json(f"[{some}]")
    return events
