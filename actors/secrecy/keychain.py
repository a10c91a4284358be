"""The keychain of the operating system, asked by a process of its own: a locked one never holds anybody up for long."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

SERVICE = "mnemosyne"

LIMIT_S = 10.0
"""Half a second on an idle machine; more than this is a keychain that waits for its password."""
CONFIRM_LIMIT_S = 120.0
"""Where a person sits there, who may unlock it."""

CHILD = Path(__file__).with_name("keychain_child.py")

Action = Literal["get", "set", "delete"]


class Answer(NamedTuple):
    """What the keychain said."""

    value: str | None = None
    trouble: str = ""
    """Why it could not be asked, or did not answer; empty if it has no such secret, or if there is no keychain."""


def is_there(environment: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether it is worth asking: headless machines have none, and asking takes a process."""
    chosen = "DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND"
    return platform == "darwin" or any(environment.get(name) for name in chosen)


def ask(
    action: Action,
    name: str,
    environment: Mapping[str, str],
    value: str = "",
    limit_s: float = LIMIT_S,
) -> Answer:
    """Get, set or delete a secret; `value` goes through a pipe. Never raises, and returns within about `limit_s`."""
    command = [sys.executable, "-P", str(CHILD), action, SERVICE, name]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    try:
        # a session of its own: what it starts ends with it, and Ctrl-C does not reach it first
        child = subprocess.Popen(command, env=dict(environment), start_new_session=True, **pipes)  # type: ignore[call-overload]  # noqa: S603
    except OSError as error:
        return Answer(trouble=f"the keychain could not be asked: {error.strerror}")
    with child:
        try:
            told, _ = child.communicate(value.encode(), limit_s)
        except subprocess.TimeoutExpired:
            return Answer(trouble=f"the keychain did not answer within {limit_s:g} s; is it locked?")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
    try:
        return Answer(**json.loads(told))
    except (ValueError, TypeError):
        return Answer(trouble="the keychain could not be asked: its process ended without an answer")
