"""Prometheus and Grafana beside the fleet: whether they answer where they are looked for."""

import http.client
from typing import NamedTuple
from urllib.parse import urlsplit

from cluster.home import config

ANSWERS_S = 0.5
"""They are on this machine, or near."""


class Window(NamedTuple):
    """A program that shows what a fleet does. `url` is None if nobody answers there."""

    name: str
    looked_for: str
    url: str | None


def prometheus() -> Window:
    """As Ray's RAY_PROMETHEUS_HOST says, or on its usual port."""
    return _looked("Prometheus", config.prometheus_url(), "/-/ready")


def grafana() -> Window:
    """As GRAFANA_URL says, or on its usual port."""
    return _looked("Grafana", config.grafana_url(), "/api/health")


def _looked(name: str, url: str, path: str) -> Window:
    return Window(name, url, url if answers(url, path) else None)


def answers(url: str, path: str) -> bool:
    """Whether a program says there that it is well."""
    try:
        at = urlsplit(url)
        kind = http.client.HTTPSConnection if at.scheme == "https" else http.client.HTTPConnection
        connection = kind(at.hostname or "", at.port, timeout=ANSWERS_S)
    except (ValueError, http.client.InvalidURL):
        return False
    try:
        connection.request("GET", f"{at.path.rstrip('/')}{path}")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
