"""Agents of every role: a role is a prompt, everything else is common."""

from actors.context.shelf import Shelf
from actors.errors import UnknownRole
from actors.models.calls import ModelCalls
from actors.roles.agent import NOTHING_BEFORE, Agent, Before
from actors.roles.material import Library
from actors.roles.prompted import NOTHING
from actors.roles.purposes import Purposes
from actors.settings import Settings
from actors.stores.protocol import Store
from actors.tools.granted import Granted
from actors.work import Role

GIVEN = frozenset({Role.EXECUTOR})
"""Roles that get skills and memories; the others work with what they are given."""


def role_named(name: str) -> Role:
    """The role of this name. Raises UnknownRole."""
    try:
        return Role(name)
    except ValueError:
        raise UnknownRole(f"there is no role {name!r:.100}; roles are {', '.join(Role)}") from None


def create_agent(
    role: str,
    id_: str,
    generation: int,
    store: Store,
    calls: ModelCalls,
    settings: Settings,
    before: Before = NOTHING_BEFORE,
) -> Agent:
    """An agent that does the work of a role. Raises UnknownRole."""
    known = role_named(role)
    material = Library(store, Shelf(settings.skills)) if known in GIVEN else NOTHING
    worker = Purposes(known, store, calls, settings, Granted(settings, store), material)
    return Agent(id_, known, generation, worker, store, settings.fleet.concurrency, before)
