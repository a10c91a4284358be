"""What a plan may cost: with reviews, lists and the models of reviewers; what really is asked stays within it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from actors.models.estimate import CHARACTERS_PER_TOKEN, most
from actors.spending.budget import Budget
from actors.vocabulary.contents import INLINE_LIMIT, stored
from actors.vocabulary.limits import Limits
from actors.vocabulary.review import Gate, Review
from actors.work import Item, Over, Role
from cluster.cli.main import app
from cluster.plan.calls import longest_answer
from cluster.plan.cost import Cost, cost_of_items, too_small
from cluster.run.budget import RunBudget, Taken
from tests.support.reviews import answer, reviewed
from tests.unit.agents.test_reviewing import Judge, driven

MODEL = "claude-haiku-5-5"
TESTS = Review(gates=(Gate.TESTS_PASSING,), tests=("make",))

PLAN = """\
items:
  - {id: list, description: List the sources., max_tokens: 100}
  - id: notes
    foreach: {item: {description: Note it., max_tokens: 100}, over: {item: list}}
  - id: report
    description: Write the report.
    tools: [subagents]
    dependencies: [notes]
    review: {model: claude-opus-5-5}
limits: {fan_out: 7}
"""


def cost_of(*items: Item) -> Cost:
    return cost_of_items(items, {}, MODEL, Limits(fan_out=7))


def calls(cost: Cost) -> tuple[int, int]:
    return cost.total.least_calls, cost.total.most_calls


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Item(id="a", description="x"), (1, 1)),
        (reviewed(max_attempts=1), (2, 2)),
        (reviewed(max_attempts=2), (2, 4)),
        (reviewed(max_attempts=3), (2, 7)),
        (reviewed(max_attempts=4, extract=True), (3, 11)),
        (Item(id="a", description="x", review=TESTS), (1, 4)),
        (Item(id="a", description="x", requirements=("y",), review=TESTS), (2, 7)),
    ],
    ids=["plain", "one", "two", "three", "four, extract", "tests alone", "tests and requirements"],
)
def test_calls_from_a_review_that_passes_to_the_last_that_does_not(item: Item, expected: tuple[int, int]) -> None:
    assert calls(cost_of(item)) == expected


def test_reviewers_may_have_a_model_of_their_own() -> None:
    item = reviewed(max_attempts=3)
    assert item.review
    other = item.model_copy(update={"review": item.review.model_copy(update={"model": "claude-opus-5-5"})})
    cost = cost_of(other)
    assert {name: (one.least_calls, one.most_calls) for name, one in cost.models.items()} == {
        MODEL: (1, 4),
        "claude-opus-5-5": (1, 3),
    }
    assert cost.total.most_usd is not None
    assert cost.total.most_usd == pytest.approx(sum(one.most_usd or 0 for one in cost.models.values()))
    unknown = item.model_copy(update={"review": item.review.model_copy(update={"model": "claude-new"})})
    assert (cost_of(unknown).total.most_usd, cost_of(unknown).models[MODEL].most_usd is None) == (None, False)


async def test_what_is_asked_in_all_rounds_is_within_the_most(tmp_path: Path) -> None:
    item = reviewed(max_attempts=4, requirements=("It is blue.",), max_tokens=1000)
    long = {"evidence": "line 3 " * 100, "passed": False}
    verdict = {**json.loads(answer(passed=False, requirements=1)), "issues": ["say blue " * 50] * 8}
    verdict["gates"]["correctness"] = long
    model = Judge(*[json.dumps(verdict)] * 4, work="grey " * 900, digest="blue " * 900)
    await driven(tmp_path, model, item, more=[Role.OPTIMIZER])
    cost = cost_of(item).total
    assert len(model.requests) == cost.most_calls
    asked = sum(most(request).tokens or 0 for request in model.requests)
    assert asked <= cost.most_tokens < 4 * asked


def test_whoever_follows_a_list_gets_all_that_was_made_of_it() -> None:
    one = Item(id="list", description="x", max_tokens=1000)
    loop = Item(id="all", description="x", max_tokens=1000, foreach=Over(item="list"), dependencies=("list",))
    after = Item(id="end", description="x", max_tokens=1000, dependencies=("all",))
    few, many = (cost_of_items((one, loop, after), {}, MODEL, Limits(fan_out=n)).items for n in (5, 23))
    more = many["end"].most_tokens - few["end"].most_tokens
    assert more == pytest.approx(18 * longest_answer(one) / CHARACTERS_PER_TOKEN, rel=0.01)
    assert few["list"] == many["list"]


LONG, APART = "y" * 50_000, "z" * (INLINE_LIMIT + 1)


@pytest.mark.parametrize("max_tokens", [1, 4096])
@pytest.mark.parametrize("capped", ["usd", "tokens"])
@pytest.mark.parametrize(
    ("description", "inputs"),
    [("short", {}), (LONG, {}), ("two apart", dict.fromkeys("ab", APART)), (LONG, {"a": LONG, "b": APART})],
    ids=["short", "long", "apart", "both"],
)
def test_the_most_has_room_for_every_first_call_and_less_than_one_is_too_small(
    description: str, inputs: dict[str, str], capped: str, max_tokens: int
) -> None:
    texts: dict[str, str] = {}
    given = {name: stored(text, texts) for name, text in inputs.items()}
    items = [Item(id=id_, description=description, inputs=given, max_tokens=max_tokens) for id_ in "abc"]
    total = cost_of_items(items, texts, MODEL, Limits()).total
    assert total.most_usd is not None
    held, less = (total.most_usd * 1.000001, total.most_usd / 3.1) if capped == "usd" else (total.most_tokens, 100)
    taken = RunBudget({item.id: item for item in items}, lambda _: MODEL)
    taken.change(Budget.model_validate({capped: held}))
    assert [taken.take(item.id, {}) for item in items] == [Taken.YES] * 3
    own = [item.model_copy(update={"budget": Budget.model_validate({capped: less})}) for item in items]
    assert too_small(own, texts, MODEL) == ["a", "b", "c"]


def test_the_table_and_its_words_and_the_same_for_machines(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    call: Any = ["plan", "cost", str(path), "--model", MODEL, "--home", str(tmp_path / "home")]
    told = CliRunner().invoke(app, call).output
    rows = {line.split("  ")[0]: line for line in told.splitlines()}
    assert "1 to 7" in rows["notes"]
    assert "2 to 7" in rows["report"]
    assert rows.keys() >= {"list", f"all of {MODEL}", "all of claude-opus-5-5", "total", "What this range assumes:"}
    for words in ("one token", "up to 3", "optimizer", "(7 for one list)", "sub-agents", "attempts that fail"):
        assert words in told
    assert "orchestrator" not in told
    facts = json.loads(CliRunner().invoke(app, [*call, "--json"]).output)
    assert facts["items"]["notes"]["calls"] == [1, 7]
    assert facts["total"]["calls"] == [4, 15]
    assert any("lists" in sentence for sentence in facts["assumes"])
    assert list(tmp_path.iterdir()) == [path], "nothing was written"


def test_limits_of_the_home_count_where_the_plan_has_none(tmp_path: Path) -> None:
    (tmp_path / "limits.json").write_text('{"fan_out": 3}')
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN.replace("limits: {fan_out: 7}", ""))
    told = CliRunner().invoke(app, ["plan", "cost", str(path), "--home", str(tmp_path), "--json"]).output
    assert json.loads(told)["items"]["notes"]["calls"] == [1, 3]
