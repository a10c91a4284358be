"""The real Prometheus over a journal in which everything goes wrong: every query of a board, an alert on its way."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from dashboards.grafana.generate import BOARDS, FOLDER
from dashboards.metrics import table
from tests.support import watchers
from tests.support.watched import watched
from tests.support.watchers import PATIENCE_S, Prometheus

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

ROUNDS = 4

VARIABLES = {"$job": ".+", "$__rate_interval": "20s", "$__interval": "20s", "$__range": "60s"}


class Scene(NamedTuple):
    """Prometheus over a home in trouble, and what its alerts sent to the webhook."""

    prometheus: Prometheus
    sent: "asyncio.Queue[Any]"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    home = tmp_path_factory.mktemp("watched")
    watchers.program("prometheus")
    async with (
        watchers.webhook() as (hook, sent),
        watchers.alertmanager(home, hook) as manager,
        watched(home, manager) as seen,
    ):
        await seen.more(ROUNDS)
        yield Scene(seen.prometheus, sent)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
async def test_every_query_of_a_board_gives_what_its_legend_names(scene: Scene, board: Any) -> None:
    quiet = {panel.title for panel in board.panels if panel.quiet}
    told = json.loads((FOLDER / f"{board.uid}.json").read_text())
    faults = []
    for panel in told["panels"]:
        for target in panel.get("targets", []):
            found = await scene.prometheus.query(expanded(target["expr"]))
            faults += [f"{panel['title']}: {fault}" for fault in wrong(found, target, panel["title"] in quiet)]
    for annotation in (one for one in told["annotations"]["list"] if one.get("expr")):
        found = await scene.prometheus.query(expanded(annotation["expr"]))
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
async def test_what_went_wrong_is_in_prometheus(scene: Scene, expr: str) -> None:
    (found,) = await scene.prometheus.query(expr)
    assert float(found["value"][1]) >= ROUNDS


async def test_prometheus_knows_every_metric_with_its_type_and_help(scene: Scene) -> None:
    told = await scene.prometheus.ask("metadata")
    for metric in table.METRICS:
        (known,) = told.get(metric.name) or told[metric.name.removesuffix("_total")]  # as OpenMetrics names it
        assert (known["type"], known["help"]) == (metric.kind, metric.help)


async def test_variables_have_values(scene: Scene) -> None:
    assert await scene.prometheus.ask("label/job/values", **{"match[]": "mnemosyne_build_info"}) == ["mnemosyne"]


async def test_an_alert_gets_to_the_webhook(scene: Scene) -> None:
    seen = set()
    async with asyncio.timeout(PATIENCE_S):
        while "MnemosyneRunPaused" not in seen:
            told = await scene.sent.get()
            seen |= {alert["labels"]["alertname"] for alert in told["alerts"]}
            for alert in (one for one in told["alerts"] if one["labels"]["alertname"] == "MnemosyneRunPaused"):
                assert alert["labels"]["reason"] == "budget"
                assert alert["labels"]["severity"] == "warning"
                assert alert["annotations"]["runbook_url"].endswith("runbooks.md#mnemosynerunpaused")


async def test_rules_are_healthy(scene: Scene) -> None:
    groups = (await scene.prometheus.ask("rules"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}
    assert len(rules) > 20
