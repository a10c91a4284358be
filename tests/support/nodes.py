"""Ray nodes on this machine, real raylets, that can be lost and come back: a cluster that somebody else started.

In a process of its own: `python -m tests.support.nodes N` starts N nodes and obeys lines on its input.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.processes import ROOT

QUICK = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
}
"""Ray is sure of a lost node within 2 s instead of 15 s."""

SIGNALS = {
    "lose": (signal.SIGKILL, "lost"),
    "stop": (signal.SIGSTOP, "stopped"),
    "go": (signal.SIGCONT, "gone on"),
}
NODE = {"num_cpus": 2, "object_store_memory": 80_000_000}


class Nodes:
    """The nodes by the order of their start; 0 is the head."""

    def __init__(self, process: "subprocess.Popen[str]", environment: Mapping[str, str]) -> None:
        self._process, self._environment = process, environment
        self.ids: list[str] = []
        self.lost: set[str] = set()
        self.address = str(self._told("address"))

    @property
    def environment(self) -> dict[str, str]:
        """Of a command in a job on this cluster."""
        return {**self._environment, "RAY_ADDRESS": self.address, "RAY_JOB_CONFIG_JSON_ENV_VAR": "{}"}

    def lose(self, node: str, pids: list[int]) -> None:
        """The machine is gone: its raylet and these processes of it, at once."""
        self._send("lose", self.ids.index(node), *pids)
        self._told("lost")
        self.lost.add(node)

    def freeze(self, node: str, pids: list[int]) -> None:
        """The machine stands still, its connections stay open."""
        self._send("stop", self.ids.index(node), *pids)
        self._told("stopped")

    def thaw(self, node: str, pids: list[int]) -> None:
        """It goes on where it stood."""
        self._send("go", self.ids.index(node), *pids)
        self._told("gone on")

    def add(self) -> str:
        """One more machine; its id."""
        self._send("add")
        return str(self._told("node"))

    def _send(self, *words: object) -> None:
        assert self._process.stdin is not None
        print(*words, file=self._process.stdin, flush=True)

    def _told(self, name: str) -> Any:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # Ray prints too
                told = json.loads(line)
                self.ids += [told["node"]] if "node" in told else []
                if name in told:
                    return told[name]
        raise AssertionError("the nodes' process has ended")


@contextmanager
def nodes(count: int, folder: Path, *, quick: bool) -> Iterator[Nodes]:
    """So many nodes until the end of the block; `folder` is for their secret."""
    (folder / "token").write_text(secrets.token_hex(32))
    ours = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(folder / "token"), "RAY_USAGE_STATS_ENABLED": "0"}
    environment = {**os.environ, **ours, "PYTHONPATH": str(ROOT), "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.nodes", str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**environment, **(QUICK if quick else {})},
        start_new_session=True,
    )
    try:
        yield Nodes(process, environment)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _tell(**told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main(count: int) -> None:
    """Obey until the input ends."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    started = [cluster.head_node, *(cluster.add_node(**NODE) for _ in range(count - 1))]
    for node in started:
        _tell(node=node.node_id)
    _tell(address=cluster.address)
    for line in sys.stdin:
        match line.split():
            case ["add"]:
                started.append(cluster.add_node(**NODE))
                _tell(node=started[-1].node_id)
            case [("lose" | "stop" | "go") as what, index, *pids]:
                number, told = SIGNALS[what]
                raylet = started[int(index)].all_processes["raylet"][0].process
                for pid in (raylet.pid, *map(int, pids)):
                    with suppress(ProcessLookupError):
                        os.kill(pid, number)
                if what == "lose":
                    raylet.wait()
                _tell(**{told: index})
    cluster.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
