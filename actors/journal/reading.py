"""What a reader of the journal leaves out: types by their names, and RESULT."""

from collections.abc import Collection

from actors.events import Event, ItemClosed

RESULT = "item_closed:result"
"""Every ItemClosed with a result; for readers that have no use for those, which are nearly all."""

RESULT_MARK = '"outcome":{"kind":"result"'
"""Is in the JSON of those, and of no other ItemClosed: within a text its quotes are escaped."""

REVIEW_MARKS = ('"kind":"verdict","judgement"', '"kind":"consolidated","text"')
"""Each is in the JSON of every ItemClosed with a verdict, or with one text of several reviews."""


def is_read(event: Event, exclude: Collection[str]) -> bool:
    """Whether a reader who excludes these gets this event."""
    if event.type in exclude:
        return False
    return not (RESULT in exclude and isinstance(event, ItemClosed) and event.outcome.kind == "result")
