"""The experiment behind docs/decisions/0001: what a durable step costs, in variants, against raw Ray actor calls.

    python -m benchmarks.sketch            every variant on W1-W3, interleaved, median of 5

A sketch, not the product: agents answer at once, the driver knows only dependency counts.
`benchmarks.spine` measures the product.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from benchmarks.raw_ray import raw
from benchmarks.walking import Counts, value
from benchmarks.workloads import WORKLOADS, Edges

os.environ.setdefault("RAY_AUTH_MODE", "disabled")
import ray


@dataclass(frozen=True)
class Variant:
    """One way to keep the journal."""

    name: str
    rows: int = 2
    """Rows per item: assigned + closed, or with a `started` row of its own."""
    views: bool = True
    """Compare-and-swap in SQL on an item view, or in memory only."""
    window: int = 256
    """Items that one agent holds at most."""
    store: str = "actor"
    """Where the writer lives: an actor of its own, or the driver's actor."""


VARIANTS = (
    Variant("2 rows, CAS in memory", views=False),
    Variant("2 rows, CAS in SQL"),
    Variant("3 rows, CAS in SQL", rows=3),
    Variant("2 rows, CAS in SQL, window 32", window=32),
    Variant("2 rows, CAS in SQL, window 2000", window=2000),
    Variant("2 rows, CAS in SQL, store in the driver", store="driver"),
)
DDL = """
pragma journal_mode=wal; pragma synchronous=full;
create table events(seq integer primary key, run int, item int, epoch int, type int, body text);
create index by_run on events(run, seq);
create table items(run int, item int, epoch int, open int, primary key(run, item)) without rowid;
"""


class Writer:
    """Group commit: appends that arrive during a commit go into the next one."""

    def __init__(self, path: str) -> None:
        self.db = apsw.Connection(path)
        self.db.execute(DDL).fetchall()
        self.thread = ThreadPoolExecutor(1)
        self.pending: list[tuple[list[tuple[int, ...]], asyncio.Future[int]]] = []
        self.busy, self.seq, self.views = False, 0, True
        self.log: list[tuple[int, int]] = []
        self.news: asyncio.Event = asyncio.Event()

    def begin(self, run: int, items: int, views: bool) -> None:
        self.run, self.views, self.log, self.epochs = run, views, [], {}  # type: ignore[var-annotated]
        with self.db:
            self.db.executemany("insert into items values(?,?,0,0)", ((run, i) for i in range(items)))

    def commit(self, batches: list[list[tuple[int, ...]]]) -> list[tuple[int, int]]:
        taken, run = [], self.run
        with self.db:
            for item, epoch, kind in (row for rows in batches for row in rows):
                if self.views and kind != 2:
                    sql = "update items set epoch=?3, open=1 where run=?1 and item=?2 and open=0 and epoch=?3-1"
                    if kind == 1:
                        sql = "update items set open=0 where run=?1 and item=?2 and open=1 and epoch=?3"
                    self.db.execute(sql, (run, item, epoch))
                    if not self.db.changes():
                        continue
                self.seq += 1
                body = json.dumps({"item": item, "epoch": epoch, "data": "ok", "agent": "executor-0"})
                self.db.execute("insert into events values(?,?,?,?,?,?)", (self.seq, run, item, epoch, kind, body))
                taken.append((item, kind))
        return taken

    async def append(self, rows: list[tuple[int, ...]]) -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.pending.append((rows, future))
        if not self.busy:
            self.busy = True
            self.task = asyncio.ensure_future(self.drain())
        return await future

    async def drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self.pending:
            batch, self.pending = self.pending, []
            self.log += await loop.run_in_executor(self.thread, self.commit, [rows for rows, _ in batch])
            for _, future in batch:
                future.set_result(self.seq)
            self.news.set()
            self.news = asyncio.Event()
        self.busy = False

    async def read(self, after: int) -> list[tuple[int, int]]:
        if len(self.log) <= after:
            await self.news.wait()
        return self.log[after:]


class Agent:
    """Closes every item at once; what piles up during an append goes out together."""

    def __init__(self, store: Any) -> None:
        self.store, self.rows, self.busy = store, [], False  # type: ignore[var-annotated]

    async def noop(self, x: int, parents: list[int]) -> int:
        return value(x, parents)

    async def submit(self, items: list[int], rows: int) -> None:
        for item in items:
            self.rows += [(item, 1, 2)] * (rows - 2) + [(item, 1, 1)]
        if not self.busy:
            self.busy = True
            self.task = asyncio.ensure_future(self.flush())

    async def flush(self) -> None:
        while self.rows:
            rows, self.rows = self.rows, []
            await self.store.append.remote(rows)
        self.busy = False


async def durable(edges: Edges, v: Variant, append: Any, read: Any, agents: list[Any]) -> None:
    graph, done, cursor, tasks = Counts(edges), 0, 0, set()
    held, owner = [0] * len(agents), {}

    async def dispatch(parts: list[list[int]]) -> None:
        await append([(i, 1, 0) for part in parts for i in part])
        for agent, part in zip(agents, parts, strict=True):
            if part:
                agent.submit.remote(part, v.rows)

    while done < len(edges):
        parts: list[list[int]] = []
        for a in range(len(agents)):
            room = min(v.window - held[a], -(-len(graph.ready) // (len(agents) - a)))
            part, graph.ready = graph.ready[:room], graph.ready[room:]
            held[a] += len(part)
            owner.update(dict.fromkeys(part, a))
            parts.append(part)
        if any(parts):
            task = asyncio.ensure_future(dispatch(parts))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        events = await read(cursor)
        cursor += len(events)
        for item, kind in events:
            if kind == 1:
                done += 1
                held[owner[item]] -= 1
                graph.close(item)


class Host(Writer):
    """The writer with the driver in the same process."""

    async def drive(self, edges: Edges, v: Variant, agents: list[Any]) -> None:
        await durable(edges, v, self.append, self.read, agents)


async def main(rounds: int) -> None:
    folder = tempfile.mkdtemp()
    store = ray.remote(Host).options(num_cpus=0, max_concurrency=1000).remote(str(Path(folder) / "journal.db"))
    agents = [ray.remote(Agent).options(num_cpus=0).remote(store) for _ in range(2)]
    await asyncio.gather(*(a.noop.remote(1, []) for a in agents))
    run = 0
    for name, build in WORKLOADS.items():
        edges = build()
        times: dict[str, list[float]] = {"raw": [], **{v.name: [] for v in VARIANTS}}
        for round_ in range(rounds + 1):
            spent_raw = await raw(edges, agents)
            if round_:
                times["raw"].append(spent_raw)
            for v in VARIANTS:
                run += 1
                await store.begin.remote(run, len(edges), v.views)
                begin = time.perf_counter()
                if v.store == "driver":
                    await store.drive.remote(edges, v, agents)
                else:
                    await durable(edges, v, store.append.remote, store.read.remote, agents)
                if round_:
                    times[v.name].append(time.perf_counter() - begin)
        for label, spent in times.items():
            ratio = statistics.median(r / s for r, s in zip(times["raw"], spent, strict=True))
            per_item = 1e3 * statistics.median(spent) / len(edges)
            print(f"{name} {label:42} {per_item:7.3f} ms/item {1e3 / per_item:9,.0f}/s {ratio:6.2f} x raw", flush=True)


def run(rounds: int) -> None:
    """Start Ray, measure, stop."""
    ray.init(
        address="local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR",
        object_store_memory=100_000_000,
    )  # fmt: skip
    asyncio.run(main(rounds))
    ray.shutdown()


if __name__ == "__main__":
    # Imported under its own name: Ray would pickle the classes of __main__ by value.
    from benchmarks import sketch

    sketch.run(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
