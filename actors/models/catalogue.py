"""What the API tells of its models: names, sizes, and until when they are there."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from pydantic import ConfigDict, ValidationError

from actors.errors import ModelError, ModelFaulty
from actors.models.claude import BASE_URL, open_client
from actors.models.claude_errors import own_error, redactor
from actors.settings import ModelSettings
from actors.work import Frozen

ASKED_S = 15.0
"""Longer than this nobody waits for a list."""

MOST = 1000
"""Models of one list."""


class Entry(Frozen):
    """One model as the API lists it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    lifecycle: str = "active"
    """active, deprecated or retired."""
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None


class Catalogue(NamedTuple):
    """All of them, by name, in the API's order."""

    models: Mapping[str, Entry]


async def ask(key: str, settings: ModelSettings) -> Catalogue:
    """The list that this key may use. Raises ModelError."""
    answer = await _ask(key, settings)
    if isinstance(answer, ModelError):
        raise answer  # here, so that no exception of the SDK, which holds the key, is remembered by it
    return answer


async def _ask(key: str, settings: ModelSettings) -> Catalogue | ModelError:
    client = open_client(key, settings.base_url or BASE_URL, timeout_s=ASKED_S)
    found: dict[str, Entry] = {}
    try:
        async for info in client.models.list(limit=100):
            entry = Entry.model_validate(info.model_dump(mode="json"))
            found[entry.id] = entry
            if len(found) >= MOST:
                break
    except ValidationError:
        return ModelFaulty("the list of models has another shape than is known here; update mnemosyne")
    except Exception as error:
        return own_error(error, "the list of models", redactor(key))
    finally:
        await client.close()
    return Catalogue(found)
