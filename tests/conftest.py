"""Every test starts from a clean environment: no key, no setting and no home of the person who runs it."""

import os
import tempfile

import pytest

FOREIGN = ("ANTHROPIC_", "MNEMOSYNE_", "RAY_")
"""Prefixes of variables that would change what is tested: a real key, a real home, a running cluster's address."""


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is imported, for this process and all that it starts."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    os.environ["RAY_AUTH_MODE"] = "token"
    home = tempfile.TemporaryDirectory(prefix="mnemosyne-home-", ignore_cleanup_errors=True)
    config.add_cleanup(home.cleanup)
    os.environ["HOME"] = home.name
