"""Stores that break one promise each: the simulator must notice."""

from collections.abc import Collection, Mapping, Sequence

from actors.events import Event
from actors.stores.memory import MemoryStore
from actors.stores.protocol import Receipt


class Termless(MemoryStore):
    """Takes facts of drivers whose term is over."""

    def _check_term(self, run: str, term: int) -> None:
        """Every term is the right one."""


class Swapless(MemoryStore):
    """Opens and closes attempts without looking whether that may be."""

    def _swap(self, event: Event) -> bool:
        super()._swap(event)
        return True


class Forgetful(MemoryStore):
    """Does an append again that it has done."""

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        self._receipts.clear()
        return await super().append(id, events, payloads)


class Lossy(MemoryStore):
    """Forgets what it acknowledged last when it is asked by cursor."""

    def _after(self, run: str | None, after: int, exclude: Collection[str], limit: int) -> list[Event]:
        found = super()._after(run, after, exclude, limit)
        return found[1:] if len(found) % 7 == 6 else found


TWINS: Mapping[str, type[MemoryStore]] = {
    "memory": MemoryStore,
    "termless": Termless,
    "swapless": Swapless,
    "forgetful": Forgetful,
    "lossy": Lossy,
}
