"""The calls that one item may need by its plan: of work, of its reviews, between them. Upper bounds in characters."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from actors.roles import consolidating, told
from actors.roles.feedback import SUMMARY_ISSUES, SUMMARY_TESTS
from actors.roles.prompt import EXTRACT, PROMPTS, REVIEW
from actors.roles.reviewing import EVIDENCE, WORDS, verdict_schema
from actors.tools.capability import IN_WORKSPACE
from actors.vocabulary.contents import INLINE_LIMIT
from actors.vocabulary.review import ONE_BY_ONE, Gate, Review
from actors.work import Content, Item, Role
from cluster.plan.cost_range import Range, of_calls
from cluster.run.budget import LABELS, LONG_TEXT, MAX_TOKENS

CHARACTERS_PER_ANSWER_TOKEN = 5
"""At most, on the way from one item's answer to another's prompt."""

EXTRACTED = 8
"""Requirements that are extracted at most, of LABELS characters each in a schema."""


class Part(NamedTuple):
    """Calls of one kind to one model."""

    model: str
    cost: Range


def longest_answer(item: Item | None) -> int:
    """Characters."""
    return ((item.max_tokens if item else None) or MAX_TOKENS) * CHARACTERS_PER_ANSWER_TOKEN


def held(characters: int) -> int:
    """What an answer of so many at most may be reserved as: one that is kept apart is not at hand then."""
    return max(characters, LONG_TEXT) if characters > INLINE_LIMIT else characters


def given(item: Item, texts: Mapping[str, str], apart: int = 0) -> int:
    """Characters of the inputs and the description; a text that is kept apart has `apart` at least."""
    inputs = sum(LABELS + _length(content, texts, apart) for content in item.inputs.values())
    return len(item.description) + inputs


def first_prompt(item: Item, texts: Mapping[str, str], apart: int = 0) -> int:
    """Characters of the prompt of the item's first call, without what its dependencies answer. As `given`."""
    return len(PROMPTS[item.agent].text) + len(str(item.output or "")) + given(item, texts, apart)


def parts_of(item: Item, texts: Mapping[str, str], answers: int, model: str) -> Iterator[Part]:
    """What it may take; `answers`: characters of what its dependencies answer at most."""
    review, most = item.review, item.max_tokens or MAX_TOKENS
    known, full, whole = first_prompt(item, texts), first_prompt(item, texts, LONG_TEXT), longest_answer(item)
    rounds = review.max_attempts if review else 1
    again = [_again(whole, before) for before in range(rounds)]
    yield Part(model, of_calls(model, known, [full + answers + more for more in again], most))
    if review is None:
        return
    reviewers = review.model or model
    work, all_ = given(item, texts), given(item, texts, LONG_TEXT) + answers
    if item.extract:
        system = len(EXTRACT.text)
        yield Part(reviewers, of_calls(reviewers, system + work, [system + all_], most))
    if _asks(item, review):
        least, prompt = _review(item, review, work), _review(item, review, all_) + _seen(item, whole)
        yield Part(reviewers, of_calls(reviewers, least, [prompt] * rounds, most))
    each = min(consolidating.REVIEW, whole) + LABELS
    optimizer = len(PROMPTS[Role.OPTIMIZER].text) + min(consolidating.TASK, len(item.description))
    several = [optimizer + before * each for before in range(ONE_BY_ONE, rounds)]
    yield Part(model, of_calls(model, None, several, most))


def _again(whole: int, before: int) -> int:
    """What an attempt is told of `before` reviews: the last answer, what was found, and the one text of it."""
    if not before:
        return 0
    found = whole + (SUMMARY_ISSUES + SUMMARY_TESTS) * WORDS
    return min(told.ANSWER, whole) + found + (whole if before >= ONE_BY_ONE else 0)


def _asks(item: Item, review: Review) -> bool:
    """Whether a review asks a model, or only runs the tests."""
    return bool(item.requirements or item.extract or set(review.gates) - {Gate.TESTS_PASSING})


def _review(item: Item, review: Review, work: int) -> int:
    requirements = item.requirements or (("x" * LABELS,) * EXTRACTED if item.extract else ())
    schema = str(verdict_schema(review.gates, requirements))
    return len(REVIEW.text) + len(schema) + len(told.gates_text(review.gates)) + sum(map(len, requirements)) + work


def _seen(item: Item, whole: int) -> int:
    """What a review is shown of what was made: the answer, the calls of tools, the changed files, the tests' output."""
    touches = told.CHANGES if IN_WORKSPACE.intersection(item.tools) else 0
    tests = EVIDENCE if item.review and item.review.tests else 0
    return min(told.ANSWER, whole) + (told.TOOLS if item.tools else 0) + touches + tests


def _length(content: Content, payloads: Mapping[str, str], apart: int) -> int:
    return len(content.text) if content.text is not None else max(apart, len(payloads.get(content.ref or "", "")))
