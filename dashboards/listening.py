"""A socket on this machine's loopback that is bound before anything else begins, and the server behind it."""

import asyncio
import errno
import socket

import uvicorn
from starlette.types import ASGIApp

from actors.errors import UserError

BACKLOG = 512

SENT = 262_144
"""Bytes that the kernel keeps of what a reader has not taken yet; more would hide that it is slow."""

GRACE_S = 2


def bind(port: int) -> socket.socket:
    """It listens on 127.0.0.1 from now on: whoever connects is answered once the server is there. Port 0 is any.

    Raises UserError.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # readers of the one before linger
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT)
    try:
        bound.bind(("127.0.0.1", port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be had: {error.strerror}"
        raise UserError(f"port {port} of 127.0.0.1 {why}; name another with --port") from None
    return bound


async def serve(app: ASGIApp, bound: socket.socket) -> None:
    """Answer on this socket until the process is asked to end, or this is cancelled."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # addresses hold the token once
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
        ws="none",
        lifespan="on",
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[bound]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
