"""Dask: the whole graph is given to its scheduler, two worker processes with a thread each. Nothing is durable."""

import asyncio
import logging
import tempfile
import uuid
from typing import Any

import dask
from distributed import Client, LocalCluster

from benchmarks.peers.playing import Work, play, timed
from benchmarks.walking import value
from benchmarks.workloads import Edges

CLUSTER = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}


def total(client: Client, graph: dict[Any, Any]) -> int:
    """The sum of all values."""
    return sum(client.get(graph, list(graph), optimize_graph=False))


async def main() -> None:
    """Play."""
    dask.config.set({"distributed.scheduler.worker-saturation": "inf"})  # its queueing costs small tasks time
    folder = tempfile.mkdtemp()
    with (
        LocalCluster(**CLUSTER, silence_logs=logging.ERROR, local_directory=folder) as cluster,
        Client(cluster) as client,
    ):

        async def run(edges: Edges, _: Work) -> float:
            name = uuid.uuid4().hex
            graph = {(name, i): (value, i, [(name, parent) for parent in parents]) for i, parents in edges.items()}
            return await timed(edges, asyncio.to_thread(total, client, graph))

        await play({"Dask": run}, ("distributed",))


if __name__ == "__main__":
    asyncio.run(main())
