"""Which model answers, and what the person is told."""

import pytest

from actors.errors import ModelMissing
from actors.models.choice import DEFAULT_CLAUDE, Adapter, adapter_of, choose, open_model
from actors.models.claude import ClaudeModel
from actors.models.local import LocalModel
from actors.models.port import Model
from actors.models.scripted import ScriptedModel
from actors.settings import ModelSettings


@pytest.mark.parametrize(
    ("name", "has_key", "has_local", "model", "adapter", "ready", "told"),
    [
        (None, True, True, DEFAULT_CLAUDE, "claude", True, DEFAULT_CLAUDE),
        (None, True, False, DEFAULT_CLAUDE, "claude", True, DEFAULT_CLAUDE),
        (None, False, True, "local", "local", True, "set ANTHROPIC_API_KEY"),
        (None, False, False, DEFAULT_CLAUDE, "claude", False, "No model can answer"),
        ("local", True, True, "local", "local", True, ""),
        ("local", True, False, "local", "local", False, "make setup"),
        ("scripted", False, False, "scripted", "scripted", True, ""),
        ("claude-opus-5-5", True, True, "claude-opus-5-5", "claude", True, ""),
        ("claude-opus-5-5", False, True, "claude-opus-5-5", "claude", False, "--model local"),
        ("claude-brand-new", True, True, "claude-brand-new", "claude", True, "price of claude-brand-new is not known"),
    ],
)
def test_choice(
    name: str | None, has_key: bool, has_local: bool, model: str, adapter: str, ready: bool, told: str
) -> None:
    choice = choose(name, has_key=has_key, has_local=has_local)

    assert (choice.model, choice.adapter, choice.ready) == (model, Adapter(adapter), ready)
    assert told in choice.line
    assert bool(told) == bool(choice.line)
    assert "\n" not in choice.line


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("claud-sonnet-5-5", "claude-sonnet-5-5"),
        ("sonnet-5-5", "claude-sonnet-5-5"),
        ("Local", "local"),
        ("script", "scripted"),
        ("claude-", "claude-"),
        ("zzz", "local"),
        ("", "local"),
    ],
)
def test_an_unknown_name_is_told_its_neighbours(name: str, near: str) -> None:
    with pytest.raises(ModelMissing, match=near) as caught:
        choose(name, has_key=True, has_local=True)

    assert caught.value.exit_code == 4
    with pytest.raises(ModelMissing):
        adapter_of(name)


@pytest.mark.parametrize(
    ("name", "kind"), [("claude-x", ClaudeModel), ("local", LocalModel), ("scripted", ScriptedModel)]
)
def test_open_model_opens_nothing_yet(name: str, kind: type[Model]) -> None:
    def key() -> str:
        raise AssertionError("the key was read before the first call")

    assert type(open_model(name, ModelSettings(), key)) is kind
