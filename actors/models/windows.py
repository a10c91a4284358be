"""How many tokens a model's context holds: the prompt and the answer together.

As published in November 2026 (source: the models' pages at platform.claude.com/docs/en/models; Fable 5, Mythos 5 and
Opus 4.8 are taken to have what their neighbours have). `contexts.json` in the home overrides it.
"""

from collections.abc import Mapping

from actors.models.pricing import plain_name

LEAST = 200_000
"""Of a model that is not in the table: what every one in it holds at least."""

MILLION = 1_000_000

WINDOWS: Mapping[str, int] = {
    "claude-fable-5-1": MILLION,
    "claude-mythos-5-1": MILLION,
    "claude-fable-5": MILLION,
    "claude-mythos-5": MILLION,
    "claude-opus-5-5": MILLION,
    "claude-opus-5": MILLION,
    "claude-opus-4-8": MILLION,
    "claude-opus-4-7": MILLION,
    "claude-opus-4-6": MILLION,
    "claude-opus-4-5": LEAST,
    "claude-sonnet-5-5": MILLION,
    "claude-sonnet-5": MILLION,
    "claude-sonnet-4-6": MILLION,
    "claude-sonnet-4-5": LEAST,
    "claude-haiku-5-5": MILLION,
    "claude-haiku-4-5": LEAST,
}

LOCAL = "local"
"""Its window is a setting: the model is loaded with it."""


def window_of(model: str, told: Mapping[str, int]) -> int:
    """Tokens; `told` has what a person says of some models, which counts first.

    A dated name (claude-haiku-4-5-20251001) has the window of its model, and so has local/… .
    """
    name = plain_name(model)
    return told.get(model) or told.get(name) or WINDOWS.get(name, LEAST)
