"""What agents have to say to the journal: an event that cannot be written harms its own attempt and no other."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from actors.events import Event, ItemAssigned, ItemClosed, ItemStarted
from actors.journal.turns import TurnDone
from actors.outbox import Outbox
from actors.stores.group import GroupStore
from actors.stores.protocol import Receipt
from actors.vocabulary.review import Judgement, Requirements, Verdict
from actors.work import Content, Effort, Failure, FailureKind, Item, Outcome, Result, Usage
from tests.support.fakes import accepted

HALF = "half an emoji: \ud83d"
FINE = Result(data=Content(text="fine"), model="m")
USED = {"model": "m", "usage": Usage(input_tokens=7), "cost_usd": 0.5, "effort": Effort(calls=2), "seconds": 1.5}
UNWRITABLE: list[Outcome] = [
    Verdict.model_validate({**USED, "judgement": Judgement(issues=(HALF,))}),
    Requirements.model_validate({**USED, "requirements": (HALF,)}),
    Result.model_validate({**USED, "data": Content(text="fine"), "model": HALF}),
    Failure.model_validate({**USED, "reason": FailureKind.REFUSAL, "message": HALF}),
]


class OddStore(GroupStore):
    """The next appends fail as nobody foresaw."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.odd: list[Exception] = []

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        """See Store."""
        if self.odd:
            raise self.odd.pop()
        return await super().append(id, events, payloads)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[OddStore]:
    """With open attempts of three items."""
    made = OddStore(tmp_path / "store.db")
    await accepted(made, *(Item(id=id_, description=id_) for id_ in "abc"))
    await made.claim("r", "d")
    opens = [ItemAssigned(run="r", item=i, epoch=1, attempt=1, agent="e", model="m", term=1) for i in "abc"]
    await made.append("open", opens)
    yield made
    await made.close()


def say(outbox: Outbox, item: str, outcome: Outcome) -> None:
    closed = ItemClosed(
        run="r", item=item, epoch=1, attempt=1, agent="e", generation=1, asked="m", pending=True, outcome=outcome
    )
    outbox.closed(("r", item, 1), closed, {}, more=True)


def turn(item: str, text: str) -> TurnDone:
    return TurnDone(run="r", item=item, epoch=1, agent="e", turn=1, said=Content(text=text), model="m")


async def written(store: OddStore) -> list[Event]:
    return [event for event in await store.read("r", 0, 0) if isinstance(event, ItemStarted | ItemClosed | TurnDone)]


@pytest.mark.parametrize("outcome", UNWRITABLE, ids=lambda outcome: outcome.kind)
async def test_an_end_that_cannot_be_written_is_a_failure_and_what_goes_with_it_is_written(
    store: OddStore, outcome: Outcome
) -> None:
    outbox = Outbox(store)
    for item, one in zip("abc", (FINE, outcome, FINE), strict=True):
        say(outbox, item, one)
    async with asyncio.timeout(5):
        await outbox.drain()

    assert outbox.closing == set()
    first, failed, last = [event for event in await written(store) if isinstance(event, ItemClosed)]
    assert first.outcome == last.outcome == FINE
    assert isinstance(failed.outcome, Failure)
    assert failed.outcome.reason is FailureKind.AGENT_FAULT
    assert "surrogates not allowed" in failed.outcome.message
    assert (failed.asked, failed.pending, failed.outcome.needs) == (None, False, None)
    assert {name: getattr(failed.outcome, name) for name in USED} == USED


async def test_a_turn_that_cannot_be_written_is_told_to_its_attempt_and_what_goes_with_it_is_written(
    store: OddStore,
) -> None:
    outbox = Outbox(store)
    start = ItemStarted(run="r", item="b", epoch=1, agent="e", generation=1)
    outbox.started(("r", "b", 1), lambda: start)
    say(outbox, "a", FINE)
    async with asyncio.timeout(5):
        bad, good = await asyncio.gather(
            outbox.kept(("r", "b", 1), turn("b", HALF), {}),
            outbox.kept(("r", "c", 1), turn("c", "fine"), {}),
            return_exceptions=True,
        )
        await outbox.drain()

    assert good is True
    assert isinstance(bad, Exception)
    assert "surrogates not allowed" in str(bad)
    assert [event.type for event in await written(store)] == ["item_closed", "item_started", "turn_done"]


async def test_only_what_cannot_be_written(store: OddStore) -> None:
    outbox = Outbox(store)
    with pytest.raises(ValueError, match="surrogates not allowed"):
        await outbox.kept(("r", "a", 1), turn("a", HALF), {})
    await outbox.drain()
    say(outbox, "a", FINE)
    await outbox.drain()
    assert [event.type for event in await written(store)] == ["item_closed"]


async def test_what_nobody_foresaw_ends_no_flush(store: OddStore, caplog: pytest.LogCaptureFixture) -> None:
    store.odd = [RuntimeError("nobody foresaw this")]
    outbox = Outbox(store)
    say(outbox, "a", FINE)
    async with asyncio.timeout(5):
        await outbox.drain()

    assert [event.type for event in await written(store)] == ["item_closed"]
    assert outbox.closing == set()
    assert "nobody foresaw this" in caplog.text
