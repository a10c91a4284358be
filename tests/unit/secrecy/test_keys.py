"""Where an agent's key comes from, who else gets it, and what happens when it cannot be had."""

import os
import pickle
from pathlib import Path

import pytest

from actors.errors import CredentialsRefused, SecretsUnusable
from actors.secrecy import keys
from actors.secrecy.keychain import Answer
from actors.secrecy.keys import KEY, AgentKey, Found, Place
from actors.secrecy.redaction import redact
from actors.secrecy.secrets_file import SecretsFile
from cluster.home import secret_changes

NAMES = {place: f"sk-ant-from-the-{place.name.lower()}" for place in Place}


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SecretsFile:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(KEY, raising=False)
    found = keys.secrets_file()
    assert found is not None
    return found


def empty(_: str) -> Answer:
    return Answer()


def full(_: str) -> Answer:
    return Answer(NAMES[Place.KEYCHAIN])


def silent(_: str) -> Answer:
    return Answer(trouble="the keychain did not answer within 10 s")


def unasked(_: str) -> Answer:
    raise AssertionError("the keychain is the last one to be asked")


def test_environment_before_file_before_keychain(file: SecretsFile, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys.find(KEY, empty) == Found()
    assert keys.find(KEY, full) == Found(NAMES[Place.KEYCHAIN], Place.KEYCHAIN)
    secret_changes.put(file, KEY, f"{NAMES[Place.FILE]}\n")
    assert keys.find(KEY, unasked) == Found(NAMES[Place.FILE], Place.FILE)
    monkeypatch.setenv(KEY, NAMES[Place.ENVIRONMENT])
    assert keys.find(KEY, unasked) == Found(NAMES[Place.ENVIRONMENT], Place.ENVIRONMENT)
    monkeypatch.setenv(KEY, " ")
    assert keys.find(KEY, unasked).place is Place.FILE, "an empty variable is none"
    secret_changes.put(file, KEY, " ")
    assert keys.find(KEY, full).place is Place.KEYCHAIN


def test_where_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")  # which the standard says to ignore
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = keys.secrets_file()
    assert found is not None
    assert found.path == tmp_path / "home" / ".config" / "mnemosyne" / "secrets.age"


def test_an_agent_takes_the_variable_out_of_its_environment_and_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, NAMES[Place.ENVIRONMENT])
    key = AgentKey(unasked)
    assert [key(), key()] == [NAMES[Place.ENVIRONMENT]] * 2
    assert KEY not in os.environ


def test_an_agent_asks_anew_for_what_is_kept(file: SecretsFile) -> None:
    key = AgentKey(empty)
    assert key() is None
    for value in ("sk-ant-one", "sk-ant-two"):
        secret_changes.put(file, KEY, value)
        assert key() == value


def test_a_file_that_cannot_be_opened_is_a_refusal_and_not_another_key(file: SecretsFile) -> None:
    secret_changes.put(file, KEY, NAMES[Place.FILE])
    file.path.write_text("x")
    with pytest.raises(SecretsUnusable):
        keys.find(KEY, full)
    with pytest.raises(CredentialsRefused, match="backup"):
        AgentKey(full)()


def test_a_keychain_that_does_not_answer(file: SecretsFile) -> None:
    assert keys.find(KEY, silent) == Found(trouble="the keychain did not answer within 10 s")
    with pytest.raises(CredentialsRefused, match="no API key is found, and the keychain did not answer"):
        AgentKey(silent)()
    secret_changes.put(file, KEY, NAMES[Place.FILE])
    assert AgentKey(silent)() == NAMES[Place.FILE]


def test_nothing_of_an_agents_key_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, NAMES[Place.ENVIRONMENT])
    key = AgentKey(empty)
    key()
    assert NAMES[Place.ENVIRONMENT] not in repr(key)
    assert NAMES[Place.ENVIRONMENT].encode() not in pickle.dumps(redact(f"it is {key()}"))


@pytest.mark.parametrize("place", Place)
def test_what_was_found_is_hidden_in_what_is_told(
    place: Place, file: SecretsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = f"no-key-of-anthropic-{place.name}"
    if place is Place.ENVIRONMENT:
        monkeypatch.setenv(KEY, value)
    elif place is Place.FILE:
        secret_changes.put(file, KEY, value)
    assert keys.find(KEY, lambda _: Answer(value)).place is place
    assert redact(f"it is {value}!") == "it is [redacted]!"


def test_who_asks_the_keychain_does_not_get_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "x")
    assert KEY not in keys.without_key()
