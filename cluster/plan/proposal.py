"""Items that a model proposes: read exactly as those of a plan file, without its power to name files."""

from pathlib import Path

from actors.work import Item
from cluster.plan.caps import Caps
from cluster.plan.checks import read_items
from cluster.plan.fields import read_fields
from cluster.plan.inputs import Inputs
from cluster.plan.items import ItemReader
from cluster.plan.json_reader import read_json
from cluster.plan.mistakes import Mistakes
from cluster.plan.schema import PLAN
from cluster.plan.spot import Spot
from cluster.run.graph import WorkGraph

ITEMS = {"items": PLAN["items"]}


class Texts(Inputs):
    """Inputs that are in the proposal itself."""

    def _file(self, spot: Spot) -> None:
        spot.wrong("files cannot be named here", 'write {text: "..."}')


def read_proposal(text: str, caps: Caps = Caps()) -> WorkGraph:  # noqa: B008 - frozen
    """The items as a graph. Raises PlanRefused with every mistake."""
    mistakes = Mistakes("the list of items")
    tree = read_json(text, caps, mistakes)
    if tree is None:
        raise mistakes.stop(None, "", "there is nothing", 'write {"items": [...]}')
    fields = read_fields(Spot(tree, "", mistakes), "items", ITEMS, ("items",))
    reader = ItemReader(Texts(Path(), caps, mistakes), mistakes)
    items: tuple[Item, ...] = read_items(fields["items"], reader, caps) if "items" in fields else ()
    mistakes.refuse_if_any()
    return WorkGraph(items)
