"""Takes secrets out of texts: those that this process has read, however spelt, and whatever looks like one."""

import base64
import html
import json
import logging
import re
import sys
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

HIDDEN = "[redacted]"

SHAPES = (r"sk-ant-[\w-]+", r"(?<=Bearer )\S+", r"(?<=://)[^/@\s]+(?=@)")
"""API keys, tokens in headers, logins in addresses."""

SHORTEST = 4
"""A text as short as this is no secret, and hiding it would make every message unreadable."""


def spellings(secret: str) -> Iterator[str]:
    """The secret as it stands in URLs, JSON, HTML, Python's texts, and in base64 at any offset."""
    yield secret
    data = secret.encode(errors="surrogatepass")  # a variable may hold any bytes
    yield from {quote(data, safe=""), quote(data), quote_plus(data)}
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret)[1:-1].replace("/", r"\/")
    yield html.escape(secret)
    yield repr(secret)[1:-1]
    yield data.hex()
    for offset in range(3):
        # the characters at both ends also hold bits of their neighbours
        ends = base64.b64encode(b"\0" * offset + data).decode().rstrip("=")
        inner = ends[(0, 2, 3)[offset] : len(ends) - (1 if (offset + len(data)) % 3 else 0)]
        yield from {inner, inner.replace("+", "-").replace("/", "_")}


class Redactor:
    """Hides the secrets that it was told."""

    def __init__(self, *secrets: str) -> None:
        self._secrets: set[str] = set()
        self._pattern = re.compile("|".join(SHAPES))
        for secret in secrets:
            self.remember(secret)

    def remember(self, secret: str) -> None:
        """From now on, hide this one too."""
        if len(secret) >= SHORTEST and secret not in self._secrets:
            self._secrets.add(secret)
            known = {spelt for secret in self._secrets for spelt in spellings(secret)}
            longest_first = sorted(map(re.escape, known), key=len, reverse=True)
            self._pattern = re.compile("|".join([*longest_first, *SHAPES]), re.IGNORECASE)

    def __call__(self, text: str) -> str:
        return self._pattern.sub(HIDDEN, text)


redact = Redactor()
"""Of this process."""
remember = redact.remember


class RedactedFormatter(logging.Formatter):
    """Log lines and tracebacks without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        return redact(super().format(record))


def guard_logs() -> None:
    """From now on, what the libraries of this process log goes to standard error without its secrets."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactedFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().handlers[:] = [handler]
