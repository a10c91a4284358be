"""`answer`, `approve`, `deny`: what is refused, what is in the journal, also with no process alive."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.errors import UserError
from actors.events import ApprovalRequested, Event
from actors.journal.people import AnswerGiven, Approval, ApprovalDenied, ApprovalGranted
from actors.stores.group import GroupStore
from actors.stores.reader import Reader
from actors.work import Item, ItemState
from cluster.cli.journal import read_view
from cluster.fleets.around import HomeAround
from cluster.home import requests
from dashboards.requests import Wish
from dashboards.views.run_json import run_json
from tests.support.histories import accept, assigned, closed, write
from tests.support.reviews import QUESTIONS

PLAN = (Item(id="q", description="x", clarify=True), Item(id="a b", description="x", approve=True))
ASKED = ApprovalRequested(run="r", item="a b", epoch=0, what=Approval.START, message="it is to begin", term=1)


@pytest.fixture
async def store(tmp_path: Path) -> Path:
    """A home's store in which one item has questions and one waits for approval; nobody drives the run."""
    writer = GroupStore(tmp_path / "store.db")
    await accept(writer, PLAN, key="k")
    await write(writer, assigned("q"), closed("q", QUESTIONS), ASKED)
    await writer.close()
    return tmp_path / "store.db"


def words(store: Path) -> list[Event]:
    reader = Reader(store)
    found = [e for e in reader.events("r") if isinstance(e, AnswerGiven | ApprovalGranted | ApprovalDenied)]
    reader.close()
    return [event.model_copy(update={"seq": 0, "at": 0.0}) for event in found]


def state(store: Path, item: str) -> ItemState:
    reader = Reader(store)
    view = read_view(reader, reader.run("r"))
    reader.close()
    return view.items[item].state


def test_an_answer_is_in_the_journal_by_its_question(store: Path) -> None:
    assert requests.answer(store, "k", "q", "blue")
    assert words(store) == [AnswerGiven(run="r", target="q", epoch=1, text="blue")]
    assert state(store, "q") is ItemState.READY
    with pytest.raises(UserError, match="q waits for nobody, it is ready; `mnemosyne status r`"):
        requests.answer(store, "k", "q", "red")


def test_approval_and_denial(store: Path) -> None:
    assert requests.deny(store, "r", "a b", "too dear")
    assert words(store) == [ApprovalDenied(run="r", target="a b", epoch=0, reason="too dear")]
    with pytest.raises(UserError, match="waits for nobody"):
        requests.approve(store, "r", "a b")


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda s: requests.answer(s, "r", "a b", "x"), "waits for approval, not for an answer"),
        (lambda s: requests.approve(s, "r", "q"), "waits for an answer, not for approval"),
        (lambda s: requests.approve(s, "r", "zzz"), "run r has no item 'zzz'"),
        (lambda s: requests.answer(s, "r", "q", " \n"), "an answer has 1 to 8000 characters"),
        (lambda s: requests.answer(s, "r", "q", "x" * 8001), "an answer has 1 to 8000 characters"),
        (lambda s: requests.answer(s, "nobody", "q", "x"), "there is no run 'nobody'"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(store: Path, ask: Callable[[Path], bool], told: str) -> None:
    with pytest.raises(UserError, match=told):
        ask(store)
    assert words(store) == []


def test_status_says_what_waits_for_a_person_and_the_exact_command(store: Path) -> None:
    reader = Reader(store)
    view = read_view(reader, reader.run("r"))
    reader.close()
    waits = {item["id"]: item["waits_for"] for item in json.loads(json.dumps(run_json(view)))["items"]}
    assert waits == {
        "q": {"kind": "answer", "epoch": 1, "questions": ["Which colour?"], "command": "mnemosyne answer r q '...'"},
        "a b": {
            "kind": "approval",
            "epoch": 0,
            "what": "start",
            "message": "it is to begin",
            "command": "mnemosyne approve r 'a b'  (or deny)",
        },
    }


def wish(request: str, **fields: object) -> Wish:
    return Wish.model_validate({"request": request, "run": "k", **fields})


def test_the_page_asks_for_the_same(store: Path) -> None:
    around = HomeAround(store.parent)
    assert around.ask(wish("answer", item="q", text="blue", epoch=1))
    assert around.ask(wish("approve", item="a b", epoch=0))
    assert words(store) == [
        AnswerGiven(run="r", target="q", epoch=1, text="blue"),
        ApprovalGranted(run="r", target="a b", epoch=0),
    ]


def test_a_denial_from_the_page_has_its_reason(store: Path) -> None:
    assert HomeAround(store.parent).ask(wish("deny", item="a b", text="too dear"))
    assert words(store) == [ApprovalDenied(run="r", target="a b", epoch=0, reason="too dear")]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (wish("approve", item="a b", epoch=3), "asks something else by now"),
        (wish("answer", item="q", text="blue", epoch=0), "asks something else by now"),
        (wish("answer", item="q"), "an answer has 1 to 8000 characters"),
        (wish("deny"), "deny needs `item`"),
        (Wish(request="approve", item="q"), "approve needs `run`"),
        (Wish(request="reset_agent"), "reset_agent needs `agent`"),
    ],
)
def test_nobody_answers_what_they_did_not_read(store: Path, asked: Wish, told: str) -> None:
    with pytest.raises(UserError, match=told):
        HomeAround(store.parent).ask(asked)
    assert words(store) == []
