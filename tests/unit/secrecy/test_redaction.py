"""No secret is left in a text, however it is spelt, and nothing else is taken out."""

import base64
import html
import json
import logging
import sys
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.secrecy.redaction import HIDDEN, RedactedFormatter, Redactor, guard_logs, remember

SECRET = 'no/key+of="anthropic"&<ours>%\\ü'
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "URL": lambda text: quote(text, safe=""),
    "URL in lower case": lambda text: quote(text, safe="").lower(),
    "path": quote,
    "form": quote_plus,
    "JSON": json.dumps,
    "HTML": html.escape,
    "repr": repr,
    "hex": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 with a name": lambda text: base64.b64encode(b"user:" + text.encode() + b"!").decode(),
    "base64, one more": lambda text: base64.b64encode(b"users:" + text.encode()).decode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_hidden(spelling: str) -> None:
    spelt = SPELLINGS[spelling](SECRET)
    told = Redactor(SECRET)(f"before {spelt} after")
    assert HIDDEN in told
    assert len(told) <= len(f"before {HIDDEN} after") + 10, told  # base64 keeps what neighbours share with it


@given(text=st.text(), secret=st.text(st.characters(exclude_characters="\0"), min_size=4))
def test_no_secret_is_left(text: str, secret: str) -> None:
    at = len(text) // 2
    told = Redactor(secret)(text[:at] + secret + text[at:])
    assert secret not in told.replace(HIDDEN, "\0")


@given(st.text(alphabet="abcdefgh ,.\n", max_size=200))
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor(SECRET)(text) == text
    assert Redactor("")(text) == text


def test_a_word_is_not_hidden_because_somebody_set_a_short_secret() -> None:
    assert Redactor("a", "on")("an on and on") == "an on and on"


@pytest.mark.parametrize("text", ["sk-ant-api03-x_y", "Authorization: Bearer abc.def", "https://user:pass@host/"])
def test_what_looks_like_a_secret_is_hidden_though_nobody_read_it(text: str) -> None:
    assert HIDDEN in Redactor()(text)
    assert text not in Redactor()(text)


def test_a_logged_traceback_holds_no_secret() -> None:
    try:
        raise ValueError(f"illegal header {SECRET!r}")
    except ValueError:
        record = logging.LogRecord("a", logging.ERROR, "f", 1, "%s failed", (SECRET,), sys.exc_info())
    remember(SECRET)
    told = RedactedFormatter("%(message)s").format(record)
    assert "ValueError: illegal header" in told
    assert "ours" not in told.replace("test_redaction", "")


def test_guarded_logs(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:]
    try:
        guard_logs()
        remember(SECRET)
        logging.getLogger("asyncio").error("Task exception was never retrieved: %s", SECRET)
    finally:
        root.handlers[:] = before
    told = capsys.readouterr().err
    assert "never retrieved: [redacted]" in told
