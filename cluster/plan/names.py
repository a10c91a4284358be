"""Names in a plan: ids that can name a file, models and agents that exist."""

from actors.models.choice import HOSTED, OURS, kind_of
from actors.work import Role
from cluster.plan.mistakes import quote
from cluster.plan.schema import MODEL, NAME, PLAN, ROLES
from cluster.plan.spot import Spot


def name_fault(name: str) -> tuple[str, str] | None:
    """Message and cure, if the id of an item or the name of an input cannot name a file."""
    strange = next((c for c in name if c in "/\\" or not c.isprintable()), None)
    if strange is not None:
        what = f"the character {quote(strange)}"
        return f"{quote(name)} contains {what}", "use letters, digits, - and _, so that it can name a file"
    if not name.strip() or name != name.strip():
        return f"{quote(name)} starts or ends with a space", "remove it"
    if name.startswith("."):
        return f"{quote(name)} starts with a dot", "start it with a letter or digit, so that it can name a file"
    if len(name.encode()) > NAME["maxLength"]:
        return f"{quote(name)} is too long to name a file", f"at most {NAME['maxLength']} bytes"
    return None


def read_name(spot: Spot) -> str | None:
    """The id of an item; also after a mistake, so that dependencies on it are not taken for mistakes too."""
    name = spot.text({})
    if name is not None and (fault := name_fault(name)):
        spot.wrong(*fault)
    return name


def read_title(spot: Spot) -> str | None:
    """The name of the plan: one visible line."""
    title = spot.text(PLAN["name"])
    if title is not None and not title.isprintable():
        spot.wrong(f"{quote(title)} contains invisible characters", "remove them")
    return title


def read_model(spot: Spot) -> str | None:
    """The name of a model that could exist."""
    name = spot.text(MODEL)
    if name is None or (kind_of(name) and name.isprintable() and " " not in name):
        return name
    valid, begin = (", ".join(map(quote, names)) for names in (OURS, HOSTED.values()))
    spot.unknown("no model", name, OURS, f"models are {valid} and names that start with {begin}")
    return None


def read_agent(spot: Spot) -> Role | None:
    """A role."""
    name = spot.text({})
    if name is None or name in ROLES:
        return None if name is None else Role(name)
    spot.unknown("no agent", name, ROLES, f"agents are {', '.join(ROLES)}")
    return None
