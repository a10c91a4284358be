"""One run within the store: its events replayed, against what the tables say of it."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from pydantic import ValidationError

from actors.events import Event, ItemClosed, RunFinished, completed
from actors.journal.rows import from_rows
from actors.stores import queries
from actors.stores.database import Db
from actors.stores.protocol import RunRecord
from actors.vocabulary.review import Consolidated
from actors.work import Content, items_from

RESTORE = "bring back a backup, see docs/store.md; keep this file"
RUN_AGAIN = "run the plan again under another --key, or bring back a backup, see docs/store.md"
PAGE = 2000


class Finding(NamedTuple):
    """One thing that is not as it has to be."""

    what: str
    cure: str
    run: str | None = None


def events(db: Db, run: int) -> Iterator[list[Event]]:
    """All events of the run with this row id, in pages. Raises ValidationError."""
    after = 0
    sql = "select seq, at, body from events where run = ? and seq > ? order by seq limit ?"
    while rows := queries.rows(db, sql, run, after, PAGE):
        after = rows[-1][0]
        yield from_rows(rows)


def first_mistake(error: ValidationError) -> str:
    """What is wrong first, without the text it is wrong in."""
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


class RunInspection:
    """One run, replayed: what its table of attempts has to say, and how its items ended."""

    def __init__(self, db: Db, record: RunRecord, known: Collection[str]) -> None:
        """`known`: hashes of the texts that are there."""
        self.db, self.run, self.items, self.known = db, record.run, record.items, known
        self.id = queries.run_id(db, record.run)
        self.attempts: dict[str, list[int]] = {}
        self.ends: dict[str, str] = {}
        self.finished: RunFinished | None = None

    def findings(self) -> Iterator[Finding]:
        """Whatever does not agree."""
        try:
            yield from self._plan()
            for page in events(self.db, self.id):
                for event in page:
                    yield from self._event(event)
        except ValidationError as error:
            yield self._found(f"items or events cannot be understood: {first_mistake(error)}", RESTORE)
            return
        yield from self._agreement()
        yield from self._counts()

    def _found(self, what: str, cure: str) -> Finding:
        return Finding(f"run {self.run}: {what}", cure, self.run)

    def _plan(self) -> Iterator[Finding]:
        bodies = [row[0] for row in self.db.execute("select body from items where run = ?", (self.id,))]
        items = items_from(bodies)
        if len(items) != self.items:
            yield self._found(f"{len(items)} items are there, {self.items} were accepted", RESTORE)
        for item in items:
            self.attempts[item.id] = [0, 0, 0]
            for content in (*item.inputs.values(), *([item.workspace] if item.workspace else [])):
                yield from self._content(content, f"an input of item {item.id!r}")

    def _content(self, content: Content, what: str) -> Iterator[Finding]:
        if content.ref is not None and content.ref not in self.known:
            yield self._found(f"{what} refers to the text {content.ref}, which is not there", RUN_AGAIN)

    def _event(self, event: Event) -> Iterator[Finding]:
        fields: dict[str, Any] = event.__dict__
        if event.run != self.run:
            yield self._found(f"event {event.seq} names another run, {event.run!r}", RESTORE)
        if isinstance(event, RunFinished):
            self.finished = event
        if (item := fields.get("item")) is None:
            return
        if item not in self.attempts:
            yield self._found(f"event {event.seq} is about item {item!r}, which is not in the plan", RESTORE)
            return
        self._replay(event, item, fields)
        if done := completed(event):
            yield from self._content(done[1].data, f"the result of item {item!r}")
        if isinstance(event, ItemClosed) and isinstance(event.outcome, Consolidated):
            yield from self._content(event.outcome.text, f"what was made of the reviews of item {item!r}")

    def _replay(self, event: Event, item: str, fields: dict[str, Any]) -> None:
        attempt = self.attempts[item]
        match event.type:
            case "item_assigned":
                attempt[:] = [fields["epoch"], 1, attempt[2]]
            case "item_closed":
                attempt[1] = 0
                if completed(event):
                    self._end(item, "complete")
            case "item_reused" | "item_joined" | "item_accepted":
                self._end(item, "complete")
            case "item_failed" | "item_quarantined" | "item_skipped" | "item_cancelled":
                self._end(item, event.type.removeprefix("item_"))

    def _end(self, item: str, state: str) -> None:
        self.attempts[item][2] = 1
        self.ends[item] = state

    def _agreement(self) -> Iterator[Finding]:
        """The table of attempts says what the events say."""
        sql = "select item, epoch, open, done from attempts where run = ?"
        found = {item: values for item, *values in self.db.execute(sql, (self.id,))}
        wrong = sorted(item for item in found.keys() | self.attempts if found.get(item) != self.attempts.get(item))
        if wrong:
            what = f"events and attempts disagree about {len(wrong)} items, the first is {wrong[0]!r}"
            yield self._found(what, RUN_AGAIN)

    def _counts(self) -> Iterator[Finding]:
        """A finished run's counts are those of its items."""
        if self.finished is None:
            return
        counts = {state: count for state, count in self.finished.counts.items() if count}
        ends = Counter(self.ends.values())
        if counts != ends or ends.total() != self.items:
            yield self._found(f"it ended with the counts {counts}, its items with {dict(ends)}", RUN_AGAIN)
