"""Chunks of the local model, without the model; and a machine that has no local model."""

from pathlib import Path

import pytest

from actors.errors import ModelMissing
from actors.models.local import LocalModel, find_weights, has_local_model
from actors.models.local_call import LocalCall
from actors.models.port import Message, Request
from actors.work import Usage


def chunk(text: str | None = None, finish: str | None = None) -> dict[str, object]:
    return {"choices": [{"finish_reason": finish, "delta": {"content": text}}]}


def test_chunks_are_collected_and_delivered() -> None:
    seen: list[str] = []
    call = LocalCall({}, seen.append)

    stops = [call.take(chunk(text)) for text in (None, "He", "llo", "")]
    stops.append(call.take(chunk(finish="stop")))
    stops.append(call.take({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}))

    assert call.texts == seen == ["He", "llo"]
    assert (call.finish, call.usage, call.error) == ("stop", Usage(input_tokens=5, output_tokens=2), None)
    assert stops == [False] * 6


def test_half_a_character_is_replaced() -> None:
    seen: list[str] = []
    call = LocalCall({}, seen.append)

    call.take(chunk("cut \ud83d"))

    assert call.texts == seen == ["cut \ufffd"]


def test_a_stopped_call_ends_at_the_next_chunk() -> None:
    call = LocalCall({})
    call.stopped = True

    assert call.take(chunk("x")) is True


@pytest.mark.parametrize("odd", [{}, {"choices": [{}]}, {"choices": None}, {"choices": [], "usage": {"a": 1}}])
def test_a_chunk_of_unknown_shape_ends_the_call_with_an_error(odd: dict[str, object]) -> None:
    call = LocalCall({})

    assert call.take(odd) is True
    assert call.error is not None


def test_a_watcher_that_is_gone_ends_the_call() -> None:
    def gone(_: str) -> None:
        raise RuntimeError("Event loop is closed")

    call = LocalCall({}, gone)

    assert call.take(chunk("x")) is True


async def test_missing_weights() -> None:
    model = LocalModel(weights=lambda: find_weights("no_such_wheel"))

    assert has_local_model("no_such_wheel") is False
    with pytest.raises(ModelMissing, match="make setup"):
        await model.complete(Request(model="local", messages=(Message(role="user", text="Hi"),)))


def test_a_wheel_without_weights_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty_wheel").mkdir()
    (tmp_path / "empty_wheel" / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert has_local_model("empty_wheel") is False


def test_here_is_a_local_model() -> None:
    assert has_local_model() is True
    assert find_weights().stat().st_size > 50_000_000
