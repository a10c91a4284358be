"""What Grafana is given, by file or over its API: a folder, a data source, the boards, the alert rules."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

FOLDER_UID = "mnemosyne"
FOLDER_TITLE = "Mnemosyne"
GROUP = "mnemosyne"
SOURCE_UID = "mnemosyne-prometheus"

HERE = Path(__file__).parent
BOARDS = HERE / "boards"

Json = dict[str, Any]


def source(prometheus: str) -> Json:
    """The data source. It does not become the default one: Ray's, or a person's, stays that."""
    return {
        "uid": SOURCE_UID,
        "name": "Mnemosyne Prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": prometheus,
        "isDefault": False,
        "jsonData": {"httpMethod": "POST", "timeInterval": "15s"},
    }


def boards() -> Sequence[Json]:
    """As they are committed."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(BOARDS.glob("*.json"))]


def alerts() -> Json:
    """The rule group as it is committed."""
    told: Json = json.loads((HERE / "alerts.json").read_text(encoding="utf-8"))
    return told


def provision(folder: Path, prometheus: str) -> None:
    """Write a folder for Grafana's `paths.provisioning`. Raises OSError."""
    group = alerts()
    rules = [{key: value for key, value in rule.items() if key not in _OF_API} for rule in group["rules"]]
    provider = {"name": "mnemosyne", "folder": FOLDER_TITLE, "folderUid": FOLDER_UID, "type": "file"}
    told: dict[str, Json] = {
        "dashboards": {"providers": [{**provider, "options": {"path": str(BOARDS)}}]},
        "datasources": {"datasources": [source(prometheus)]},
        "alerting": {"groups": [{"orgId": 1, "name": GROUP, "folder": FOLDER_TITLE, "interval": "1m", "rules": rules}]},
    }
    for name, body in told.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump({"apiVersion": 1, **body}, sort_keys=False)
        (folder / name / "mnemosyne.yml").write_text(text, encoding="utf-8")


_OF_API = {"folderUID", "ruleGroup", "orgID"}
"""Said once, of the group, in a file."""
