"""The drivers of a fleet, each a process of its own, as the health monitor sees them."""

from actors.guard import guard_all
from actors.remote import names
from actors.remote_ward import RemoteWard
from actors.settings import HealthSettings

DRIVER = "driver-"
"""What the names of drivers begin with."""

HANGS_S = 60.0
"""Longer than a step of a driver of a million items; one that does not move for so long moves no more."""


async def guard_drivers(namespace: str, settings: HealthSettings) -> None:
    """Until cancelled: end drivers that hang. Ray starts them again, and each goes on with its run in a later term."""
    patient = {"stale_tick_s": HANGS_S, "silent_s": HANGS_S, "silent_node_s": max(HANGS_S, settings.silent_node_s)}
    await guard_all(
        lambda: [name for name in names(namespace) if name.startswith(DRIVER)],
        lambda name: RemoteWard(name, namespace),
        settings.model_copy(update=patient),
    )
