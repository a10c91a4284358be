"""`python -m tests.messages_server [--port N] [--script FILE] | --bench [SECONDS]`.

Prints its address and serves until SIGTERM or Ctrl-C; `GET /ledger` tells what has happened. With --bench it measures
how many requests it answers on one core while a client has another.
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from tests.messages_server.bench import bench
from tests.messages_server.script import Script
from tests.messages_server.server import MessagesServer


async def serve(port: int, script: Script) -> None:
    """Until a signal comes."""
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    async with MessagesServer(script=script, port=port) as server:
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        await done.wait()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.messages_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--script", help="JSON, as tests/messages_server/script.py tells; - reads it from stdin")
    parser.add_argument("--bench", type=float, nargs="?", const=3.0, metavar="SECONDS")
    told = parser.parse_args()
    if told.bench is not None:
        sys.stdout.write(asyncio.run(bench(told.bench)))
        return
    text = "{}" if not told.script else sys.stdin.read() if told.script == "-" else Path(told.script).read_text()
    asyncio.run(serve(told.port, Script.model_validate_json(text)))


if __name__ == "__main__":
    main()
