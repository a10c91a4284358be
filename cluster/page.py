"""The page's process in a fleet."""

import asyncio
import logging
import os
from functools import partial
from pathlib import Path

from actors.errors import MnemosyneError
from actors.machine import garbage, process_memory
from actors.machine.ticker import Ticker
from actors.remote import RemoteAgent, title
from actors.supervision.wards import Pulse
from cluster import scraping
from cluster.around import HomeAround
from cluster.config import store_path
from dashboards.page_token import token_of

AGAIN_S = 1.0
"""A port that another process still has is tried again so far apart."""

log = logging.getLogger(__name__)


class PageProcess:
    """The page's process in a fleet: it comes back on its port, and its readers with their cursors."""

    CONTROL = ("pulse",)

    def __init__(self, home: str, port: int, namespace: str) -> None:
        garbage.calm()
        process_memory.outlive_agents()
        os.umask(0o077)
        self._home, self._port = Path(home), port
        self._around = HomeAround(self._home, partial(RemoteAgent, namespace=namespace))
        self._ticker = Ticker()
        self._serving = asyncio.ensure_future(self._serve())

    def __repr__(self) -> str:
        return title("page")

    async def _serve(self) -> None:
        from dashboards.listening import bind, serve  # every process of the fleet imports this module
        from dashboards.server import Server

        while True:
            try:
                token = token_of(self._home)
                server, bound = Server(store_path(self._home), token, self._around), bind(self._port)
                scraping.announce(self._home, self._port, token)
                await serve(server.app, bound)
                return
            except MnemosyneError as error:
                log.warning("the page is tried again: %s", error)
                await asyncio.sleep(AGAIN_S)
            except BaseException:
                log.exception("the page failed and begins anew")
                os._exit(1)

    async def pid(self) -> int:
        """Of this process."""
        return os.getpid()

    async def pulse(self) -> Pulse:
        """How it does."""
        return Pulse(0, self._ticker.age_s)
