"""The drivers of a fleet, each a process of its own, as the health monitor sees them."""

from actors.errors import FleetError
from actors.handles.names import DRIVER
from actors.remote import names
from actors.settings import HealthSettings
from actors.supervision.guard import guard_all
from actors.supervision.remote_ward import RemoteWard

HANGS_S = 180.0
"""Seven times the longest step that was measured: the work graph and the run state of a million items, each with three
dependencies, take 26 s on one of two cores. A driver that was ended too early would be so again and again."""


async def guard_drivers(namespace: str, settings: HealthSettings) -> None:
    """Until cancelled: end drivers that hang. Ray starts them again, and each goes on with its run in a later term."""
    patient = {"stale_tick_s": HANGS_S, "silent_s": HANGS_S, "silent_node_s": max(HANGS_S, settings.silent_node_s)}
    await guard_all(
        lambda: _drivers(namespace),
        lambda name: RemoteWard(name, namespace),
        settings.model_copy(update=patient),
    )


def _drivers(namespace: str) -> list[str]:
    try:
        return [name for name in names(namespace) if name.startswith(DRIVER)]
    except Exception as error:  # Ray's control store is away for a while, and what it raises then is not documented
        raise FleetError(f"Ray does not say which actors there are: {type(error).__name__}: {error}") from None
