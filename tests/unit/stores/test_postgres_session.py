"""What a session asks of the server's end: a machine that is gone without a word is noticed."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from actors.stores.postgres import server
from actors.stores.postgres.connection import Connection
from cluster.fleets import head
from tests.support import servers
from tests.support.servers import PostgresServer

NOTICED = {
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}


def asked(address: str) -> dict[str, tuple[int, str]]:
    """By name what holds in a session of ours, and who said so. A Unix socket says 0."""
    with closing(Connection(server.parse(address), "store")) as db:
        sql = "select name, setting, source from pg_settings where name like 'tcp%' order by name"
        return {str(name): (int(setting), str(source)) for name, setting, source in db.execute(sql).fetchall()}


@pytest.fixture
def over_tcp(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a server that listens on a port."""
    del postgres_server  # skips where none is installed
    port = head.free_port()
    quick = (*(told for told in servers.QUICK if "listen" not in told), "listen_addresses=127.0.0.1", f"port={port}")
    made = PostgresServer(Path(tempfile.mkdtemp(prefix="mnemosyne-pg-")), quick)
    yield f"postgresql://tester@127.0.0.1:{port}/postgres"
    made.remove()


def test_the_server_looks_whether_a_silent_machine_is_there(over_tcp: str) -> None:
    assert asked(over_tcp) == {name: (value, "session") for name, value in NOTICED.items()}
    assert NOTICED["tcp_keepalives_idle"] + NOTICED["tcp_keepalives_interval"] * NOTICED["tcp_keepalives_count"] < 30


def test_a_unix_socket_takes_the_same(postgres: PostgresServer) -> None:
    assert asked(postgres.address()) == dict.fromkeys(NOTICED, (0, "session"))
