"""A person's wish becomes an event in the journal, with or without a living fleet."""

import time
import uuid
from contextlib import closing
from pathlib import Path

from actors.errors import MnemosyneError, NotFound, StoreLocked, UserError
from actors.events import CancelRequested, ContinueRequested, Event, PauseRequested
from actors.journal.fleet import (
    AgentFailed,
    AgentResetRequested,
    AgentRestartRequested,
    AgentStarted,
    AgentStarting,
)
from actors.journal.people import AnswerGiven, ApprovalDenied, ApprovalGranted
from actors.journal.rows import to_row
from actors.spending.budget import Budget
from actors.stores.kinds import open_inbox, open_writer
from actors.stores.protocol import RunRecord
from actors.stores.reader import Reader
from actors.stores.writer import Append
from actors.vocabulary.limits import Limits
from actors.vocabulary.review import Questions
from actors.work import ItemState
from cluster.plan.cost import check_prices
from dashboards.run_reading import read_end
from dashboards.views.item_review import ItemReview
from dashboards.views.projection import RunView

TAKEN_WITHIN_S = 5.0
"""A living store looks for requests five times a second."""

POLL_S = 0.05

ANSWER, REASON = 8_000, 2_000
"""Characters at most."""


def cancel(store: Path, run: str, item: str | None) -> bool:
    """Ask for the end of a run or of one of its items. Raises NotFound, UserError. See `ask`."""
    with closing(Reader(store)) as reader:
        record = _unfinished(reader, run)
        if item is not None and item not in {known.id for known in reader.items(record.run)}:
            raise UserError(f"run {record.run} has no item {item!r}; `mnemosyne status {record.run}` lists them")
    return ask(store, CancelRequested(run=record.run, target=item))


def pause(store: Path, run: str) -> bool:
    """Ask that nothing new is started. Raises NotFound, UserError. See `ask`."""
    with closing(Reader(store)) as reader:
        id_ = _unfinished(reader, run).run
    return ask(store, PauseRequested(run=id_))


def go_on(
    store: Path, run: str, budget: Budget | None = None, item: str | None = None, limits: Limits | None = None
) -> bool:
    """Ask that a paused run goes on, with these caps of it, or of its item, and these limits from now on. See `ask`.

    Raises NotFound; UserError if they cannot hold.
    """
    with closing(Reader(store)) as reader:
        record = _unfinished(reader, run)
        items = reader.items(record.run)
        if item is not None and item not in {known.id for known in items}:
            raise UserError(f"run {record.run} has no item {item!r}; `mnemosyne status {record.run}` lists them")
        if budget and budget.usd is not None:
            checked = [known for known in items if item in (None, known.id)]
            check_prices({name or record.model for known in checked for name in known.models})
    return ask(store, ContinueRequested(run=record.run, budget=budget, target=item, limits=limits))


def answer(store: Path, run: str, item: str, text: str, epoch: int | None = None) -> bool:
    """Answer the questions that an item is blocked with. Raises NotFound, UserError. See `ask`.

    `epoch`: of the question that the person has read, here and below; None if there was only one to read.
    """
    if not text.strip() or len(text) > ANSWER:
        raise UserError(f"an answer has 1 to {ANSWER} characters; put more into a file and name that")
    id_, asked = _asked(store, run, item, epoch)
    if not isinstance(asked.asked, Questions):
        raise UserError(f"{item} waits for approval, not for an answer; `mnemosyne approve {id_} {item}`, or deny")
    return ask(store, AnswerGiven(run=id_, target=item, epoch=asked.epoch, text=text))


def approve(store: Path, run: str, item: str, epoch: int | None = None) -> bool:
    """Let an item go on that waits for approval. Raises NotFound, UserError. See `ask`."""
    id_, asked = _approval(store, run, item, epoch)
    return ask(store, ApprovalGranted(run=id_, target=item, epoch=asked.epoch))


def deny(store: Path, run: str, item: str, reason: str, epoch: int | None = None) -> bool:
    """End an item that waits for approval. Raises NotFound, UserError. See `ask`."""
    id_, asked = _approval(store, run, item, epoch)
    return ask(store, ApprovalDenied(run=id_, target=item, epoch=asked.epoch, reason=reason[:REASON]))


def _approval(store: Path, run: str, item: str, epoch: int | None) -> tuple[str, ItemReview]:
    id_, asked = _asked(store, run, item, epoch)
    if isinstance(asked.asked, Questions):
        raise UserError(f"{item} waits for an answer, not for approval; `mnemosyne answer {id_} {item} '...'`")
    return id_, asked


def _asked(store: Path, run: str, item: str, epoch: int | None) -> tuple[str, ItemReview]:
    """The run's id, and what a person is asked about its item."""
    reader = Reader(store)
    try:
        record = reader.run(run)
        view = RunView(reader.items(record.run), record)
        for event in reader.events(record.run, record.accepted_seq - 1):
            view.apply(event)
    finally:
        reader.close()
    found = view.items.get(item)
    if found is None:
        raise UserError(f"run {record.run} has no item {item!r}; `mnemosyne status {record.run}` lists them")
    if found.state is not ItemState.BLOCKED:
        raise UserError(
            f"{item} waits for nobody, it is {found.state.value}; `mnemosyne status {record.run}` tells what does"
        )
    if epoch not in (None, found.review.epoch):
        raise UserError(f"{item} asks something else by now; `mnemosyne status {record.run}` shows what")
    return record.run, found.review


def restart_agent(store: Path, agent: str) -> bool:
    """Ask that the agent's process is replaced. Raises NotFound, UserError for one that was given up. See `ask`."""
    ups_and_ends = [event for event in _told_of(store, agent) if isinstance(event, AgentStarted | AgentFailed)]
    if ups_and_ends and isinstance(ups_and_ends[-1], AgentFailed):
        raise UserError(f"{agent} was given up; `mnemosyne agents reset {agent}` starts it anew")
    return ask(store, AgentRestartRequested(agent=agent))


def reset_agent(store: Path, agent: str) -> bool:
    """Ask that an agent that was given up begins anew. Raises NotFound. See `ask`."""
    _told_of(store, agent)
    return ask(store, AgentResetRequested(agent=agent))


def ask(store: Path, event: Event) -> bool:
    """Put the request on disk; True once it is in the journal, False if the store's process has not taken it yet."""
    try:
        writer = open_writer(store)
    except StoreLocked:
        return _taken(store, event)
    try:
        (answer,) = writer.commit([Append(uuid.uuid4().hex, [to_row(event)], {})])
    finally:
        writer.close()
    if isinstance(answer, MnemosyneError):
        raise answer
    return True


def _taken(store: Path, event: Event) -> bool:
    with closing(open_inbox(store)) as inbox:
        request, deadline = inbox.leave(event), time.monotonic() + TAKEN_WITHIN_S
        while inbox.has(request):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
    return True


def _told_of(store: Path, agent: str) -> list[Event]:
    """What the journal tells of an agent of the newest fleet. Raises NotFound."""
    with closing(Reader(store)) as reader:
        events = list(reader.fleet())
    known = {event.agent for event in events if isinstance(event, AgentStarting)}
    if agent not in known:
        raise NotFound(f"there is no agent {agent!r}; there are {', '.join(sorted(known)) or 'none yet'}")
    return [event for event in events if getattr(event, "agent", "") == agent]


def _unfinished(reader: Reader, run: str) -> RunRecord:
    """Raises NotFound, and UserError for a run that nothing can be asked of any more."""
    record = reader.run(run)
    if end := read_end(reader, record):
        raise UserError(
            f"run {record.run} is finished: {end.status.value}; `mnemosyne results {record.run}` has what it made"
        )
    return record
