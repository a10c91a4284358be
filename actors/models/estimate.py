"""What a call may use, told before it is made: an upper bound where texts are of the usual kind."""

import json
from math import ceil

from actors.models.port import Request
from actors.work import Usage

CHARACTERS_PER_TOKEN = 3.5
"""Fewer than English prose has with the tokenizers of 2026, so that the estimate is mostly too high."""


def estimate(request: Request) -> Usage:
    """Every character of the prompt as input, max_tokens as output."""
    characters = len(request.system) + sum(len(message.text) for message in request.messages)
    if request.output is not None:
        characters += len(json.dumps(dict(request.output)))
    return Usage(input_tokens=ceil(characters / CHARACTERS_PER_TOKEN), output_tokens=request.max_tokens)
