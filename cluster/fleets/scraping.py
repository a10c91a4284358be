"""Tells Prometheus where the page of a home is, as far as the disk lets it: the page itself does not need that."""

import logging
from pathlib import Path

from actors.errors import HomeUnusable
from cluster.fleets import fleet_file
from dashboards.prometheus import scraping

log = logging.getLogger(__name__)


def announce(home: Path, port: int, token: str) -> None:
    """The page is served at this port from now on."""
    try:
        fleet = fleet_file.read(home)
        scraping.tell(home, port, token, home / "ray" if fleet is None or fleet.on_cluster else fleet.folder)
    except (OSError, HomeUnusable) as error:
        log.warning("Prometheus is not told of the page: %s", error)


def forget(home: Path, port: int) -> None:
    """It is not any more, unless another one has been announced since."""
    try:
        if scraping.announced(home) == port:
            scraping.forget(home)
    except OSError as error:
        log.warning("Prometheus is not told that the page has ended: %s", error)
