"""Agents of every role: a role is a prompt, everything else is common."""

from actors.errors import UnknownRole
from actors.models.calls import ModelCalls
from actors.roles.agent import NOTHING_BEFORE, Agent, Before
from actors.roles.prompt import PROMPTS
from actors.roles.prompted import Prompted
from actors.settings import Settings
from actors.stores.protocol import Store
from actors.tools.granted import Granted
from actors.work import Role


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
    worker = Prompted(PROMPTS[known], store, calls, settings.models.max_tokens, Granted(settings, store))
    return Agent(id_, known, generation, worker, store, settings.fleet.concurrency, before)
