"""What is looked at before anything is started or written."""

import time
from collections.abc import Iterable
from pathlib import Path

from actors.errors import ModelMissing, StoreLocked, UserError
from actors.models.choice import Adapter, Choice, adapter_of, choose
from actors.models.local import has_local_model
from actors.stores.holder import holder, is_held
from actors.tools.capability import servers_of
from actors.tools.mcp.config import FILE, servers
from actors.work import Item
from cluster.fleets.head import is_up

HELD_S = 5.0
"""A process that was killed takes its fleet with it within this time; a request takes the store for a moment."""
POLL_S = 0.05


def wants_key(named: str | None, items: Iterable[Item]) -> bool:
    """Whether it matters that there is an API key. Raises ModelMissing for a model that does not exist."""
    names = {named, *(model or named for item in items for model in item.models)}
    return any(name is None or adapter_of(name) is Adapter.CLAUDE for name in names)


def models(named: str | None, items: Iterable[Item], *, has_key: bool) -> tuple[Choice, frozenset[str]]:
    """The model of the items that name none, and all models that are needed. Raises ModelMissing for any of them."""
    default = _chosen(named, has_key=has_key)
    wanted = {model for item in items for model in item.models}
    choices = {model: _chosen(model, has_key=has_key) if model else default for model in wanted}
    for choice in choices.values():
        if not choice.ready:
            raise ModelMissing(choice.line)
    return default, frozenset(choice.model for choice in choices.values())


def _chosen(name: str | None, *, has_key: bool) -> Choice:
    return choose(name, has_key=has_key, has_local=has_local_model())


def tools(home: Path, items: Iterable[Item]) -> None:
    """Raise UserError for an item that names an MCP server which the home does not have."""
    wanted = {server: item.id for item in items for server in servers_of(item.tools)}
    if wanted:
        known = servers(home)
        for server, item in wanted.items():
            if server not in known:
                there = f"it has {', '.join(known)}" if known else "it has none"
                raise UserError(f"{item} wants the MCP server {server}; name it in {home / FILE}, {there}")


def free(store: Path, within_s: float = HELD_S) -> None:
    """Return once no process writes the store. Raises StoreLocked."""
    deadline = time.monotonic() + within_s
    while is_held(store):
        if time.monotonic() > deadline:
            if is_up(store.parent):
                raise StoreLocked(f"a fleet is starting or ending in {store.parent}; if not, `mnemosyne down` ends it")
            pid = holder(store)
            who = "another process" if pid is None else f"process {pid}"
            raise StoreLocked(
                f"a run is under way in {store.parent} ({who} writes its store); "
                "`mnemosyne status` lists the runs; wait for it, end it, or use another --home"
            )
        time.sleep(POLL_S)
