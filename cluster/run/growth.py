"""What a run grows by."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from actors.events import Granted
from actors.work import Item


class Growth(NamedTuple):
    """Items to add, each after its dependencies, and the texts that they refer to."""

    items: tuple[Item, ...] = ()
    payloads: Mapping[str, str] = MappingProxyType({})
    granted: tuple[Granted, ...] = ()


def child_id(item: str, name: object) -> str:
    """The id of an item that is added for another; no id of a plan is one."""
    return f"{item}[{name}]"
