"""`doctor --model`: the real SDK asks a server for its list; what is said of the model, and that the key is not."""

from collections.abc import Iterator

import pytest

from actors.settings import ModelSettings
from cluster.doctor.finding import Finding, Level
from cluster.doctor.named_model import named
from tests.messages_server import KEY, MessagesServer, serving


@pytest.fixture(scope="module")
def server() -> Iterator[MessagesServer]:
    with serving() as running:
        yield running


def findings(name: str, base_url: str, key: str | None = KEY) -> list[Finding]:
    found = list(named(name, key, ModelSettings(base_url=base_url)))
    assert "CANARY" not in str(found)
    return found


@pytest.mark.parametrize(
    ("name", "level", "message", "cure"),
    [
        ("claude-sonnet-5-5", Level.OK, "context 1,000,000, answers up to 128,000 tokens", ""),
        ("claude-haiku-4-5", Level.OK, "context 200,000, answers up to 64,000 tokens", ""),
        ("claude-sonnet-4-5", Level.WARNING, "deprecated on 2026-08-20, retires on 2026-11-30", "name another"),
        ("claude-sonet-5-5", Level.BROKEN, "the API lists no model 'claude-sonet-5-5'", "claude-sonnet-5-5"),
        ("gpt", Level.BROKEN, "there is no model 'gpt'", "--model"),
        ("local", Level.OK, "needs no key", ""),
    ],
)
def test_what_is_said_of_a_model(server: MessagesServer, name: str, level: Level, message: str, cure: str) -> None:
    (finding,) = findings(name, server.base_url)

    assert (finding.name, finding.level) == ("model", level)
    assert message in finding.message
    assert cure in finding.cure


def test_a_model_without_a_price_is_told(server: MessagesServer) -> None:
    found = findings("claude-fable-5-2", server.base_url)

    assert [(one.name, one.level) for one in found] == [("model", Level.OK), ("price", Level.WARNING)]


def test_a_key_that_is_refused(server: MessagesServer) -> None:
    (finding,) = findings("claude-sonnet-5-5", server.base_url, "sk-ant-CANARY-wrong")

    assert finding.level is Level.BROKEN
    assert "refused the key" in finding.message


def test_no_key() -> None:
    (finding,) = findings("claude-sonnet-5-5", "http://127.0.0.1:9", None)

    assert (finding.level, "without a key" in finding.message) == (Level.BROKEN, True)


def test_nobody_listens() -> None:
    (finding,) = findings("claude-sonnet-5-5", "http://127.0.0.1:9")

    assert finding.level is Level.WARNING
    assert "could not be asked" in finding.message
