"""The real Prometheus over a journal in which everything goes wrong: every query of a board, an alert on its way."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from actors.stores.group import GroupStore
from dashboards.grafana.generate import BOARDS, FOLDER
from dashboards.metrics import table
from dashboards.page_token import derived
from dashboards.prometheus.scraping import RULES
from tests import troubles, watchers
from tests.pages import TOKEN, page
from tests.watchers import PATIENCE_S, Prometheus

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.filterwarnings("ignore::ResourceWarning")]

ROUNDS = 4

VARIABLES = {"$job": ".+", "$__rate_interval": "20s", "$__interval": "20s", "$__range": "60s"}


class Watched:
    """A home in trouble, a Prometheus that scrapes it, and what its alerts sent to the webhook."""

    def __init__(self, prometheus: Prometheus, sent: "asyncio.Queue[Any]") -> None:
        self.prometheus, self.sent = prometheus, sent


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    home = tmp_path_factory.mktemp("watched")
    watchers.program("prometheus")
    store = GroupStore(home / "store.db")
    await troubles.begin(store)
    async with page(home) as served, watchers.webhook() as (hook, sent), watchers.alertmanager(home, hook) as manager:
        token = home / "metrics-token"
        token.write_text(derived(TOKEN, "/metrics"))
        job = {
            "job_name": "mnemosyne",
            "authorization": {"credentials_file": str(token)},
            "static_configs": [{"targets": [served.base.removeprefix("http://")]}],
        }
        alerting = {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{manager}"]}]}]}
        config = {"scrape_configs": [job], "rule_files": [str(RULES)], "alerting": alerting}
        async with watchers.prometheus(home, config) as prometheus:
            await prometheus.until("mnemosyne_runs_accepted_total")
            for round_ in range(1, ROUNDS + 1):
                await troubles.happen(store, round_)
                await prometheus.until(f"mnemosyne_runs_finished_total == {round_}")
            yield Watched(prometheus, sent)
    await store.close()


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
async def test_every_query_of_a_board_gives_what_its_legend_names(watched: Watched, board: Any) -> None:
    quiet = {panel.title for panel in board.panels if panel.quiet}
    told = json.loads((FOLDER / f"{board.uid}.json").read_text())
    faults = []
    for panel in told["panels"]:
        for target in panel.get("targets", []):
            found = await watched.prometheus.query(expanded(target["expr"]))
            faults += [f"{panel['title']}: {fault}" for fault in wrong(found, target, panel["title"] in quiet)]
    for annotation in (one for one in told["annotations"]["list"] if one.get("expr")):
        found = await watched.prometheus.query(expanded(annotation["expr"]))
        faults += [f"annotation: {fault}" for fault in wrong(found, {"legendFormat": annotation["titleFormat"]}, False)]
    assert faults == []


def expanded(text: str) -> str:
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    assert "$" not in text, text
    return text


def wrong(found: list[dict[str, Any]], target: dict[str, Any], may_be_empty: bool) -> list[str]:
    if not found:
        return [] if may_be_empty else ["no series"]
    faults = []
    if all(one["value"][1] in ("NaN", "+Inf", "-Inf") for one in found):
        faults.append("no number")
    for name in re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat") or ""):
        if not all(name in one["metric"] for one in found):
            faults.append(f"the legend's {name} is not in {found[0]['metric']}")
    return faults


@pytest.mark.parametrize(
    "expr",
    [
        'sum(mnemosyne_failures_total{reason="agent_fault"})',
        'sum(mnemosyne_retries_total{reason="lost"})',
        'sum(mnemosyne_agent_restarts_total{cause="crash"})',
        "sum(mnemosyne_rate_limit_refusals_total)",
        'sum(mnemosyne_run_pauses_total{reason="budget"})',
    ],
)
async def test_what_went_wrong_is_in_prometheus(watched: Watched, expr: str) -> None:
    (found,) = await watched.prometheus.query(expr)
    assert float(found["value"][1]) >= ROUNDS


async def test_prometheus_knows_every_metric_with_its_type_and_help(watched: Watched) -> None:
    told = await watched.prometheus.ask("metadata")
    for metric in table.METRICS:
        (known,) = told.get(metric.name) or told[metric.name.removesuffix("_total")]  # as OpenMetrics names it
        assert (known["type"], known["help"]) == (metric.kind, metric.help)


async def test_variables_have_values(watched: Watched) -> None:
    assert await watched.prometheus.ask("label/job/values", **{"match[]": "mnemosyne_build_info"}) == ["mnemosyne"]


async def test_an_alert_gets_to_the_webhook(watched: Watched) -> None:
    seen = set()
    async with asyncio.timeout(PATIENCE_S):
        while "MnemosyneRunPaused" not in seen:
            told = await watched.sent.get()
            seen |= {alert["labels"]["alertname"] for alert in told["alerts"]}
            for alert in (one for one in told["alerts"] if one["labels"]["alertname"] == "MnemosyneRunPaused"):
                assert alert["labels"]["reason"] == "budget"
                assert alert["labels"]["severity"] == "warning"
                assert alert["annotations"]["runbook_url"].endswith("runbooks.md#mnemosynerunpaused")


async def test_rules_are_healthy(watched: Watched) -> None:
    groups = (await watched.prometheus.ask("rules"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}
    assert len(rules) > 20
