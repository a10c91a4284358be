"""`dash`: the live page of a home, of its fleet if one is up, else served from here."""

import asyncio
import http.client
import json
import socket
from pathlib import Path
from typing import Annotated

import typer

from actors.errors import UserError
from cluster.cli.options import AsJson, Home
from cluster.fleets import fleet_file, scraping
from cluster.home import config
from dashboards.page_token import PORT, token_of, url

ANSWERS_S = 2.0

Port = Annotated[
    int | None, typer.Option(help="Port on 127.0.0.1; the default is 8420, or a free one.", min=0, max=65_535)
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="dash")(dash)


def dash(port: Port = None, home: Home = None, as_json: AsJson = False) -> None:
    """Print the address of the live page, which shows runs, agents and events, and takes requests.

    A fleet that is up serves it by itself. Without one this command does, beside embedded runs or with no process
    alive, until Ctrl-C. The address holds the home's token: who has it may see and do everything there.

    Examples: `mnemosyne dash`, `mnemosyne dash --port 9000`.
    """
    at = config.make_home(config.resolve_home(home))
    token = token_of(at)
    if port is None and (known := page_of(at)) is not None:
        told(known, token, as_json=as_json)
        return
    from cluster.fleets.around import HomeAround
    from dashboards.listening import serve
    from dashboards.server import Server

    bound = _bound(port)
    served = bound.getsockname()[1]
    told(served, token, as_json=as_json)
    scraping.announce(at, served, token)
    try:
        asyncio.run(serve(Server(config.store_path(at), token, HomeAround(at)).app, bound))
    finally:
        scraping.forget(at, served)


def page_of(home: Path) -> int | None:
    """The port of the page that the home's fleet serves, if it answers."""
    fleet = fleet_file.living(home)
    if fleet is None or fleet.page is None:
        return None
    connection = http.client.HTTPConnection("127.0.0.1", fleet.page, timeout=ANSWERS_S)
    try:
        connection.request("GET", "/health")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return fleet.page


def _bound(port: int | None) -> socket.socket:
    from dashboards.listening import bind

    if port is not None:
        return bind(port)
    try:
        return bind(PORT)
    except UserError:
        return bind(0)


def told(port: int, token: str, *, as_json: bool) -> None:
    """Print the address."""
    address = url(port, token)
    typer.echo(json.dumps({"url": address, "port": port}) if as_json else f"The page: {address}")
