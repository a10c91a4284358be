"""The right to make one call: what a governor grants and takes back."""

from typing import NamedTuple, Protocol

from actors.errors import ModelError
from actors.models.port import Reply, Request


class Permit(NamedTuple):
    """The right to make one call to a model."""

    id: str = ""
    leads: bool = False
    """Others wait until its answer begins: it is to be told."""


class Permits(Protocol):
    """Grants permits. Raises nothing but ModelError, which is then the failure of the call."""

    async def reserve(self, request: Request) -> Permit:
        """The right to make this call, as soon as there is one; cancelled, it leaves nothing reserved."""
        ...

    def began(self, permit: Permit) -> None:
        """The answer to a call that leads has begun."""
        ...

    async def settle(self, permit: Permit, answer: Reply | ModelError | None) -> None:
        """The call is over: what it used and was told. None: it was given up, and nobody knows what it used.

        Called once for every permit that was granted.
        """
        ...


class FreePermits:
    """Grants every call at once."""

    async def reserve(self, request: Request) -> Permit:
        """See Permits."""
        del request
        return Permit()

    def began(self, permit: Permit) -> None:
        """See Permits."""

    async def settle(self, permit: Permit, answer: Reply | ModelError | None) -> None:
        """See Permits."""


FREE = FreePermits()
"""Nobody is asked for a call: it costs neither a pause of the item's timeout nor a task."""
