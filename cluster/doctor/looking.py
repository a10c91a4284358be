"""The nodes of the cluster that this job is on, each asked for what it tells of itself."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.errors import FleetError
from cluster.doctor.look import Look, clock, look, skew
from cluster.fleets import head
from cluster.fleets.fleet import HEAD, connect, disconnect
from cluster.home import config

ANSWER_S = 60.0
"""A node may have to unpack the job's files and start a process first."""

CLOCK_S = 10.0
"""Its process is there by then."""


def looks(home: Path) -> Sequence[Look]:
    """What every living node tells. Raises FleetError if Ray does not answer."""
    address = config.ray_address() or ""
    if not head.answers(address):  # Ray itself would wait for minutes
        raise FleetError(f"nobody answers at RAY_ADDRESS, {address or 'which is not set'}")
    connect("mnemosyne-doctor")
    try:
        known = [node for node in ray.nodes() if node["Alive"]]
        asked = [(node, _on(node, look, str(home), head=_is_head(node))) for node in known]
        until = time.monotonic() + ANSWER_S
        return [_look(node, reference, until) for node, reference in asked]
    finally:
        disconnect()


def _on(node: dict[str, Any], function: Any, *arguments: Any, **named: Any) -> Any:
    there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
    remote = ray.remote(num_cpus=0, max_retries=0)(function)
    return remote.options(scheduling_strategy=there).remote(*arguments, **named)


def _look(node: dict[str, Any], reference: Any, until: float) -> Look:
    name = f"{node['NodeID'][:8]} ({node['NodeManagerAddress']})"
    try:
        told = ray.get(reference, timeout=max(until - time.monotonic(), 0.0))
        asked = time.time()
        at = ray.get(_on(node, clock), timeout=CLOCK_S)
        cpus = float(node["Resources"].get("CPU", 0))
        return Look(node=name, head=_is_head(node), cpus=cpus, skew_s=skew(asked, at, time.time()), **told)
    except TimeoutError:
        why = f"did not answer within {ANSWER_S:g} s"
    except RayError as error:
        why = str(error).strip().splitlines()[-1]
    return Look(node=name, head=_is_head(node), trouble=why)


def _is_head(node: dict[str, Any]) -> bool:
    return set(HEAD) <= set(node["Resources"])
