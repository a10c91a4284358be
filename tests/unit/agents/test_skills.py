"""Skills: which ones a task is given, by a small labelled set; files that are broken are told, never raised."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.context.shelf import FRESH_S, Shelf, read
from actors.context.skills import LEAST, MOST, Skill, chosen, matches, parse

SKILLS = [
    Skill("release-notes", "Write release notes from merged changes, for users of the product", "..."),
    Skill("sql", "Write and review SQL queries and schema migrations for PostgreSQL", "..."),
    Skill("deploy", "Deploy a service to Kubernetes and roll it back", "..."),
    Skill("incident", "Incident reports: timeline, impact, root cause, follow-ups", "..."),
    Skill("pytest", "Write unit tests in Python with pytest and hypothesis", "..."),
    Skill("translation", "Translate texts from English into German with our glossary", "..."),
    Skill("brand-voice", "Tone and style of marketing texts, newsletters and landing pages", "..."),
    Skill("threat-model", "Threat models: assets, attackers, trust boundaries, mitigations", "..."),
]

LABELLED = {
    "Write the release notes of version 4.2 for users.": {"release-notes"},
    "Deploy the billing service to Kubernetes.": {"deploy"},
    "Roll back the deploy of the service.": {"deploy"},
    "Review these SQL queries.": {"sql"},
    "Write a migration of the PostgreSQL schema.": {"sql"},
    "Write unit tests for the parser with pytest.": {"pytest"},
    "Translate the newsletter into German.": {"translation"},
    "Write an incident report: timeline and root cause.": {"incident"},
    "Make a threat model of the login: attackers and mitigations.": {"threat-model"},
    "Summarise the report in three sentences.": set(),
    "Merge the summaries into one paragraph.": set(),
    "What is the capital of France?": set(),
    "Do a.": set(),
    "": set(),
    "漢字 42 ++": set(),
}


@pytest.mark.parametrize(("task", "names"), LABELLED.items())
def test_the_labelled_tasks_get_their_skills(task: str, names: set[str]) -> None:
    assert {match.skill.name for match in chosen(task, SKILLS)} == names


def test_a_projects_own_skill_counts_a_tenth_more() -> None:
    task = "Translate the newsletter of spring"
    scores = {match.skill.name: match.score for match in matches(task, SKILLS)}
    own = [skill._replace(local=True) for skill in SKILLS]
    for match in matches(task, own):
        assert match.score == pytest.approx(min(1.0, 1.1 * scores[match.skill.name]))


def test_seven_at_most() -> None:
    many = [Skill(f"deploy-{n}", "Deploy a service", "...") for n in range(20)]
    assert len(chosen("Deploy the service", many)) == MOST


@given(st.text(), st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=30), st.booleans()), max_size=5))
def test_scores_are_shares_whatever_is_written(task: str, made: list[tuple[str, str, bool]]) -> None:
    skills = [Skill(name, description, "...", local) for name, description, local in made]
    scores = [match.score for match in matches(task, skills)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert all(match.score >= LEAST for match in chosen(task, skills))


GOOD = "---\nname: deploy\ndescription: Deploy a service\n---\n# How\nSlowly.\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# no front matter", "has no front matter"),
        ("---\nname: [\n---\nx", "no YAML"),
        ("---\n- a\n---\nx", "has no name and description"),
        ("---\nname: a/b\ndescription: x\n---\nx", "its name has to be"),
        ("---\nname: a\n---\nx", "its description has to be"),
        ("---\nname: a\ndescription: 7\n---\nx", "its description has to be"),
        ("---\nname: a\ndescription: x\n---\n  \n", "nothing below"),
        ("x" * 64_001, "characters"),
        ("", "has no front matter"),
    ],
)
def test_a_broken_skill_says_what_is_wrong(text: str, why: str) -> None:
    told = parse(text)
    assert isinstance(told, str)
    assert why in told


@given(st.text() | st.text().map(lambda text: f"---\n{text}\n---\n{text}"))
def test_no_text_is_an_exception(text: str) -> None:
    assert isinstance(parse(text), (Skill, str))


def test_windows_line_ends_are_no_mistake() -> None:
    assert parse(GOOD.replace("\n", "\r\n")) == Skill("deploy", "Deploy a service", "# How\r\nSlowly.")


def put(folder: Path, name: str, text: str | bytes) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "SKILL.md").write_bytes(text if isinstance(text, bytes) else text.encode())


def test_folders_are_read_and_what_is_broken_is_told(tmp_path: Path) -> None:
    own, users = tmp_path / "own", tmp_path / "user"
    put(own, "deploy", GOOD)
    put(own, "again", GOOD)
    put(own, "bytes", b"\xff\xfe")
    put(users, "deploy", GOOD.replace("Slowly", "Fast"))
    put(users, "other", GOOD.replace("name: deploy", "name: other"))
    (users / "notes.txt").write_text("no skill")
    (own / "loop").mkdir()
    (own / "loop" / "SKILL.md").mkdir()
    found = read([own, users, tmp_path / "nowhere"])
    assert [(skill.name, skill.local, skill.text) for skill in found.skills] == [
        ("deploy", True, "# How\nSlowly."),
        ("other", False, "# How\nSlowly."),
    ]
    assert sorted(Path(one.file).parent.name for one in found.broken) == ["bytes", "deploy", "loop"]


def test_a_shelf_looks_again_after_a_while(tmp_path: Path) -> None:
    now = [0.0]
    shelf = Shelf([tmp_path], lambda: now[0])
    assert not shelf.skills
    put(tmp_path, "deploy", GOOD)
    assert not shelf.skills
    now[0] += FRESH_S
    assert [skill.name for skill in shelf.skills] == ["deploy"]
    (tmp_path / "deploy" / "SKILL.md").unlink()
    now[0] += FRESH_S
    assert not shelf.skills
