"""Reading the journal of a run in pages, beside its writer; what may be wrong with the file is one kind of error."""

from collections.abc import Iterator
from contextlib import contextmanager

import apsw
from pydantic import ValidationError

from actors.errors import StoreUnusable
from actors.events import Event, RunFinished
from actors.stores.protocol import RunRecord
from actors.stores.reader import Reader
from dashboards.views.projection import RunView

PAGE = 2000
"""Events read at once."""


@contextmanager
def readable() -> Iterator[None]:
    """Turns what a reader may meet in the file into StoreUnusable; a busy file stays apsw.BusyError."""
    try:
        yield
    except apsw.BusyError:
        raise
    except apsw.Error as error:
        raise StoreUnusable(f"the store cannot be read: {error}") from None
    except ValidationError:
        raise StoreUnusable("the store holds events that this version does not know; use the newer version") from None


class Tail:
    """The events of a run, each once: its own and, while it was under way, the fleet's."""

    def __init__(self, reader: Reader, record: RunRecord) -> None:
        self._reader, self._run = reader, record.run
        before = (other.accepted_seq for other in reader.runs() if other.accepted_seq < record.accepted_seq)
        self._after = max(before, default=0)  # a fleet starts before its run is accepted
        self.over = False
        """Whether the end of the run was read."""

    def news(self) -> Iterator[list[Event]]:
        """What was written since the last time, in pages, oldest first; nothing after the run's end.

        Raises apsw.BusyError when the writer keeps the file for seconds: ask again.
        """
        while not self.over:
            with readable():
                page = self._reader.events(self._run, self._after, limit=PAGE)
            if not page:
                return
            self._after = page[-1].seq
            yield self._until_the_end(page)

    def _until_the_end(self, page: list[Event]) -> list[Event]:
        for position, event in enumerate(page):
            if isinstance(event, RunFinished):
                self.over = True
                return page[: position + 1]
        return page


def read_view(reader: Reader, record: RunRecord) -> RunView:
    """The run as it is now."""
    view = RunView(reader.items(record.run), record)
    for page in Tail(reader, record).news():
        for event in page:
            view.apply(event)
    return view


def read_end(reader: Reader, record: RunRecord) -> RunFinished | None:
    """How the run ended, without reading the rest of it; None while it has not."""
    end = reader.newest_of(record.run, "run_finished")
    assert end is None or isinstance(end, RunFinished)
    return end
