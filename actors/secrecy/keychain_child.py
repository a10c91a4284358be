"""One question to the keychain, in a process that may be killed: `keychain_child.py ACTION SERVICE NAME`.

A value to be set comes on standard input; the answer goes to standard output, as JSON. Imports nothing of ours.
"""

import json
import sys
from typing import Any

SAFE = 1
"""Priority, in keyring's own scale, of what keeps secrets encrypted and needs no hand to set it up."""


def backends() -> list[Any]:
    """The keychains of this machine that may be used, best first."""
    import keyring

    chosen = keyring.get_keyring()
    return [one for one in getattr(chosen, "backends", [chosen]) if _priority(one) >= SAFE]


def _priority(backend: Any) -> float:
    try:
        return float(backend.priority)
    except Exception:  # it says so where it cannot work
        return 0.0


def answer(action: str, service: str, name: str) -> dict[str, str | None]:
    """What the first of them says."""
    found = backends()
    if not found:
        return {} if action == "get" else {"trouble": "this machine has no keychain that keeps secrets encrypted"}
    match action:
        case "get":
            return {"value": next((value for one in found if (value := one.get_password(service, name))), None)}
        case "set":
            found[0].set_password(service, name, sys.stdin.buffer.read().decode())
            return {}
        case _:
            return {"value": _delete(found, service, name)}


def _delete(found: list[Any], service: str, name: str) -> str | None:
    """`deleted` if one of them had it."""
    having = [one for one in found if one.get_password(service, name) is not None]
    for one in having:
        one.delete_password(service, name)
    return "deleted" if having else None


if __name__ == "__main__":
    try:
        told = answer(*sys.argv[1:])
    except ImportError:
        told = {} if sys.argv[1] == "get" else {"trouble": "the package keyring is not installed"}
    except Exception as error:  # its text is left out: nobody knows what a keychain writes into one
        told = {"trouble": f"the keychain refused: {type(error).__name__}"}
    sys.stdout.write(json.dumps(told))
