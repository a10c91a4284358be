"""Every alert fires when it should and is silent when not, by promtool; has its runbook; asks for metrics there are."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.grafana import generate
from dashboards.grafana.generate import BOARDS
from dashboards.metrics import table
from dashboards.prometheus.scraping import RULES
from tests.support.alert_cases import CASES
from tests.support.watchers import program

GROUPS = yaml.safe_load(RULES.read_text())["groups"]
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}
RECORDED = {rule["record"] for group in GROUPS for rule in group["rules"] if "record" in rule}
RUNBOOKS = Path(__file__).parents[3] / "docs" / "runbooks.md"


EXPORTERS = {"MnemosyneExporterDown", "MnemosyneLabelCardinalityHigh"}
"""They look at Prometheus' own job; every other alert gets one of its own here, so that all share a history."""


def history(fires: bool) -> dict[str, Any]:
    """All alerts' cases at once, for promtool, which takes seconds for each history."""
    given, asked = [], []
    for name in sorted(ALERTS):
        case, job = CASES[name], "mnemosyne" if name in EXPORTERS else name
        series = {
            key.replace('job="mnemosyne"', f'job="{job}"'): v
            for key, v in (case.fires if fires else case.silent).items()
        }
        given += [{"series": key, "values": values} for key, values in series.items()]
        own = {"alertname": name, "alertstate": "firing"} | ({"job": job} if "job" in case.labels else {})
        labels = {**own, **ALERTS[name]["labels"], **case.labels, **own}
        samples = [{"labels": f"ALERTS{{{told(labels)}}}", "value": 1}] if fires else []
        asked.append({"expr": f"ALERTS{{{told(own)}}}", "eval_time": f"{case.minutes}m", "exp_samples": samples})
    return {"interval": "1m", "input_series": given, "promql_expr_test": asked}


def told(labels: dict[str, str]) -> str:
    return ", ".join(f'{key}="{value}"' for key, value in labels.items())


def test_every_alert_has_its_cases_and_its_runbook() -> None:
    assert set(CASES) == set(ALERTS)
    headings = set(re.findall(r"^## (\w+)$", RUNBOOKS.read_text(), re.MULTILINE))
    assert headings == set(ALERTS)
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks.md#{name.lower()}"
        assert rule["labels"]["severity"] in ("critical", "warning", "info")


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_a_runbook_says_what_to_do(name: str) -> None:
    _, _, rest = RUNBOOKS.read_text().partition(f"## {name}\n")
    section = rest.split("\n## ")[0]
    for part in ("Meaning", "Impact", "Diagnosis", "Mitigation"):
        assert re.search(rf"^- \*\*{part}\*\*: \S", section, re.MULTILINE), part


def test_alerts_fire_when_they_should_and_only_then(tmp_path: Path) -> None:
    path = tmp_path / "rules_test.yml"
    tests = [history(True), history(False)]
    path.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    done = subprocess.run([program("promtool"), "test", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def names_in(expr: str) -> set[str]:
    """Metrics and recorded series of an expression."""
    bare = re.sub(r"\{[^}]*\}|\"[^\"]*\"|\[[^\]]*\]", "", expr)
    return set(re.findall(r"\b(?:mnemosyne_\w+|gen_ai_\w+(?:_count|_bucket|_sum)|\w+:\w+:\w+)\b", bare))


def known() -> set[str]:
    """What there is to ask for."""
    parts = {f"{m.name}_{part}" for m in table.METRICS if m.kind == "histogram" for part in ("count", "sum", "bucket")}
    return {metric.name for metric in table.METRICS} | parts | RECORDED


def test_rules_and_boards_ask_for_metrics_that_exist_and_every_metric_is_shown() -> None:
    queries = [query.expr for board in BOARDS for panel in board.panels for query in panel.queries]
    rules = [rule["expr"] for group in GROUPS for rule in group["rules"]]
    asked = {name for expr in queries + rules for name in names_in(expr)}
    assert asked <= known()
    histograms = {metric.name for metric in table.METRICS if metric.kind == "histogram"}
    whole = {name: re.sub(r"_(count|sum|bucket)$", "", name) for name in asked}
    shown = {of if of in histograms else name for name, of in whole.items()}
    unshown = {metric.name for metric in table.METRICS} - shown
    assert unshown == {"gen_ai_client_token_usage", "mnemosyne_model_holds_total", *UNSHOWN}


UNSHOWN = {"mnemosyne_model_in_flight_calls", "mnemosyne_journal_seq", "mnemosyne_journal_last_event_timestamp_seconds"}
"""For those who ask themselves."""


def test_generated_files_are_those_that_are_committed() -> None:
    for path, text in generate.files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path}: make docs"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_a_board_is_what_grafana_knows(board: Any) -> None:
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import Dashboard

    told = json.loads((generate.FOLDER / f"{board.uid}.json").read_text())
    assert json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(told))) == told
    panels = [panel for panel in told["panels"] if panel["type"] != "row"]
    assert len(panels) <= 20
    assert len({panel["id"] for panel in told["panels"]}) == len(told["panels"])
    for panel in panels:
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
    for target in (target for panel in panels for target in panel["targets"]):
        assert not re.search(r"(rate|increase)\([^)]*\[\d", target["expr"]), "a fixed range"
    assert told["editable"] is False
    links = {link["url"] for link in told["links"]}
    assert links == {"/d/rayDefaultDashboard", *(f"/d/{other.uid}" for other in BOARDS if other.uid != board.uid)}


def test_grafana_gets_every_alert() -> None:
    told = json.loads((generate.FOLDER.parent / "alerts.json").read_text())
    assert {rule["title"] for rule in told["rules"]} == set(ALERTS)
    assert all(len(rule["uid"]) <= 40 for rule in told["rules"])
