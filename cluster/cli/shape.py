"""The shape of a fleet, as a person asks for it and is told of it."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Annotated, NamedTuple

import typer

from actors.errors import UserError
from actors.roles.factory import role_named
from actors.settings import POOL_MAX, FleetSettings, Pools, pool_name
from actors.work import Role

Executors = Annotated[
    int | None, typer.Option(min=1, max=POOL_MAX, help="The same as --pool executor=N; 2 if not told.")
]
Pool = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ROLE=N",
        help="Agents of a role, one process each; of reviewer, optimizer and orchestrator 1 if not told. Repeatable.",
    ),
]
Concurrency = Annotated[
    int | None, typer.Option(min=1, max=1000, help="Items one agent works on at once; 16 if not told.")
]


class Shape(NamedTuple):
    """What was said of a fleet's shape on the command line."""

    executors: int | None = None
    pool: Sequence[str] | None = None
    concurrency: int | None = None

    @property
    def given(self) -> list[str]:
        """The options that were used."""
        options = {"--executors": self.executors, "--pool": self.pool or None, "--concurrency": self.concurrency}
        return [name for name, value in options.items() if value is not None]

    @property
    def words(self) -> list[str]:
        """The same, for another command's line."""
        single = {"--executors": self.executors, "--concurrency": self.concurrency}
        told = [word for name, value in single.items() if value is not None for word in (name, str(value))]
        return [*told, *(word for pool in self.pool or () for word in ("--pool", pool))]

    def settings(
        self, needed: Collection[Role] | None = None, helpers: Collection[Role] = frozenset()
    ) -> FleetSettings:
        """The shape of a whole fleet, or of one that has agents of the needed roles only. Raises UserError.

        `helpers`: roles that it has too, unless none of their agents are wanted.
        """
        pools = Pools(**self._sizes())
        if needed is not None:
            if missing := sorted(role for role in needed if not pools.size(role)):
                raise UserError(f"the plan has items for agents of role {missing[0]}, --pool {missing[0]}=0 wants none")
            pools = pools.only({*needed, *helpers})
        if not pools.agents():
            raise UserError("a fleet has at least one agent")
        return (
            FleetSettings(pools=pools)
            if self.concurrency is None
            else FleetSettings(pools=pools, concurrency=self.concurrency)
        )

    def _sizes(self) -> dict[str, int]:
        sizes = {} if self.executors is None else {Role.EXECUTOR: self.executors}
        for word in self.pool or ():
            name, _, number = word.partition("=")
            role = role_named(name.strip())
            if not re.fullmatch("[0-9]{1,2}", number.strip(), re.ASCII) or int(number) > POOL_MAX:
                raise UserError(f"--pool {word!r:.100}: write ROLE=N, N from 0 to {POOL_MAX}, as in --pool reviewer=2")
            if sizes.setdefault(role, int(number)) != int(number):
                raise UserError(f"the number of {pool_name(role)} is told twice: {sizes[role]} and {int(number)}")
        return {pool_name(role): size for role, size in sizes.items()}


def told(fleet: FleetSettings) -> str:
    """A fleet's shape in words, as in 2 executors and 1 reviewer of 16 items at once."""
    sizes = Counter(fleet.pools.agents().values())
    *most, last = [f"{size} {role}" if size == 1 else f"{size} {pool_name(role)}" for role, size in sizes.items()]
    agents = f"{', '.join(most)} and {last}" if most else last
    return f"{agents} of {fleet.concurrency} items at once"
