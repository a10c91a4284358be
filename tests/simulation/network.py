"""The simulated network: every port call is a message that waits, is lost, comes twice, or meets a death."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from tests.simulation.clock import VirtualLoop
from tests.simulation.faults import Fate, Faults
from tests.simulation.process import Process

Done = Callable[[Any], None]
"""Takes the answer; an exception is an answer too."""


class Server(Protocol):
    """What can be called: it lives in a process, and that process can end."""

    process: Process

    def serve(self, caller: Process, method: str, args: tuple[Any, ...], done: Done) -> None:
        """Carry the call out now, or when it can be; `done` gets the answer."""
        ...

    def crash(self) -> None:
        """Its process ends; another one starts by itself."""
        ...

    def unreachable(self) -> Exception:
        """What a caller gets whose message met no process, or whose answer did not come back."""
        ...


class Network:
    """Delays are random, so messages overtake each other. All randomness is drawn in the order of the calls."""

    def __init__(self, loop: VirtualLoop, rng: Random, faults: Faults) -> None:
        self.loop, self.rng, self.faults = loop, rng, faults
        self._delay_s = rng.choice((0.0005, 0.002, 0.01, 0.2))

    def delay(self) -> float:
        """Of one message, in seconds."""
        return self.rng.random() * 2 * self._delay_s

    async def call(self, caller: Process, server: Server, method: str, *args: Any) -> Any:
        """The answer of `server.serve`. A dead process gets none and asks nothing."""
        if not caller.alive:
            raise asyncio.CancelledError
        fate = self.faults.fate(caller, server.process, method)
        if fate is Fate.CALLER_DIES_BEFORE:
            caller.kill()
            raise asyncio.CancelledError
        message = Message(self, caller, server, method, args, fate)
        message.leave()
        return await message.answer


class Message:
    """One call on its way there and back."""

    __slots__ = ("_delivered", "answer", "args", "caller", "fate", "method", "net", "outlives", "server")

    def __init__(
        self, net: Network, caller: Process, server: Server, method: str, args: tuple[Any, ...], fate: Fate | None
    ) -> None:
        self.net, self.caller, self.server, self.method, self.args, self.fate = net, caller, server, method, args, fate
        self.answer: asyncio.Future[Any] = net.loop.create_future()
        self.outlives = net.rng.random() < 0.5
        """Whether it arrives though its caller has died meanwhile."""
        self._delivered = False

    def leave(self) -> None:
        """Set out; a frozen caller's message does so when it thaws."""
        delay = self.net.delay() + max(0.0, self.caller.thaws - self.net.loop.time())
        if self.fate is Fate.MUTE:
            return
        if self.fate is Fate.LOST:
            self.net.loop.call_later(delay, self.reply, self.server.unreachable())
            return
        if self.fate is Fate.SLOW:
            delay += self.net.rng.random() * 30
        self.net.loop.call_later(delay, self.arrive)
        if self.fate is Fate.REPEATED:
            self.net.loop.call_later(delay + self.net.rng.random() * self.net.rng.choice((0.001, 0.1, 5)), self.arrive)

    def arrive(self) -> None:
        """Be carried out, unless a death comes first."""
        if not self.caller.alive and not self.outlives:
            return
        thaws = self.server.process.thaws
        if thaws > self.net.loop.time():
            self.net.loop.call_later(thaws - self.net.loop.time() + self.net.delay(), self.arrive)
            return
        first, self._delivered = not self._delivered, True
        if first and self.fate is Fate.SERVER_DIES_BEFORE:
            self.server.crash()
            self.done(self.server.unreachable())
            return
        self.server.serve(self.caller, self.method, self.args, self.done if first else _ignore)
        if first and self.fate is Fate.SERVER_DIES_AFTER:
            self.server.crash()
        elif first and self.fate is Fate.CALLER_DIES_AFTER:
            self.caller.kill()

    def done(self, answer: Any) -> None:
        """The server's answer sets out."""
        if self.fate in (Fate.ANSWER_LOST, Fate.SERVER_DIES_AFTER):
            answer = self.server.unreachable()
        self.net.loop.call_later(self.net.delay(), self.reply, answer)

    def reply(self, answer: Any) -> None:
        """Hand the answer to the caller, if that lives and still waits."""
        if not self.caller.alive or self.answer.done():
            return
        if self.caller.thaws > self.net.loop.time():
            self.net.loop.call_later(self.caller.thaws - self.net.loop.time(), self.reply, answer)
        elif isinstance(answer, Exception):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


def _ignore(answer: Any) -> None:
    """Nobody waits for the answer of a repeated message."""
