"""A message of the Messages API, checked before anybody believes it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from actors.errors import ModelFaulty
from actors.models.claude_errors import Redact, head
from actors.vocabulary.characters import whole_json
from actors.work import Usage


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class WireBlock(BaseModel):
    """One piece of the answer, whole; other kinds than text have no `text`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    text: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        """As it came."""
        return self.model_dump(exclude_unset=True)


class StopDetails(_Wire):
    """Why an answer was refused."""

    category: str | None = None
    explanation: str | None = None


class Billed(_Wire):
    """Tokens as the API counts them."""

    input_tokens: NonNegativeInt
    output_tokens: NonNegativeInt
    cache_creation_input_tokens: NonNegativeInt | None = None
    cache_read_input_tokens: NonNegativeInt | None = None

    def usage(self) -> Usage:
        """In our words."""
        return Usage(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cache_read_tokens=self.cache_read_input_tokens or 0,
            cache_write_tokens=self.cache_creation_input_tokens or 0,
        )


class WholeMessage(_Wire):
    """A message that arrived whole: it has content, a reason why it stopped, and its usage."""

    type: Literal["message"]
    role: Literal["assistant"]
    model: str = Field(min_length=1, max_length=200)
    content: list[WireBlock]
    stop_reason: str
    stop_details: StopDetails | None = None
    usage: Billed


def read_message(body: str, model: str, redact: Redact) -> WholeMessage:
    """The message in a JSON body, its texts whole. Raises ModelFaulty with the beginning of what came instead."""
    try:
        return WholeMessage.model_validate_json(whole_json(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        what = ".".join(str(part) for part in first["loc"]) or "body"
        faulty = ModelFaulty(f"{model}: no message came: {what}: {first['msg']}; got: {head(body, redact)}")
        faulty.lost = True
        raise faulty from None
