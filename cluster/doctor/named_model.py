"""Is the model that a person names to be had? The one check that asks somebody else: the API."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from difflib import get_close_matches

from actors.errors import CredentialsRefused, ModelError, ModelMissing
from actors.models.catalogue import Catalogue, Entry, ask
from actors.models.choice import Adapter, adapter_of
from actors.models.pricing import price_of
from actors.settings import ModelSettings
from cluster.doctor.finding import Finding, broken, ok, warning

NAME = "model"


def named(name: str, key: str | None, settings: ModelSettings) -> Iterator[Finding]:
    """What is known of the model; the API is asked about those that are its own."""
    try:
        adapter = adapter_of(name)
    except ModelMissing as error:
        yield broken(NAME, str(error), "name one of these with --model")
        return
    if adapter is not Adapter.CLAUDE:
        yield ok(NAME, f"{name} needs no key")
    elif key is None:
        yield broken(NAME, f"{name} cannot be looked up without a key", "see the finding about the key")
    else:
        yield from listed(name, lambda: asyncio.run(ask(key, settings)))


def listed(name: str, look: Callable[[], Catalogue]) -> Iterator[Finding]:
    """What the API's list says of the model."""
    try:
        models = look().models
    except CredentialsRefused as error:
        yield broken(NAME, str(error), "look for a key that holds in the console of the API")
        return
    except ModelError as error:
        yield warning(NAME, f"the API could not be asked: {error}", "check the network and ANTHROPIC_BASE_URL")
        return
    entry = models.get(name)
    if entry is None:
        near = get_close_matches(name, models, n=3, cutoff=0.3) or list(models)[:3]
        yield broken(NAME, f"the API lists no model {name!r:.100}", f"use {' or '.join(near) or 'another key'}")
        return
    yield _told(entry)
    if price_of(name) is None:
        told = f"that of {name} is not known here: what it costs is not counted"
        yield warning("price", told, "name a model whose price is known, or go on without")


def _told(entry: Entry) -> Finding:
    sizes = f"{entry.id}: context {_count(entry.max_input_tokens)}, answers up to {_count(entry.max_tokens)} tokens"
    if entry.lifecycle == "retired":
        return broken(NAME, f"{sizes}; retired{_on(entry.retires_at)}", "name another model")
    if entry.lifecycle == "deprecated":
        told = f"{sizes}; deprecated{_on(entry.deprecated_at)}, retires{_on(entry.retires_at)}"
        return warning(NAME, told, "name another model before that day")
    return ok(NAME, sizes)


def _count(tokens: int | None) -> str:
    return "unknown" if tokens is None else f"{tokens:,}"


def _on(day: datetime | None) -> str:
    return f" on {day:%Y-%m-%d}" if day else " on a day that is not told"
