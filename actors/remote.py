"""All that is asked of Ray here: actors begun, found and ended by name, and how a call to one breaks."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayActorError, RayError

from actors.errors import AgentGone

ProcessEnded = RayActorError
"""The process of a call ended or cannot be reached; Ray begins another, unless it is EndedForGood."""
EndedForGood = ActorDiedError
CallFailed = RayError
"""What was called raised, in its `cause`, or Ray could not carry the call; ProcessEnded is one too."""
BREAKS = (RayError, ValueError)
"""Whatever keeps a call by name from an answer."""

PROBE_S = 5.0

CONTROL = "control"
CONTROL_CALLS = 16
"""A class names its methods that answer from a thread of their own, also while the main loop is blocked."""

CALLS = 10_000
"""Calls that an actor takes at once; every reader of the store has one open."""


def cause_of(error: RayError) -> str:
    """What was raised, or what became of the call, for a message."""
    cause = getattr(error, "cause", None) or error
    return f"{type(cause).__name__}: {cause}"


def title(name: str) -> str:
    """What Ray calls an actor of ours, where it shows it among those of others."""
    return f"mnemosyne: {name}"


def find(name: str, namespace: str) -> Any:
    """The handle of the actor. Raises ValueError if there is none."""
    return ray.get_actor(title(name), namespace)


def spawn(
    process: type[Any],
    name: str,
    namespace: str,
    *args: Any,
    on: Mapping[str, float] | None = None,
    cpus: float = 0,
    detached: bool = False,
) -> Any:
    """The handle of a named actor that Ray restarts for ever, on a node with the resources `on`, else on the next one.

    A detached one outlives this process; if there is one of this name already, that is it.
    """
    options: dict[str, Any] = {"num_cpus": cpus, "max_restarts": -1, "max_concurrency": CALLS}
    options |= {"name": title(name), "namespace": namespace}
    if not on:  # one that needs nothing at all begins at a random node and may fall together with others
        options |= {"scheduling_strategy": "SPREAD", "memory": 0 if cpus else 1}  # kinds of nodes may tell CPUs alone
    if detached:
        options |= {"lifetime": "detached", "get_if_exists": True}
    for method in getattr(process, "CONTROL", ()):
        setattr(process, method, ray.method(concurrency_group=CONTROL)(getattr(process, method)))
    made = ray.remote(concurrency_groups={CONTROL: CONTROL_CALLS})(process)
    return made.options(**options, resources=dict(on or {})).remote(*args)


async def ask(name: str, namespace: str, method: str, *args: Any) -> Any:
    """What the process that has this name now answers. Raises AgentGone if it does not."""
    try:
        return await getattr(find(name, namespace), method).remote(*args)
    except BREAKS as error:
        raise AgentGone(f"{name}: {type(error).__name__}: {error}") from None


def end(name: str, namespace: str, *, for_good: bool) -> None:
    """End the process that has this name now; Ray begins another unless it is for good."""
    with suppress(ValueError):  # it has ended for good
        ray.kill(find(name, namespace), no_restart=for_good)


def process_of(name: str, namespace: str) -> int:
    """The process of this machine that has this name, as Ray has it written down; 0 if there is none. Asks no actor."""
    try:
        actor = find(name, namespace)._actor_id.hex()
    except ValueError:
        return 0
    known = ray._private.state.actors(actor)  # its public twin needs the dashboard, which not every fleet has
    here = known and known["State"] == "ALIVE" and known["Address"]["NodeID"] == this_node()
    return int(known["Pid"]) if here else 0


def names(namespace: str) -> list[str]:
    """Of the actors in it, whichever process made them."""
    listed = ray.util.list_named_actors(all_namespaces=True)
    return [one["name"].removeprefix(title("")) for one in listed if one["namespace"] == namespace]


def this_node() -> str:
    """The id of the node that this process is on."""
    return str(ray.get_runtime_context().get_node_id())


def cancel(call: Any) -> None:
    """Nobody waits for this call any more."""
    ray.cancel(call)


async def waits_for_room(name: str, namespace: str) -> bool:
    """Whether no node has taken the actor in yet; one may have to be started for it first."""
    with suppress(ValueError):
        told = await asyncio.to_thread(ray._private.state.actors, find(name, namespace)._actor_id.hex())
        return told.get("State") == "PENDING_CREATION" and not told["Address"]["Port"]
    return False


async def node_is_lost(node: str) -> bool:
    """Whether Ray has given it up, or nothing listens there any more: Ray takes 15 s to be sure."""
    known = await asyncio.to_thread(ray.nodes)
    told = next((entry for entry in known if entry["NodeID"] == node), None)
    if told is None or not told["Alive"]:
        return True
    try:
        async with asyncio.timeout(PROBE_S):
            _, writer = await asyncio.open_connection(told["NodeManagerAddress"], told["NodeManagerPort"])
    except (OSError, TimeoutError):
        return True
    writer.close()
    return False
