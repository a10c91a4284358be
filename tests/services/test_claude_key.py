"""Whose key a ClaudeModel uses, when it looks for it, and that it tells nobody."""

import pytest

from actors.errors import CredentialsRefused
from actors.models.claude import ClaudeModel
from actors.settings import ModelSettings
from tests.messages_server import KEY, MessagesServer
from tests.support.claude_calls import ask, failure


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (None, "set ANTHROPIC_API_KEY"),
        (" \n", "no API key is found"),
        ("two\nlines", "characters that no key has"),
        ("ключ", "characters that no key has"),
    ],
)
async def test_no_usable_key(server: MessagesServer, key: str | None, told: str) -> None:
    failed = await failure(ClaudeModel(lambda: key, ModelSettings(base_url=server.base_url)))

    assert type(failed) is CredentialsRefused
    assert told in str(failed)
    assert key is None or not key.strip() or key not in str(failed)
    assert server.calls == []


async def test_a_key_that_cannot_be_read(server: MessagesServer) -> None:
    def find() -> str:
        raise PermissionError(13, "Permission denied", "secrets.age")

    failed = await failure(ClaudeModel(find, ModelSettings(base_url=server.base_url)))

    assert type(failed) is CredentialsRefused
    assert "Permission denied: 'secrets.age'" in str(failed)


async def test_a_refused_key_is_looked_up_anew(server: MessagesServer) -> None:
    keys = iter(["sk-ant-CANARY-old", f" {KEY}\n"])
    model = ClaudeModel(lambda: next(keys), ModelSettings(base_url=server.base_url))

    assert type(await failure(model)) is CredentialsRefused
    assert (await model.complete(ask())).text == "Hello from the server."
    assert (await model.complete(ask())).text == "Hello from the server."  # and is kept: there is no third
    await model.close()


async def test_close_and_open_again(model: ClaudeModel) -> None:
    await model.complete(ask())
    await model.close()
    await model.close()

    assert (await model.complete(ask())).text == "Hello from the server."
    assert KEY not in repr(model)
    assert not [name for name in vars(model) if not name.startswith("_")]


async def test_the_environment_sends_the_key_nowhere_else(
    server: MessagesServer, model: ClaudeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "another")

    await model.complete(ask())

    assert server.calls[0].headers["Authorization"] == f"Bearer {KEY}"
