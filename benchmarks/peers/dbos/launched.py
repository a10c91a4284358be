"""DBOS in this process, while a block runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from dbos import DBOS


@contextmanager
def launched(url: str) -> Iterator[None]:
    """Its system database is there; one version and one executor, so that it goes on with what was begun before."""
    told = {"name": "peer", "system_database_url": url, "run_admin_server": False, "log_level": "ERROR"}
    DBOS(config={**told, "application_version": "1", "executor_id": "1"})
    DBOS.launch()
    try:
        yield
    finally:
        DBOS.destroy()
