"""An agent in its process."""

from collections.abc import Sequence
from typing import Any

from actors.errors import AgentGone, MnemosyneError
from actors.machine.build import BUILD
from actors.remote import BREAKS, EndedForGood, find, title
from actors.roles.agent import Card
from actors.wire import TASKS
from actors.work import Role, Task, role_of

NAMED = 3
"""Items whose ids are in the name of a call."""
ID_MAX = 40


def named(items: Sequence[str]) -> str:
    """Items in the name of a call, as in a, b, c and 4 more."""
    ids = ", ".join(id_ if len(id_) <= ID_MAX else f"{id_[: ID_MAX - 1]}…" for id_ in items[:NAMED])
    return f"{ids} and {len(items) - NAMED} more" if len(items) > NAMED else ids


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
        except BREAKS as error:
            if isinstance(error, EndedForGood):  # for good; another of its name may take its place
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
