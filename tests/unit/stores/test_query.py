"""Every text is a query: what it means, and that none is an error, in any store."""

import asyncio
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.events import Event
from actors.journal.memories import MemoryStored
from actors.memory.memory import Memory
from actors.memory.query import any_of, matches, parse, words
from actors.memory.recall import Question
from actors.stores.group import GroupStore
from actors.stores.memory import MemoryStore
from actors.stores.protocol import Store
from actors.work import Content

TEXTS = (
    "Phase2 is over; the report is written in C++ and Rust.",
    "phase3 begins with a.b and what? the deploy script",
    'He said "never deploy on Fridays" — naïve café, NEAR the end',
    "deployment of phase2 and phase3 AND nothing else, not OR",
    "Größe, ΑΒΓ, 漢字 42",
)


def hits(query: str) -> list[int]:
    return [number for number, text in enumerate(TEXTS) if matches(parse(query), words(text))]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("phase2 OR phase3", [0, 1, 3]),
        ("phase2 phase3", [3]),
        ("phase2 AND phase3", [3]),
        ("phase2 NOT phase3", [0]),
        ("PHASE2", [0, 3]),
        ('"deploy on fridays"', [2]),
        ('"on deploy"', []),
        ("deploy*", [1, 2, 3]),
        ("deploy", [1, 2]),
        ("C++", [0]),
        ("a.b", [1]),
        ("what?", [1]),
        ("naive cafe", [2]),
        ("NEAR(the end)", [2]),
        ("OR", [3]),
        ("NOT", [3]),
        ('"', [0, 1, 2, 3, 4]),
        ("++ *** ()", [0, 1, 2, 3, 4]),
        ("title:phase2", []),
        ("größe", [4]),
        ("NOT phase2", [3]),
        ("漢字", [4]),
        ('"never deploy', [2]),
        (any_of(["frida", "rust", 'a"b']), [0, 1, 2]),
    ],
)
def test_what_a_query_means(query: str, found: list[int]) -> None:
    assert hits(query) == found


def stored(number: int, text: str) -> Event:
    return MemoryStored(memory=Memory(id=f"{number:016x}", namespace="global", content=Content(text=text)))


async def fill(store: Store) -> None:
    await store.append("texts", [stored(number, text) for number, text in enumerate(TEXTS)])


async def answers(store: Store, query: str) -> set[int]:
    return {int(one.memory.id, 16) for one in await store.recall(Question(query, limit=100))}


def is_old(text: str) -> bool:
    """Whether SQLite, which knows the characters of Unicode 6.1, and Python, which knows newer ones, agree on words."""
    return all(unicodedata.ucd_3_2_0.category(one) != "Cn" for one in text)


async def both(asked: list[str]) -> None:
    with TemporaryDirectory() as folder:
        sqlite, memory = GroupStore(Path(folder) / "store.db"), MemoryStore()
        try:
            await fill(sqlite)
            await fill(memory)
            for query in asked:
                found = await answers(sqlite, query), await answers(memory, query)
                assert found[0] == found[1] or not is_old(query), ascii(query)
        finally:
            await sqlite.close()


WORDS = ["phase2", "phase3", "deploy*", "NEAR", "AND", "OR", "NOT", "naïve", "C++", "a.b", "what?", "NEAR(a,5)"]
MARKS = ["-", "^", ":", "{}", '"', "'", "(", ")", "*", "\x00", "�", "%", "--", ";"]
pieces = st.one_of(st.sampled_from(WORDS + MARKS), st.text(max_size=6), st.sampled_from(["漢字", "Größe", "rust"]))


@settings(max_examples=20)
@given(st.lists(st.lists(pieces, max_size=8).map(" ".join) | st.text(), min_size=1, max_size=12))
@example(["\0", "\ud800", '"""', "a" * 5_000, "OR " * 500, "NOT " * 500, "x NOT " * 300, '"a" ' * 900, "(" * 3000])
def test_no_text_fails_and_both_stores_find_the_same(asked: list[str]) -> None:
    asyncio.run(both([*asked, "phase2 OR phase3", *TEXTS]))
