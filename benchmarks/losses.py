"""Lost nodes, for benchmarks/recovery.py: three of them, one lost and another one added, again and again."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.living import Living, work
from tests.support.fleets import ONLY_EXECUTORS
from tests.support.nodes import Nodes, nodes
from tests.support.processes import Commands

AGENTS, CONCURRENCY = 4, 4
EVERY_S = 2.0
"""What an item takes: one run holds all of them."""

TURN_S = 45.0
"""What one loss takes at most: Ray is sure of it after 15 s."""


class Job(Commands):
    """Commands in a job on the cluster."""

    def __init__(self, folder: Path, cluster: Nodes) -> None:
        super().__init__(folder)
        self._cluster = cluster

    @property
    def environment(self) -> Mapping[str, str]:  # type: ignore[override]
        """Of every command."""
        return {**super().environment, **self._cluster.environment}


def node_losses(count: int) -> dict[str, Any]:
    """So many losses, one after the other. A sample is the slowest of the agents that were lost."""
    folder = Path(tempfile.mkdtemp(prefix="mn-"))
    with nodes(3, folder, quick=False) as cluster:
        commands = Job(folder, cluster)
        commands.script(rules=[{"match": "work", "delay_s": EVERY_S}])
        fleet = Living(commands)
        items = work(round(count * TURN_S * AGENTS * CONCURRENCY / EVERY_S))
        run = fleet.start(
            "living", items, "--executors", str(AGENTS), "--concurrency", str(CONCURRENCY), *ONLY_EXECUTORS
        )
        samples, struck = list[dict[str, float]](), list[tuple[str, int]]()
        for turn in range(count):
            fleet.until(lambda: len(fleet.agents) == AGENTS and all(map(fleet.works, fleet.agents)), "all at work")
            sample, gone = lose(cluster, fleet)
            print(f"node {turn}: {sample}", file=sys.stderr, flush=True)
            samples.append(sample)
            struck += gone
            cluster.add()
        false = fleet.unasked(struck)
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
    return {"samples": samples, "false": [event.model_dump(mode="json") for event in false]}


def lose(cluster: Nodes, fleet: Living) -> tuple[dict[str, float], list[tuple[str, int]]]:
    """One loss: how long each step took, and whom it hit."""
    node = victim(cluster, fleet)
    gone = [(e.agent, e.generation) for e in fleet.agents.values() if e.node == node]
    held = {key for agent, _ in gone for key in fleet.held(agent)}
    at = time.time()
    cluster.lose(node, [fleet.agents[agent].pid for agent, _ in gone])
    fleet.until(lambda: set(gone) <= {(e.agent, e.generation) for e in fleet.restarts}, "the restarts")
    found = max(e.at for e in fleet.restarts if (e.agent, e.generation) in gone)
    fleet.until(lambda: held <= fleet.done, "what they held")
    done = time.time()
    fleet.until(lambda: all(fleet.next_result(at, *told) for told in gone), "a result of each")
    agent = max(fleet.next_result(at, *told) or at for told in gone)
    pool = fleet.next_result(at) or at
    spans = {"found": found, "agent": agent, "pool": pool, "held": done}
    return {name: round(moment - at, 3) for name, moment in spans.items()}, gone


def victim(cluster: Nodes, fleet: Living) -> str:
    """A node with agents that is not the head; agents are started anew until there is one."""
    turn = 0
    while not (others := {e.node for e in fleet.agents.values()} - {cluster.ids[0]}):
        agent = fleet.agents[sorted(fleet.agents)[turn % AGENTS]]
        fleet.commands.run("agents", "restart", agent.agent)
        fleet.until(lambda e=agent: fleet.agents.get(e.agent, e) is not e, "a restart")  # type: ignore[misc]
        fleet.until(lambda: len(fleet.agents) == AGENTS and all(map(fleet.works, fleet.agents)), "all at work")
        turn += 1
    return sorted(others)[0]
