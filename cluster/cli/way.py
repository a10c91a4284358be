"""How a person wants a run to be driven and shown: what `run` and `resume` have in common."""

import re
import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from actors.errors import FleetError, ModelMissing, UserError
from actors.models.choice import Choice
from actors.settings import Settings
from actors.tools.capability import SUBAGENTS
from actors.work import Item, Role
from cluster.cli import options, preflight
from cluster.cli.shape import Shape, told
from cluster.cli.text import one_line
from cluster.fleets import fleet_file
from cluster.fleets.fleet_file import FleetFile
from cluster.home import api_key, config

Wait = Annotated[float, typer.Option(min=0, help="Seconds to stay when paused or waiting, if this is no terminal.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the final status as JSON and nothing else.")]

Model = Annotated[
    str | None,
    typer.Option(help="local, scripted or claude-…; default: Claude if a key is found.", callback=options.text),
]
As = Annotated[str | None, typer.Option("--as", hidden=True, help="The id of the run.")]

KEYLESS = "the fleet was started without the API key that is found here; for Claude: mnemosyne down &&"

UNBOUNDED = 1000
"""Cells of a line where nobody says how wide a line may be."""


@dataclass(frozen=True)
class Way:
    """Options that are the same for every run."""

    named_home: Path | None
    asked: Shape
    wait: float
    detach: bool
    as_json: bool

    @cached_property
    def home(self) -> Path:
        """The fleet's folder. Raises HomeUnusable in a Ray job without one."""
        return config.resolve_home(self.named_home)

    @cached_property
    def console(self) -> Console:
        """Where people read; silent if the output is for machines."""
        return Console(quiet=self.as_json)

    @cached_property
    def fleet(self) -> FleetFile | None:
        """The fleet that is up in this home. Raises UserError if another shape was asked for."""
        fleet = fleet_file.living(self.home)
        if fleet and (given := self.asked.given):
            raise UserError(f"{' and '.join(given)}: the fleet in {self.home} is up already, with {told(fleet.shape)}")
        return fleet

    @cached_property
    def has_key(self) -> bool:
        """Whether the agents find an API key."""
        return self.fleet.has_key or api_key.keeps_key() if self.fleet else api_key.has_key()

    def models(self, named: str | None, items: Sequence[Item]) -> tuple[Choice, frozenset[str]]:
        """See preflight.models; a key that is found here and not by the agents is told. Raises ModelMissing."""
        if not preflight.wants_key(named, items):  # a keychain may take seconds, a secrets file be damaged
            return preflight.models(named, items, has_key=False)
        try:
            choice, models = preflight.models(named, items, has_key=self.has_key)
        except ModelMissing:
            if self.has_key or not api_key.has_key():
                raise
            preflight.models(named, items, has_key=True)  # raises if a key would change nothing
            raise ModelMissing(f"{KEYLESS} mnemosyne up") from None
        if named is None and not self.has_key and api_key.has_key():
            choice = choice.model_copy(update={"line": f"The small local model answers: {KEYLESS} mnemosyne up"})
        return choice, models

    def hint(self, command: str, run: str, *more: str) -> str:
        """What a person types to do this with the run."""
        where = ["--home", str(self.named_home)] if self.named_home else []
        return one_line(shlex.join(["mnemosyne", command, run, *more, *where]))

    def settings(self, items: Sequence[Item]) -> Settings:
        """Of an embedded fleet, which has the roles of these items. Raises UserError."""
        return config.read_settings(self.home, self.asked.settings(roles_of(items), helpers_of(items)))

    def check(self, items: Sequence[Item]) -> None:
        """Raise what would keep the items from being worked on, before anything is started or written."""
        preflight.tools(self.home, items)
        if self.fleet:
            missing = sorted(role for role in roles_of(items) if not self.fleet.shape.pools.size(role))
            if missing:
                cure = " ".join(f"--pool {role}=1" for role in missing)
                told_ = f"the fleet in {self.home} has no agent of role {' or '.join(missing)}"
                raise FleetError(f"{told_}; `mnemosyne down`, then `mnemosyne up {cure}`")
        else:
            self.settings(items)
            preflight.free(config.store_path(self.home))


def roles_of(items: Sequence[Item]) -> set[Role]:
    """Of the agents that the items may take: all, where they may ask for others."""
    if any(item.expand or SUBAGENTS in item.tools for item in items):
        return set(Role)
    return {role for item in items for role in item.roles}


def helpers_of(items: Sequence[Item]) -> set[Role]:
    """Of agents that the items are better off with."""
    return {role for item in items for role in item.helpers}


def new_id(name: str) -> str:
    """An id for a new run that a person can type."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "run"
    return f"{slug}-{secrets.token_hex(3)}"
