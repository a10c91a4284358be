"""Every test starts from a clean environment: no key, no setting and no home of the person who runs it."""

import os
import tempfile
from collections.abc import Iterator

import hypothesis
import pytest

from tests.support import servers
from tests.support.servers import PostgresServer

FOREIGN = ("ANTHROPIC_", "MNEMOSYNE_", "RAY_", "PG")
"""Prefixes of variables that would change what is tested: a real key, a real home, a running cluster's address."""


# What a loaded machine takes its time for is no mistake of the code.
SLOW = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("ours", deadline=None, suppress_health_check=SLOW)
hypothesis.settings.load_profile("ours")


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is imported, for this process and all that it starts."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    os.environ["RAY_AUTH_MODE"] = "token"
    home = tempfile.TemporaryDirectory(prefix="mnemosyne-home-", ignore_cleanup_errors=True)
    config.add_cleanup(home.cleanup)
    os.environ["HOME"] = home.name


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server; skips with the reason if none is installed, and fails in CI."""
    if servers.binary("initdb") is None:
        why = "no PostgreSQL server is installed; Debian's package is postgresql"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    server = servers.make()
    yield server
    server.remove()


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> PostgresServer:
    """The server, with no store in it."""
    postgres_server.clear()
    return postgres_server
