"""The folder `prometheus/` of a home: a token, where to scrape, and a configuration that uses both."""

import json
import os
import secrets
from pathlib import Path

from dashboards.page_token import METRICS, derived

RULES = Path(__file__).parent / "rules.yml"

RAY_TARGETS = "prom_metrics_service_discovery.json"
"""Ray keeps this file in its own folder."""

CONFIG = """# Written by mnemosyne: prometheus --config.file={folder}/prometheus.yml --storage.tsdb.path={folder}/data
global: {{scrape_interval: 15s, evaluation_interval: 15s}}
rule_files: [{rules}]
alerting:
  alertmanagers:
    - static_configs: [{{targets: ['127.0.0.1:9093']}}]
scrape_configs:
  - job_name: mnemosyne
    authorization: {{credentials_file: {token}}}
    file_sd_configs: [{{files: [{targets}], refresh_interval: 10s}}]
  - job_name: ray
    file_sd_configs: [{{files: [{ray}], refresh_interval: 10s}}]
"""


def folder_of(home: Path) -> Path:
    """Where it all is."""
    return home / "prometheus"


def tell(home: Path, port: int, token: str, ray: Path) -> None:
    """The page of this home is at this port now. `token`: the home's; `ray`: Ray's own folder. Raises OSError."""
    folder = folder_of(home)
    folder.mkdir(mode=0o700, exist_ok=True)
    _write(folder / "token", derived(token, METRICS))
    quoted = {
        "rules": RULES,
        "token": folder / "token",
        "targets": folder / "targets.json",
        "ray": ray / RAY_TARGETS,
    }
    paths = {name: json.dumps(str(path)) for name, path in quoted.items()}
    _write(folder / "prometheus.yml", CONFIG.format(folder=folder, **paths))
    _write(folder / "targets.json", json.dumps([{"targets": [f"127.0.0.1:{port}"], "labels": {}}]))


def announced(home: Path) -> int | None:
    """The port that Prometheus was told of last; None if there is none. Raises OSError."""
    try:
        (told,) = json.loads((folder_of(home) / "targets.json").read_bytes())
        return int(told["targets"][0].rpartition(":")[2])
    except (FileNotFoundError, ValueError, KeyError, IndexError, TypeError):
        return None


def forget(home: Path) -> None:
    """Nobody serves the page any more: there is nothing to scrape, and nothing is down. Raises OSError."""
    if (targets := folder_of(home) / "targets.json").exists():
        _write(targets, "[]")


def _write(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner only."""
    new = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
    new.replace(path)
