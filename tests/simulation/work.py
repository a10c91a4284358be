"""Random plans, and the worker that does them: takes its time, fails in every way, answers by the item's id."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from random import Random

from actors.context import context
from actors.errors import (
    AnswerInvalid,
    AnswerRefused,
    ContextTooLong,
    CredentialsRefused,
    ModelFaulty,
    ModelMissing,
    Overloaded,
    PayloadMissing,
    QuotaExhausted,
    RateLimited,
)
from actors.models.port import Reply, StopReason
from actors.roles.attempt import Work
from actors.roles.consolidating import Digest
from actors.roles.course import Course
from actors.vocabulary.review import Gate, GateVerdict, Judgement, Purpose, Review
from actors.work import Item, Task
from tests.simulation.checker import Checker, Violation
from tests.simulation.lists import EACH, LISTING
from tests.simulation.ports import StorePort
from tests.simulation.process import Process

ERRORS: tuple[type[BaseException], ...] = (
    RateLimited,
    Overloaded,
    QuotaExhausted,
    CredentialsRefused,
    ModelFaulty,
    ModelMissing,
    AnswerRefused,
    AnswerInvalid,
    ContextTooLong,
    ValueError,
    SystemExit,
    asyncio.CancelledError,
)

LONG = "x" * 5000
"""Makes a result a payload of its own."""


def random_plan(rng: Random) -> tuple[Item, ...]:
    """1 to 14 items, each of which depends on up to 3 before it."""
    density = rng.random()
    items: list[Item] = []
    for number in range(rng.choice((1, 2, 3, 4, 5, 6, 7, 8, 10, 14))):
        before = [item.id for item in items]
        chosen = rng.sample(before, min(len(before), rng.randint(0, 3))) if rng.random() < density else []
        timeout = 600.0 if rng.random() < 0.9 else 1.0
        priority = rng.randint(0, 10)
        items.append(
            Item(id=f"i{number}", description="do", dependencies=tuple(chosen), timeout=timeout, priority=priority)
        )
    return tuple(items)


def reviewed(items: Sequence[Item], rng: Random) -> tuple[Item, ...]:
    """The same items, some of them with reviews."""
    return tuple(
        item.model_copy(update={"review": Review(max_attempts=rng.randint(1, 4))}) if rng.random() < 0.6 else item
        for item in items
    )


class Till:
    """Counts finished calls by item, for all processes."""

    def __init__(self, rng: Random, checkers: Mapping[str, Checker], blame: Callable[[BaseException], None]) -> None:
        self.rng, self.checkers, self.blame = rng, checkers, blame
        self.seconds = rng.choice(((0.0, 0.001, 0.05), (0.0, 0.05, 1.5), (0.05, 1.5, 12.0)))
        self.failing = rng.choice((0.0, 0.05, 0.3))
        self.stubborn = rng.choice((0.0, 0.2))
        for checker in checkers.values():
            poisonous = rng.choice((0, 0, 0, 1, 1, 2))
            worked = sorted(checker.items.keys() - {LISTING.id, EACH.id})
            checker.poison = set(rng.sample(worked, min(poisonous, len(worked))))


class SimulatedWorker:
    """The Worker of one agent's process."""

    prompt = "simulated"

    def __init__(
        self, till: Till, process: Process, store: StorePort, concurrency: int, crash: Callable[[], None]
    ) -> None:
        self._crash = crash
        self._till, self._process, self._store, self._concurrency = till, process, store, concurrency
        self._working = 0

    async def work(self, task: Task, course: Course) -> Work:
        """See Worker; some swallow a cancel and answer nevertheless."""
        self._working += 1
        try:
            try:
                await self._look_at(task)
            except Violation as error:
                self._till.blame(error)
            rng, till = self._till.rng, self._till
            if task.item.id in till.checkers[task.run].poison:
                await asyncio.sleep(0.3 * rng.random())
                self._crash()
                await asyncio.sleep(0)
            seconds = rng.choice(till.seconds) * rng.random()
            fails, stubborn, long = rng.random() < till.failing, rng.random() < till.stubborn, rng.random() < 0.1
            if seconds:
                await _sleep(seconds, stubborn=stubborn)
            if self._process.alive:
                process = self._process
                till.checkers[task.run].paid(task.item.id, task.epoch, lambda: process.alive)
            if fails:
                raise rng.choice(ERRORS)("no")
            text = f"{task.item.id} {LONG}" if long else task.item.id
            if task.purpose is Purpose.REVIEW:
                gates = (GateVerdict(gate=Gate.COMPLETENESS, passed=rng.random() < 0.35, evidence=text),)
                return Judgement(gates=gates)
            if task.purpose is Purpose.CONSOLIDATE:
                return Digest(f"{text} of {len(task.feedback)}")
            return Reply(text=text, stop=StopReason.END, model="scripted")
        finally:
            self._working -= 1

    async def _look_at(self, task: Task) -> None:
        """Raise Violation unless the task is what an agent was promised."""
        checker = self._till.checkers[task.run]
        checker.must(self._working <= self._concurrency, f"{self._process.name} works on {self._working} at once")
        checker.must(set(task.results) == set(task.item.dependencies), f"{task.item.id} has results of {task.results}")
        refs = sorted(context.references(task))
        try:
            payloads = await self._store.payloads(refs) if refs else {}
        except PayloadMissing as error:
            raise Violation(f"{task.item.id}: {error}") from None
        for item, content in task.results.items():
            text = content.text if content.ref is None else payloads[content.ref]
            checker.must((text or "").split()[0] == item, f"the result of {item} is {text!r:.20}")


async def _sleep(seconds: float, *, stubborn: bool) -> None:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        if not stubborn:
            raise
