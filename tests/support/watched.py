"""A home in which everything goes wrong, and a real Prometheus that watches it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from actors.stores.group import GroupStore
from dashboards.page_token import derived
from dashboards.prometheus.scraping import RULES
from tests.support import troubles, watchers
from tests.support.pages import TOKEN, page
from tests.support.watchers import Prometheus


class Watched:
    """Goes on as it is told to."""

    def __init__(self, prometheus: Prometheus, store: GroupStore) -> None:
        self.prometheus, self._store, self._rounds = prometheus, store, 0

    async def more(self, rounds: int = 1) -> None:
        """Everything goes wrong once more, and Prometheus has seen it."""
        for _ in range(rounds):
            self._rounds += 1
            await troubles.happen(self._store, self._rounds)
            await self.prometheus.until(f"mnemosyne_runs_finished_total == {self._rounds}")


@asynccontextmanager
async def watched(home: Path, alertmanager: int | None = None) -> AsyncIterator[Watched]:
    """Nothing has gone wrong yet. `alertmanager`: the port of one that gets the alerts."""
    watchers.program("prometheus")
    store = GroupStore(home / "store.db")
    await troubles.begin(store)
    async with page(home) as served:
        token = home / "metrics-token"
        token.write_text(derived(TOKEN, "/metrics"))
        job = {
            "job_name": "mnemosyne",
            "authorization": {"credentials_file": str(token)},
            "static_configs": [{"targets": [served.base.removeprefix("http://")]}],
        }
        managers = [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}] if alertmanager else []
        config = {"scrape_configs": [job], "rule_files": [str(RULES)], "alerting": {"alertmanagers": managers}}
        async with watchers.prometheus(home, config) as prometheus:
            await prometheus.until("mnemosyne_runs_accepted_total")
            yield Watched(prometheus, store)
    await store.close()
