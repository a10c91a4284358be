"""Skills: how work of some kind is done here, in folders with a SKILL.md. Which of them an item is given. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import log
from typing import Any, NamedTuple

import yaml

from actors.memory.query import words

LENGTH = 64_000
"""Characters of a SKILL.md at most."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
DESCRIPTION = 1_000
FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?(.*)\Z", re.S | re.M)

LEAST = 0.60
MOST = 7
IN_NAME = 0.2
LOCAL = 1.10
STRANGE = 0.7
"""What a keyword that no skill knows weighs, against one that a single skill knows: it speaks against all of them, but
long tasks have many."""

SHORT = 3
"""Words of so many letters are no keywords, but for those that a skill is named after."""
STOP = frozenset(
    re.findall(
        r"\w+",
        """
about above across after again against already also always among another answer around based because been before
being below between both called cannot could does doing done down during each either else even every everything
file files first following from further give given gives have having here into item items itself just keep last
less like list look made make makes many more most much must need needs never next none nothing once only other
others over please same sentence sentences several shall should show since some such take tell text than that
their them then there these they thing things this those three through today together until upon using very want
well what when where whether which while will with within without word words work would write writes written
your yours
""",
    )
)


class Skill(NamedTuple):
    """One skill."""

    name: str
    description: str
    text: str
    local: bool = False
    """Whether it is the project's own."""
    file: str = ""


class Match(NamedTuple):
    """How well a skill fits: 0 to 1."""

    skill: Skill
    score: float


def parse(text: str, *, local: bool = False, file: str = "") -> Skill | str:
    """The skill in a SKILL.md, or what is wrong with it."""
    if len(text) > LENGTH:
        return f"it has {len(text)} characters; {LENGTH} is the most"
    if not (parts := FRONT.match(text)):
        return "it has no front matter; begin with a line of ---, then name and description, then --- again"
    try:
        front = yaml.safe_load(parts[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return "its front matter is no YAML"
    return _skill(front, parts[2].strip(), local=local, file=file)


def _skill(front: Any, text: str, *, local: bool, file: str) -> Skill | str:
    if not isinstance(front, Mapping):
        return "its front matter has no name and description"
    name, description = front.get("name"), front.get("description")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return "its name has to be 1 to 64 letters, digits, spaces, dots, hyphens or underscores"
    if not isinstance(description, str) or not description.strip() or len(description) > DESCRIPTION:
        return f"its description has to be a text of 1 to {DESCRIPTION} characters"
    if not text:
        return "there is nothing below its front matter"
    return Skill(name, " ".join(description.split()), text, local, file)


def _stem(word: str) -> str:
    """The word without the most common endings, so that `deploys` and `deploying` are `deploy`."""
    for ending, rest in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", "")):
        if word.endswith(ending) and len(word) - len(ending) + len(rest) > SHORT:
            return word[: -len(ending)] + rest
    return word


def stems(text: str) -> set[str]:
    """Its words as they are compared."""
    return {_stem(word) for word in words(text)}


def keywords(text: str, names: Iterable[str] = ()) -> set[str]:
    """Stems of what a text is about: no stop words, no short ones but these."""
    kept = set(names)
    return {
        _stem(word)
        for word in words(text)
        if word not in STOP and (len(word) > SHORT or _stem(word) in kept) and not word.isdigit()
    }


def matches(task: str, skills: Sequence[Skill]) -> list[Match]:
    """Every skill with its score, the best first.

    A score is the share of the task's keywords, by weight, that name and description of the skill have; rarer ones
    among the skills weigh more. A keyword in the name adds 0.2, and a project's own skill counts a tenth more.
    """
    named = {skill: stems(skill.name) for skill in skills}
    known = {skill: named[skill] | stems(skill.description) for skill in skills}
    wanted = keywords(task, set().union(*named.values()))
    counts = Counter(word for has in known.values() for word in has & wanted)
    strange = STRANGE * (1 + log(max(1, len(skills))))
    weight = {word: 1 + log(len(skills) / counts[word]) if counts[word] else strange for word in wanted}
    total = sum(weight.values())
    found = []
    for skill in skills if total else ():
        score = sum(weight[word] for word in sorted(wanted & known[skill])) / total
        score += IN_NAME if score and wanted & named[skill] else 0.0
        found.append(Match(skill, min(1.0, score * (LOCAL if skill.local else 1.0))))
    return sorted(found, key=lambda match: (-match.score, match.skill.name))


def chosen(task: str, skills: Sequence[Skill]) -> list[Match]:
    """Those that the task is given."""
    return [match for match in matches(task, skills) if match.score >= LEAST][:MOST]
