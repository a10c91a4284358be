"""Counters from the journal: they add up, go on over restarts and pruning, and their series do not grow with work."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from actors.events import AgentRestarted, Event, ModelHeld, RunAccepted, RunPaused, TurnDone
from actors.spending.budget import Budget
from actors.stores import queries, upkeep
from actors.stores.reader import Reader
from actors.work import Content, Effort, FailureKind, Item, ItemState, Reservation, RestartCause, Usage
from cluster.run.budget import RunBudget, Taken
from dashboards.metrics import docs, labels, snapshot, table
from dashboards.metrics.exposition import Exporter, expose
from dashboards.metrics.fold import Fold, State
from dashboards.page_token import derived
from tests.support import stores
from tests.support.histories import FAULT, GONE, GOOD, assigned, closed, items, legal, view_of
from tests.support.pages import TOKEN, page

FANCY = "text/plain; version=0.0.4"


def folded(events: list[Event], fold: Fold | None = None) -> Fold:
    fold = fold or Fold()
    for event in events:
        fold.apply(event)
    return fold


def numbered(*events: Event) -> list[Event]:
    return [event.model_copy(update={"seq": n, "at": 100.0 + n}) for n, event in enumerate(events, 1)]


def samples(fold: Fold) -> dict[str, float]:
    body, _ = expose(fold.totals, (), fold.models.names, FANCY)
    families = text_string_to_metric_families(body.decode())
    return {f"{s.name}{sorted(s.labels.items())}": s.value for family in families for s in family.samples}


def kept(fold: Fold) -> Fold:
    """As it comes back from a snapshot."""
    again = Fold(State.model_validate_json(fold.state.model_dump_json()))
    again.totals.load(json.loads(json.dumps(fold.totals.to_json())))
    return again


PLAN = items(a=(), b="a", c="a", d="bc", e=())


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.floats(0, 1))
def test_counters_never_fall_add_up_and_survive_a_restart_anywhere(seed: int, where: float) -> None:
    history = [event for event, _ in legal(PLAN, random.Random(seed), wishes=0.05)]
    cut = int(where * len(history))
    first = folded(history[:cut])
    before = samples(first)
    again = folded(history[cut - 1 if cut else 0 :], kept(first))
    after, whole = samples(again), samples(folded(history))
    assert after == pytest.approx(whole)
    assert all(after[name] >= value for name, value in before.items())
    view = view_of(PLAN, *history)
    ended = {
        state: again.totals.counters["mnemosyne_items_finished_total"].get((state,), 0) for state in view.items.counts
    }
    assert ended == {s: n if ItemState(s) in view_terminal() else 0 for s, n in view.items.counts.items()}
    spent = view.accounts.run
    # Outcomes of these histories do not count the turns before them, which stay counted here.
    assert sum(again.totals.counters["mnemosyne_tokens_total"].values()) >= spent.usage.total
    assert sum(again.totals.counters["mnemosyne_cost_usd_total"].values()) >= (spent.cost_usd or 0) - 1e-9


def test_turns_are_charged_when_they_are_done_and_once() -> None:
    turn = TurnDone(
        run="r",
        item="a",
        epoch=1,
        agent="executor-0",
        turn=1,
        said=Content(text="{}"),
        model="scripted",
        usage=Usage(input_tokens=100, cache_read_tokens=50, output_tokens=8),
        cost_usd=0.004,
        effort=Effort(calls=2, retries=1, permit_s=3.0),
    )
    whole = GOOD.model_copy(update={"effort": Effort(calls=3, retries=1, permit_s=3.0, backoff_s=1.0)})
    rows = numbered(assigned("a"), turn, closed("a", whole))
    fold = folded(rows[:2])
    counters = fold.totals.counters
    assert counters["mnemosyne_cost_usd_total"] == {("scripted",): 0.004}
    assert counters["mnemosyne_wait_seconds_total"] == {("scripted", "permit"): 3.0}
    folded(rows, fold)
    assert counters["mnemosyne_cost_usd_total"] == {("scripted",): pytest.approx(0.01)}
    assert counters["mnemosyne_model_calls_total"] == {("scripted",): 3}
    assert counters["mnemosyne_wait_seconds_total"] == {("scripted", "permit"): 3.0, ("scripted", "backoff"): 1.0}
    tokens = counters["mnemosyne_tokens_total"]
    assert tokens == {("scripted", "input"): 312, ("scripted", "output"): 88, ("scripted", "cache_read"): 50}
    (*_, sum_) = fold.totals.histograms["gen_ai_client_token_usage"]["scripted", "scripted", "input"]
    assert sum_ == 150 + 212 - 50


def test_a_lost_attempt_counts_as_it_was_reserved_beyond_what_is_known() -> None:
    lost = GONE.model_copy(update={"reserved": Reservation(usd=0.5)})
    counters = folded(numbered(assigned("a"), closed("a", lost))).totals.counters
    assert counters["mnemosyne_cost_usd_total"] == counters["mnemosyne_cost_estimated_usd_total"]
    assert counters["mnemosyne_cost_usd_total"] == {("scripted",): 0.5}


def test_an_unknown_price_is_no_zero() -> None:
    counters = folded(numbered(assigned("a"), closed("a", GOOD.model_copy(update={"cost_usd": None})))).totals.counters
    assert counters["mnemosyne_unpriced_attempts_total"] == {("scripted",): 1}
    assert counters["mnemosyne_cost_usd_total"] == {}


def view_terminal() -> set[ItemState]:
    return {ItemState(state) for state in labels.VALUES["end_state"]}


def test_series_do_not_grow_with_the_items() -> None:
    fold, sizes = Fold(), []
    for number in range(1000):
        name = f"item-{number}"
        outcome = (GOOD, GONE, FAULT)[number % 3]
        rows: tuple[Event, Event] = (assigned(name), closed(name, outcome))
        events: list[Event] = [
            row.model_copy(update={"seq": 2 * number + n, "run": f"r{number}"}) for n, row in enumerate(rows, 1)
        ]
        folded(events, fold)
        if number in (99, 999):
            sizes.append(len(samples(fold)))
            assert not fold.state.open
    assert sizes[0] == sizes[1] < 10_000


def test_models_beyond_the_first_ones_are_one_label() -> None:
    accepted = RunAccepted(run="r", name="p", items=1, digest="d", model="m")
    fold = folded(numbered(*(accepted.model_copy(update={"model": f"model {n}\n"}) for n in range(50))))
    assert len(fold.models.names) == labels.MODELS
    assert fold.models.label("model 49\n") == labels.OTHER
    assert fold.models.names[0] == "model_0_"
    assert len(samples(fold)) == len(samples(kept(fold)))


def used_up() -> str:
    """Why a run is paused that has no budget left."""
    budget = RunBudget({"a": Item(id="a", description="x")}, lambda _: "m")
    budget.change(Budget(tokens=10))
    assert budget.take("a", {}) is Taken.NO
    return budget.why_not("r", others=True)


def test_what_agents_models_and_people_did_is_counted() -> None:
    held = ModelHeld(model="m", by="input_tokens", waiting=3, in_flight=1, held_s=1.0, refused=2)
    restarted = AgentRestarted(agent="executor-0", generation=1, cause=RestartCause.CRASH, reason="killed")
    counters = folded(
        numbered(
            held,
            held.model_copy(update={"waiting": 0, "refused": 1}),
            restarted,
            RunPaused(run="r", term=1, reason="by request"),
            RunPaused(run="r", term=1, reason=used_up()),
            RunPaused(run="r", term=1, reason=FailureKind.QUOTA.value),
            RunPaused(run="r", term=1, reason="the moon"),
        )
    ).totals.counters
    assert counters["mnemosyne_model_holds_total"] == {("m", "input_tokens"): 1}
    assert counters["mnemosyne_model_hold_seconds_total"] == {("m",): 1.0}
    assert counters["mnemosyne_rate_limit_refusals_total"] == {("m",): 3}
    assert counters["mnemosyne_agent_restarts_total"] == {("executor", "crash"): 1}
    assert counters["mnemosyne_run_pauses_total"] == {
        ("request",): 1,
        ("budget",): 1,
        ("quota",): 1,
        ("other",): 1,
    }


def test_a_retry_is_counted_by_what_came_before_it() -> None:
    again = assigned("a", 2).model_copy(update={"after": FAULT.reason})
    fold = folded(numbered(assigned("a"), closed("a", FAULT), again, closed("a", GONE, epoch=2), assigned("a", 3)))
    assert fold.totals.counters["mnemosyne_retries_total"] == {("agent_fault",): 1, ("lost",): 1}


def test_every_value_of_a_label_is_of_its_set() -> None:
    fold = folded([event for event, _ in legal(PLAN, random.Random(5), wishes=0.1)])
    exporter = Exporter(fold.totals, {}, fold.models.names)
    for metric in table.COUNTED:
        told = fold.totals.counters.get(metric.name)
        if told is not None:
            assert set(told) <= set(exporter.possible(metric)), metric.name


def test_names_are_those_that_prometheus_expects() -> None:
    names = [metric.name for metric in table.METRICS]
    assert len(names) == len(set(names))
    for metric in table.METRICS:
        assert (metric.kind == "counter") == metric.name.endswith("_total")
        assert metric.help.endswith(".") or metric.name.endswith("info") or "`" in metric.help
        assert bool(metric.buckets) == (metric.kind == "histogram")


def test_docs_are_up_to_date() -> None:
    assert docs.PATH.read_text(encoding="utf-8") == docs.page(), "make docs"


def started(path: Path) -> tuple[Fold, Reader]:
    reader = Reader(path)
    return snapshot.load(snapshot.path_of(path), reader.db), reader


def test_counters_stay_when_old_runs_are_pruned(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    stores.make(path)
    snapshot.bring_up(path)
    before, reader = started(path)
    reader.close()
    with stores.writer(path) as store:
        for old in upkeep.finished_before(store.db, stores.LONG_AGO + 1):
            upkeep.remove(store, old)
        stores.begin(store, "new")
    after, reader = started(path)
    assert after.seq == before.seq
    while snapshot.read(after, reader):
        pass
    reader.close()
    told, now = samples(before), samples(after)
    assert all(now[name] >= value for name, value in told.items())
    assert now["mnemosyne_runs_accepted_total[]"] == told["mnemosyne_runs_accepted_total[]"] + 1
    assert (snapshot.path_of(path).stat().st_mode & 0o777) == 0o600


def test_a_snapshot_of_another_journal_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    stores.make(path)
    snapshot.bring_up(path)
    for file in tmp_path.glob("store.db*"):
        file.unlink()
    with stores.writer(path, stores.LONG_AGO + 99) as store:
        stores.begin(store, "other")
    fold, reader = started(path)
    assert fold.seq == 0 < queries.last_seq(reader.db)
    reader.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        '{"version": 1}',
        '{"version": 0, "state": {}, "totals": {}}',
        '{"version": 1, "state": {"seq": "x"}, "totals": {"counters": {}, "histograms": {}}}',
        '{"version": 1, "state": {}, "totals": {"counters": {}, "histograms": {"gen_ai_nothing": [[["a"], [1]]]}}}',
    ],
)
def test_a_snapshot_that_cannot_be_used_is_made_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "store.db"
    stores.make(path)
    snapshot.path_of(path).write_text(text)
    fold, reader = started(path)
    reader.close()
    assert fold.seq == 0
    snapshot.bring_up(path)
    fold, reader = started(path)
    assert fold.seq == queries.last_seq(reader.db)
    reader.close()


async def test_metrics_are_served_to_those_who_have_their_token(tmp_path: Path) -> None:
    stores.make(tmp_path / "store.db")
    async with page(tmp_path) as served, served.stranger as stranger:
        own = {"authorization": f"Bearer {derived(TOKEN, '/metrics')}"}
        assert (await stranger.get("/metrics")).status_code == 401
        assert (await stranger.get("/state/runs", headers=own)).status_code == 401
        answer = await stranger.get("/metrics", headers=own)
        while answer.status_code == 503:
            answer = await stranger.get("/metrics", headers=own)
        families = {f.name: f for f in text_string_to_metric_families(answer.text)}
        assert {metric.name.removesuffix("_total") for metric in table.METRICS} >= set(families)
        told = {s.name: s.value for f in families.values() for s in f.samples if not s.labels}
        assert told["mnemosyne_runs_accepted_total"] == 3
        assert told["mnemosyne_runs_undriven"] == 1
        assert told["mnemosyne_queue_oldest_timestamp_seconds"] == stores.LONG_AGO
        read: Callable[[str], Iterator[Any]] = openmetrics
        fancy = await stranger.get("/metrics", headers={**own, "accept": "application/openmetrics-text"})
        assert len(list(read(fancy.text))) == len(families)
    assert snapshot.path_of(tmp_path / "store.db").exists()
