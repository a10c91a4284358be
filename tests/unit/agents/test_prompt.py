"""Which prompt made a result."""

import hashlib
from pathlib import Path

import pytest

from actors.roles import prompt
from actors.roles.attempt import attempt
from actors.work import Item, Result, Role, Task
from tests.support.fakes import FakeModel, course_of, open_store, prompted


def test_a_version_is_the_hash_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_bytes(b"Do it.\n")
    assert prompt.read(file) == ("Do it.", hashlib.sha256(b"Do it.\n").hexdigest()[:12])
    before = prompt.read(file).version
    file.write_bytes(b"Do it\n")
    assert prompt.read(file).version != before


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        prompt.read(tmp_path / "a.md")


def test_every_prompt_file_is_used() -> None:
    whole = {*(role.value for role in Role), "review", "extract"}
    assert {file.stem for file in prompt.FOLDER.iterdir()} == whole | {f"{name}.part" for name in prompt.PARTS}
    prompts = [*prompt.PROMPTS.values(), prompt.REVIEW, prompt.EXTRACT]
    assert all(one.text and len(one.version) == 12 for one in prompts)
    assert len({one.version for one in prompts}) == len(prompts)


@pytest.mark.parametrize("name", prompt.PARTS)
def test_every_place_of_a_part_is_filled_once_with_exactly_what_is_given(name: str) -> None:
    part = prompt.PARTS[name]
    assert part.places
    values = {place: f"{{{{{place}}}}} <{place}> \\1" for place in part.places}
    filled = part.fill(**values)
    for place, value in values.items():
        assert filled.count(value) == 1, "what is filled in is not looked through again"
        with pytest.raises(ValueError, match="the places are"):
            part.fill(**{other: "x" for other in values if other != place})
    with pytest.raises(ValueError, match="the places are"):
        part.fill(**values, more="x")


@pytest.mark.parametrize("role", Role)
async def test_a_result_says_which_prompt_made_it(tmp_path: Path, role: Role) -> None:
    store, model = open_store(tmp_path), FakeModel()
    worker = prompted(store, model, role)
    task = Task(run="r", item=Item(id="a", description="x"), epoch=1, attempt=1, model="fake")
    outcome = await attempt(worker, course_of(task), {})
    await store.close()
    assert isinstance(outcome, Result)
    file = prompt.FOLDER / f"{role}.md"
    assert outcome.prompt == hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    assert model.requests[0].system == file.read_text(encoding="utf-8").strip()
