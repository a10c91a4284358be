"""How long memories take: to be indexed, and to be recalled out of 100,000.

    python -m benchmarks.memories [memories]

Times are of the CPU, so that a busy machine does not count.
The texts are 60 words each out of 5,000, of which a few are common, as in a language. A question is asked 21 times by
the connection that a command uses; the median counts.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from actors.journal.memories import MemoryStored
from actors.journal.rows import to_row
from actors.memory.memory import Memory
from actors.memory.recall import Question
from actors.stores.reader import Reader
from actors.stores.sqlite import SqliteStore
from actors.stores.writer import Append
from actors.work import Content

ASKED = 21
GROUP = 1000
QUESTIONS = {
    "one rare word": Question("w4000"),
    "two words": Question("w40 w90"),
    "three words, any of them": Question("w100 OR w200 OR w300"),
    "the most common word, which half of them have": Question("w0"),
    "the same, the important ones of a project": Question("w0", 8, "project:p3"),
    "words that begin so": Question("w12*"),
    "a phrase": Question('"w0 w1"'),
    "everything": Question(),
}


def memories(count: int) -> Iterator[MemoryStored]:
    """Texts in which word n is about as frequent as 1/n."""
    rng = random.Random(1)
    for number in range(count):
        text = " ".join(f"w{int(5000 ** rng.random()) - 1}" for _ in range(60))
        content, space = Content(text=text), f"project:p{number % 10}"
        yield MemoryStored(
            memory=Memory(id=f"{number:016x}", namespace=space, importance=rng.randint(1, 10), content=content)
        )


def main(count: int) -> None:
    """Print a line per figure."""
    path = Path(tempfile.mkdtemp()) / "store.db"
    store, rows = SqliteStore(path), [to_row(event) for event in memories(count)]
    begin = time.process_time()
    for start in range(0, count, GROUP):
        store.commit([Append(f"a{start}", rows[start : start + GROUP], {})])
    print(f"{count:,} memories: {1e6 * (time.process_time() - begin) / count:.1f} us each to be on disk")
    begin = time.process_time()
    while store.index():
        pass
    print(f"{1e6 * (time.process_time() - begin) / count:.1f} us each to be indexed, behind the commits")
    store.close()
    print(f"{path.stat().st_size / 1e6:.0f} MB on disk")
    reader = Reader(path)
    for name, question in QUESTIONS.items():
        times = []
        for _ in range(ASKED):
            begin = time.process_time()
            found = reader.recall(question, time.time())
            times.append(time.process_time() - begin)
        print(f"{1e3 * statistics.median(times):7.1f} ms  {len(found):2} found  {name}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
