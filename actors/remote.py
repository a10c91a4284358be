"""Plain interfaces over the handles of the Ray actors in actors/processes.py."""

import asyncio
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayActorError, RayTaskError

from actors.errors import AgentGone, FleetError, MnemosyneError, ModelFaulty, StoreError
from actors.events import Event
from actors.governor.notes import Answer, Note
from actors.journal.rows import from_rows, to_row
from actors.machine.build import BUILD
from actors.memory.memory import Memory
from actors.memory.recall import Question, Recalled
from actors.models.port import OnDelta, Reply, Request
from actors.roles.agent import Card
from actors.spending.account import Account
from actors.stores.protocol import Accept, Receipt, RunRecord
from actors.wire import TASKS, reply_from, request_json
from actors.work import Item, Role, Task, items_from, role_of

STORE_WAIT_S = 60.0
"""A caller waits this long for a store that is being restarted."""

RETRY_S = 0.1

PROBE_S = 5.0
MODEL_TRIES = 3
"""A call that ends its model's process this often is at fault itself."""

NAMED = 3
"""Items whose ids are in the name of a call."""
ID_MAX = 40


def title(name: str) -> str:
    """What Ray calls an actor of ours, where it shows it among those of others."""
    return f"mnemosyne: {name}"


def find(name: str, namespace: str) -> Any:
    """The handle of the actor. Raises ValueError if there is none."""
    return ray.get_actor(title(name), namespace)


async def ask(name: str, namespace: str, method: str, *args: Any) -> Any:
    """What the process that has this name now answers. Raises AgentGone if it does not."""
    try:
        return await getattr(find(name, namespace), method).remote(*args)
    except (RayActorError, RayTaskError, ValueError) as error:
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


def named(items: Sequence[str]) -> str:
    """Items in the name of a call, as in a, b, c and 4 more."""
    ids = ", ".join(id_ if len(id_) <= ID_MAX else f"{id_[: ID_MAX - 1]}…" for id_ in items[:NAMED])
    return f"{ids} and {len(items) - NAMED} more" if len(items) > NAMED else ids


class RemoteStore:
    """The Store behind a StoreProcess's handle. Waits through a restart of the store; see Store for everything else."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def _send(self, method: str, *args: Any) -> Any:
        if method in ("append", "read"):
            return getattr(self._handle, method).remote(*args)
        return self._handle.call.remote(method, *args)

    async def _call(self, method: str, *args: Any) -> Any:
        deadline = asyncio.get_running_loop().time() + STORE_WAIT_S
        while True:
            try:
                answer = await self._send(method, *args)
                break
            except RayTaskError as error:
                raise StoreError(f"the store failed: {type(error.cause).__name__}: {error.cause}") from None
            except RayActorError as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise StoreError(f"the store did not answer for {STORE_WAIT_S:g} s: {error}") from None
                await asyncio.sleep(RETRY_S)
        if isinstance(answer, MnemosyneError):
            raise answer
        return answer

    async def accept(self, plan: Accept) -> RunRecord:
        """See Store."""
        bodies = [item.model_dump_json(exclude_defaults=True) for item in plan.items]
        reused = [to_row(event).body for event in plan.reused]
        record: RunRecord = await self._call("accept_bodies", plan._replace(items=(), reused=()), bodies, reused)
        return record

    async def claim(self, run: str, driver: str, seen: int | None = None) -> int:
        """See Store."""
        return int(await self._call("claim_once", uuid.uuid4().hex, run, driver, seen))

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        """See Store."""
        columns = [list(column) for column in zip(*map(to_row, events), strict=True)]
        return Receipt(tuple(await self._call("append", id, columns, dict(payloads or {}))))

    async def read(
        self, run: str | None, after: int, max_wait_s: float, *, exclude: Collection[str] = (), limit: int = 2000
    ) -> list[Event]:
        """See Store."""
        seqs, ats, bodies = await self._call("read", run, after, max_wait_s, list(exclude), limit)
        return from_rows(zip(seqs, ats, bodies, strict=True))

    async def register(self, agent: str, role: Role, pid: int, node: str) -> int:
        """See Store."""
        return int(await self._call("register", agent, role, pid, node))

    async def items(self, run: str) -> tuple[Item, ...]:
        """See Store."""
        return items_from(await self._call("item_bodies", run))

    async def run(self, name: str) -> RunRecord:
        """See Store."""
        record: RunRecord = await self._call("run", name)
        return record

    async def recall(self, question: Question) -> list[Recalled]:
        """See Store."""
        found = await self._call("recall_rows", *question)
        return [Recalled(Memory.model_validate_json(body), score) for body, score in found]

    async def account(self) -> Account | None:
        """See Store."""
        told = await self._call("account_json")
        return None if told is None else Account.from_json(told)

    async def payloads(self, refs: Collection[str]) -> dict[str, str]:
        """See Store."""
        return dict(await self._call("payloads", tuple(refs)))


class RemoteModel:
    """The Model behind a ModelProcess's handle."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model; deltas are not passed on."""
        del on_delta
        body = request_json(request)
        for _ in range(MODEL_TRIES):
            call = self._handle.complete.remote(body)
            try:
                return reply_from(*await call)
            except asyncio.CancelledError:
                ray.cancel(call)
                raise
            except RayActorError:  # its process ended; Ray starts it again, and a local call costs nothing twice
                await asyncio.sleep(RETRY_S)
            except RayTaskError as error:
                raise ModelFaulty(f"the process of model {request.model} failed: {error.cause}") from None
        raise ModelFaulty(f"the process of model {request.model} ended {MODEL_TRIES} times during this call")

    async def close(self) -> None:
        """The model's process is the fleet's to end."""


class RemoteGovernor:
    """The governor of this namespace, whichever process it is now. Raises FleetError if it does not answer."""

    def __init__(self, name: str, namespace: str) -> None:
        self._name, self._namespace = name, namespace
        self._handle: Any = None

    async def exchange(self, agent: str, generation: int, note: Note) -> Answer:
        """See Desk."""
        try:
            self._handle = self._handle or find(self._name, self._namespace)
            answer: Answer = await self._handle.exchange.remote(agent, generation, note)
        except (RayActorError, RayTaskError, ValueError) as error:
            self._handle = None
            raise FleetError(f"{type(error).__name__}: {error}") from None
        return answer


class RemoteAgent:
    """The agent of this id, and the next one if that ended for good.

    Every call raises FleetError if its process does not answer.
    """

    def __init__(self, name: str, namespace: str) -> None:
        self._name, self._namespace = name, namespace
        self._handle: Any = None

    @property
    def role(self) -> Role:
        """Whose items it takes."""
        return role_of(self._name)

    async def _call(self, method: str, *args: Any, about: str = "") -> Any:
        """Ray shows the call as one `about` this."""
        try:
            self._handle = self._handle or find(self._name, self._namespace)
            call = getattr(self._handle, method)
            call = call.options(name=f"{title(self._name)}.{method} {about}") if about else call
            answer = await call.remote(*args)
        except (RayActorError, RayTaskError, ValueError) as error:
            if isinstance(error, ActorDiedError):  # for good; another of its name may take its place
                self._handle = None
            raise AgentGone(f"{type(error).__name__}: {error}") from None
        if isinstance(answer, MnemosyneError):
            raise answer
        return answer

    async def attach(self, run: str, term: int) -> Card:
        """See Agent.attach."""
        card: Card = await self._call("attach", run, term, BUILD, about=run)
        return card

    async def submit(self, run: str, term: int, generation: int, tasks: Sequence[Task]) -> None:
        """See Agent.submit. After AgentGone the tasks may have arrived or not."""
        about = f"{run}: {named([task.item.id for task in tasks])}"
        body = TASKS.dump_json(list(tasks), exclude_defaults=True)
        await self._call("submit", run, term, generation, body, about=about)

    async def cancel(self, run: str, term: int, attempts: Sequence[tuple[str, int]]) -> None:
        """See Agent.cancel."""
        about = f"{run}: {named([item for item, _ in attempts])}"
        await self._call("cancel", run, term, list(attempts), about=about)

    async def peek(self, run: str, item: str) -> str | None:
        """See Agent.peek."""
        text: str | None = await self._call("peek", run, item, about=f"{run}: {item}")
        return text

    async def lifeline(self, generation: int) -> None:
        """Never returns while this generation lives."""
        while True:
            await self._call("lifeline", generation)

    async def ready(self) -> None:
        """Returns once the agent is up."""
        await self._call("ready")

    async def stop(self) -> None:
        """See Agent.stop."""
        await self._call("stop")


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
