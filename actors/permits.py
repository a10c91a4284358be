"""The agents' side of the governor: calls wait here for their permits. Without the governor they wait, and go on."""

import asyncio
import logging
from collections.abc import Callable
from itertools import count
from typing import NamedTuple, Protocol

from actors.errors import FleetError, ModelError
from actors.governor.needs import Amounts, Need, Told, Window, counted
from actors.governor.notes import Answer, Note, Settlement
from actors.models.caching import prefix
from actors.models.estimate import characters
from actors.models.limits import Limit, RateLimits
from actors.models.patient import LIMITED
from actors.models.permits import Permit
from actors.models.port import Reply, Request
from actors.work import Usage

GATHER_S = 0.002
"""What is said within so much goes into one note."""

ANSWER_S = 20.0
"""A governor that has not answered a note by then has not got it."""

RETRY_S = 0.2

TOKENS_GRAIN = 1000
"""The API rounds the tokens that remain to multiples of this."""

log = logging.getLogger(__name__)


class Governing(Protocol):
    """The governor, as an agent reaches it. Raises FleetError if it does not answer."""

    async def exchange(self, agent: str, generation: int, note: Note) -> Answer:
        """See Desk."""
        ...


class Waiting(NamedTuple):
    """A call without a permit."""

    need: Need
    granted: "asyncio.Future[bool]"
    """Whether it leads."""


class GovernedPermits:
    """Permits of one process of an agent."""

    def __init__(
        self, agent: str, generation: int, governor: Governing, warm_up: Callable[[], object] = lambda: None
    ) -> None:
        """`warm_up` runs once, in a thread, before the first call asks: a permit is for a call that is made at once."""
        self._agent, self._generation, self._governor, self._warm_up = agent, generation, governor, warm_up
        self._warm: asyncio.Future[None] | None = None
        self._numbers = count(1)
        self._waiting: dict[str, Waiting] = {}
        self._held: dict[str, Need] = {}
        self._limits: dict[str, Told] = {}
        self._asked: list[Need] = []
        self._withdrawn: list[Need] = []
        self._settled: list[Settlement] = []
        self._began: list[Need] = []
        """Told once: the end of the call tells it too."""
        self._boot = ""
        self._news = asyncio.Event()
        self._saying: set[asyncio.Task[None]] = set()
        self._talking: asyncio.Task[None] | None = None
        self._silent = False

    async def reserve(self, request: Request) -> Permit:
        """See Permits."""
        self._warm = self._warm or asyncio.ensure_future(self._get_warm())
        await asyncio.shield(self._warm)
        need = self._need(request)
        granted = asyncio.get_running_loop().create_future()
        self._waiting[need.id] = Waiting(need, granted)
        self._asked.append(need)
        self._speak()
        try:
            leads = await granted
        except asyncio.CancelledError:
            self._waiting.pop(need.id, None)
            self._held.pop(need.id, None)
            self._withdrawn.append(need)
            self._speak()
            raise
        return Permit(need.id, leads)

    def began(self, permit: Permit) -> None:
        """See Permits."""
        if need := self._held.get(permit.id):
            self._began.append(need)
            self._speak()

    async def settle(self, permit: Permit, answer: Reply | ModelError | None) -> None:
        """See Permits. Does not wait for the governor."""
        if need := self._held.pop(permit.id, None):
            end = settlement(need, answer)
            if end.told:
                self._limits[need.model] = end.told
            self._settled.append(end)
            self._speak()

    async def _get_warm(self) -> None:
        try:
            await asyncio.to_thread(self._warm_up)
        except Exception:  # the call itself tells what is wrong
            log.exception("%s: the first call will be late", self._agent)

    def _need(self, request: Request) -> Need:
        return Need(
            id=f"{self._agent}/{self._generation}/{next(self._numbers)}",
            agent=self._agent,
            generation=self._generation,
            model=request.model,
            run=request.tag.partition("/")[0],
            priority=request.path,
            characters=characters(request),
            max_tokens=request.max_tokens,
            prefix=prefix(request),
        )

    def _speak(self) -> None:
        self._news.set()
        if self._talking is None or self._talking.done():
            self._talking = asyncio.ensure_future(self._talk())

    async def _talk(self) -> None:
        """One note after the other while there is something to say, and one that waits while there are calls."""
        while self._news.is_set() or self._waiting or self._held:
            await asyncio.sleep(GATHER_S if not self._silent else RETRY_S)
            self._news.clear()
            saying = asyncio.ensure_future(self._say(self._note()))
            self._saying.add(saying)
            saying.add_done_callback(self._saying.discard)
            news = asyncio.ensure_future(self._news.wait())
            await asyncio.wait({saying, news}, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()

    def _note(self) -> Note:
        whole = not self._boot
        needs = tuple(waiting.need for waiting in self._waiting.values()) if whole else tuple(self._asked)
        note = Note(
            boot=self._boot,
            needs=needs,
            withdrawn=tuple(self._withdrawn),
            settled=tuple(self._settled),
            began=tuple(self._began),
            waits=bool(self._waiting or self._held),
            whole=whole,
            held=tuple(self._held.values()) if whole else (),
            limits=tuple(self._limits.items()) if whole else (),
        )
        self._asked, self._withdrawn, self._settled, self._began = [], [], [], []
        return note

    async def _say(self, note: Note) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await self._governor.exchange(self._agent, self._generation, note)
        except (FleetError, TimeoutError) as error:
            if not self._silent:
                log.warning("%s: the governor does not answer, its calls wait: %s", self._agent, error)
            self._silent = True
            self._not_heard(note)
            return
        self._silent = False
        if answer.unknown:
            self._not_heard(note)
            return
        if note.whole or answer.boot == self._boot:
            self._boot = answer.boot
        for id_ in answer.granted:
            self._grant(id_, leads=id_ in answer.leads)

    def _not_heard(self, note: Note) -> None:
        """It may have been: saying it again changes nothing."""
        self._boot = ""
        self._withdrawn = [*note.withdrawn, *self._withdrawn]
        self._settled = [*note.settled, *self._settled]
        self._news.set()

    def _grant(self, id_: str, *, leads: bool) -> None:
        if waiting := self._waiting.pop(id_, None):
            self._held[id_] = waiting.need
            if not waiting.granted.done():
                waiting.granted.set_result(leads)


def settlement(need: Need, answer: Reply | ModelError | None) -> Settlement:
    """What the end of a call tells the governor."""
    if answer is None:
        return Settlement(need.model, need.id, None)
    told = _told(answer.limits)
    if isinstance(answer, ModelError):
        if answer.kind in LIMITED:
            return Settlement(need.model, need.id, None, told, refused=True, retry_after_s=answer.retry_after_s)
        if answer.lost:
            return Settlement(need.model, need.id, None, told)
    usage: Usage = answer.usage
    took: Amounts = counted(usage)
    return Settlement(need.model, need.id, took, told)


def _told(limits: RateLimits | None) -> Told | None:
    if limits is None:
        return None
    return Told(
        _window(limits.requests, 0),
        _window(limits.input_tokens, TOKENS_GRAIN),
        _window(limits.output_tokens, TOKENS_GRAIN),
    )


def _window(limit: Limit | None, grain: int) -> Window | None:
    if limit is None or limit.limit is None or limit.remaining is None:
        return None
    return Window(limit.limit, limit.remaining, grain if grain and limit.remaining % grain == 0 else 0)
