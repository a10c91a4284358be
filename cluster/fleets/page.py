"""The page's process in a fleet."""

import asyncio
import logging
import os
from functools import partial
from pathlib import Path

from actors.errors import MnemosyneError
from actors.handles.agent import RemoteAgent
from actors.handles.names import PAGE
from actors.machine import garbage, process_memory
from actors.processes.process import Process
from cluster.fleets import scraping
from cluster.fleets.around import HomeAround
from cluster.home.config import store_path
from dashboards.page_token import token_of

AGAIN_S = 1.0
"""A port that another process still has is tried again so far apart."""

log = logging.getLogger(__name__)


class PageProcess(Process):
    """The page's process in a fleet: it comes back on its port, and its readers with their cursors."""

    def __init__(self, home: str, port: int, namespace: str) -> None:
        super().__init__(PAGE)
        garbage.calm()
        process_memory.outlive_agents()
        os.umask(0o077)
        self._home, self._port = Path(home), port
        self._around = HomeAround(self._home, partial(RemoteAgent, namespace=namespace))
        self._serving = asyncio.ensure_future(self._serve())

    async def _serve(self) -> None:
        from dashboards.listening import bind, serve  # whoever starts a fleet imports this module
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
