"""Which model answers: pure rules, one line that tells the person, and the adapter for a name."""

from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum

from actors.errors import ModelMissing
from actors.models.claude import ClaudeModel, FindKey
from actors.models.local import LocalModel
from actors.models.port import Model
from actors.models.pricing import PRICES
from actors.models.scripted import ScriptedModel
from actors.settings import ModelSettings
from actors.work import Frozen

DEFAULT_CLAUDE = "claude-sonnet-5-5"
"""Used when a key is found and nobody names a model; a person changes it with --model or `model:` in the plan."""

KNOWN = tuple(PRICES)
SET_A_KEY = "set ANTHROPIC_API_KEY or keep it with `mnemosyne config set-key` to use Claude"


class Adapter(StrEnum):
    """The kinds of models."""

    CLAUDE = "claude"
    LOCAL = "local"
    SCRIPTED = "scripted"


HOSTED: Mapping[Adapter, str] = {Adapter.CLAUDE: "claude-"}
"""The kinds that others run: what names of their models begin with. Calls to them have limits, and need permits."""

OURS = tuple(kind.value for kind in Adapter if kind not in HOSTED)
"""The other kinds: one model each, which is called as its kind."""

SHARED = (Adapter.LOCAL.value,)
"""Models that live in a process of their own."""


class Choice(Frozen):
    """The model of a run, and what to tell about it."""

    model: str
    adapter: Adapter
    ready: bool = True
    """False if it could not answer now: no key, or no weights."""
    line: str = ""
    """One line for the person; empty if there is nothing to tell."""


def kind_of(name: str) -> Adapter | None:
    """The kind of a model by its name; None if there is no such model."""
    if name in OURS:
        return Adapter(name)
    return next((kind for kind, begin in HOSTED.items() if name.startswith(begin) and name != begin), None)


def adapter_of(name: str) -> Adapter:
    """The adapter of a model's name. Raises ModelMissing with the nearest right names."""
    if kind := kind_of(name):
        return kind
    near = get_close_matches(name, KNOWN, n=3, cutoff=0.5) or ["local", DEFAULT_CLAUDE]
    raise ModelMissing(f"there is no model {name!r:.100}; did you mean {' or '.join(near)}?")


def is_governed(name: str) -> bool:
    """Whether calls to this model need permits: those that others run have limits, ours do not."""
    return name not in OURS


def choose(name: str | None, has_key: bool, has_local: bool = True) -> Choice:
    """The model for a name from the command line, the plan or the settings, in this order; None lets us choose.

    A key → Claude, else the local model, else none that is ready. Raises ModelMissing.
    """
    if name is None:
        return _default(has_key, has_local)
    adapter = adapter_of(name)
    if adapter is Adapter.CLAUDE:
        return Choice(model=name, adapter=adapter, ready=has_key, line=_claude_line(name, has_key))
    if adapter is Adapter.LOCAL and not has_local:
        line = f"The weights of the local model are not installed: run `make setup`, or {SET_A_KEY}."
        return Choice(model=name, adapter=adapter, ready=False, line=line)
    return Choice(model=name, adapter=adapter)


def _default(has_key: bool, has_local: bool) -> Choice:
    if has_key:
        return Choice(model=DEFAULT_CLAUDE, adapter=Adapter.CLAUDE, line=f"Model: {DEFAULT_CLAUDE} (a key is found).")
    if has_local:
        line = f"No API key is found, so the small local model answers; it is often wrong. To change that, {SET_A_KEY}."
        return Choice(model=Adapter.LOCAL.value, adapter=Adapter.LOCAL, line=line)
    line = f"No model can answer: no API key is found and no local model is installed; {SET_A_KEY} or run `make setup`."
    return Choice(model=DEFAULT_CLAUDE, adapter=Adapter.CLAUDE, ready=False, line=line)


def _claude_line(name: str, has_key: bool) -> str:
    if not has_key:
        return f"No API key is found for {name}: set ANTHROPIC_API_KEY, or run with --model local."
    return "" if name in PRICES else f"The price of {name} is not known here, so its cost is not counted."


def open_model(name: str, settings: ModelSettings, key: FindKey) -> Model:
    """The model of this name; opens nothing until its first call. Raises ModelMissing."""
    match adapter_of(name):
        case Adapter.CLAUDE:
            return ClaudeModel(key, settings)
        case Adapter.LOCAL:
            return LocalModel(settings)
        case Adapter.SCRIPTED:
            return ScriptedModel(settings.script)
