"""Prometheus' alert rules as a rule group of Grafana's own: the same queries, names, labels and waits."""

from collections.abc import Mapping
from typing import Any

from dashboards.grafana.content import FOLDER_UID, GROUP, SOURCE_UID

WINDOW_S = 600

Json = dict[str, Any]


def rule_group(rules: Mapping[str, Any]) -> Json:
    """From the rule file. Its recording rules stay in Prometheus, which these ask."""
    alerts = [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    return {"title": GROUP, "folderUid": FOLDER_UID, "interval": 60, "rules": [_rule(alert) for alert in alerts]}


def _rule(alert: Mapping[str, Any]) -> Json:
    name = alert["alert"]
    return {
        "uid": name.lower()[:40],
        "title": name,
        "ruleGroup": GROUP,
        "folderUID": FOLDER_UID,
        "orgID": 1,
        "condition": "B",
        "data": [_query(alert["expr"]), _any()],
        "for": alert.get("for", "0s"),
        "noDataState": "OK",
        "execErrState": "Error",
        "labels": dict(alert["labels"]),
        "annotations": dict(alert["annotations"]),
    }


def _query(expr: str) -> Json:
    model = {"refId": "A", "expr": expr, "instant": True, "range": False}
    window = {"from": WINDOW_S, "to": 0}
    return {"refId": "A", "datasourceUid": SOURCE_UID, "relativeTimeRange": window, "model": model}


def _any() -> Json:
    """Fires for every series that the query has: comparing is the query's part."""
    evaluator = {"type": "gt", "params": [-1e300]}
    model = {
        "refId": "B",
        "type": "threshold",
        "datasource": {"type": "__expr__", "uid": "__expr__"},
        "expression": "A",
        "conditions": [{"evaluator": evaluator}],
    }
    return {"refId": "B", "datasourceUid": "__expr__", "relativeTimeRange": {"from": 0, "to": 0}, "model": model}
