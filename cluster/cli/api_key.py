"""`config set-key`, `show-key`, `delete-key`: the one secret that everybody needs."""

import json
from typing import Annotated

import typer

from actors.errors import NotFound, UserError
from actors.secrecy import keychain, keys
from cluster.cli import secret_input
from cluster.cli.options import AsJson
from cluster.cli.secret import From, user_file
from cluster.cli.text import one_line
from cluster.home import api_key, secret_changes

app = typer.Typer(help="Set, show or delete the API key.", no_args_is_help=True)

Keychain = Annotated[bool, typer.Option("--keychain", help="Keep it in the system's keychain instead.")]

LEAST = 24
"""A shorter key is not shown in part: too much of it would be."""


@app.command()
def set_key(given: From = None, in_keychain: Keychain = False, as_json: AsJson = False) -> None:
    """Keep the API key in the secrets file, or in the keychain. You are asked for it; it is not shown.

    Examples: `mnemosyne config set-key`, `mnemosyne config set-key -`, `mnemosyne config set-key --keychain`.
    """
    if not in_keychain:
        user_file().read()  # refused before anybody types anything
    key = secret_input.api_key(secret_input.value(keys.KEY, given))
    if in_keychain:
        _ask("set", key)
    else:
        secret_changes.put(user_file(), keys.KEY, key)
    place = keys.Place.KEYCHAIN if in_keychain else keys.Place.FILE
    first = api_key.find_key()
    notes = [] if key.startswith("sk-ant-") else ["it does not begin with sk-ant-, as keys of Anthropic do"]
    if first.place is not place and first.value:
        notes.append(f"the one in the {first.place} comes first")
    if as_json:
        typer.echo(json.dumps({"place": place.value, "notes": notes}, indent=2))
    else:
        typer.echo(f"The key is kept in the {place}{'; '.join(['', *notes])}.")


@app.command()
def show_key(as_json: AsJson = False) -> None:
    """Show where the API key comes from, and its last four characters. Exit code 2: there is none.

    Examples: `mnemosyne config show-key`.
    """
    found = api_key.find_key()
    if found.value is None or found.place is None:
        trouble = f", and {found.trouble}" if found.trouble else ""
        raise NotFound(f"there is no API key{trouble}; `mnemosyne config set-key` keeps one")
    facts = {"key": masked(found.value), "place": found.place.value}
    typer.echo(json.dumps(facts, indent=2) if as_json else f"{facts['key']} (from the {facts['place']})")


@app.command()
def delete_key(as_json: AsJson = False) -> None:
    """Remove the API key from the secrets file and from the keychain; a variable stays as it is.

    Examples: `mnemosyne config delete-key`.
    """
    deleted = [keys.Place.FILE] if secret_changes.drop(user_file(), keys.KEY) else []
    answer = api_key.ask_keychain(keys.KEY)
    if answer.value and _ask("delete"):
        deleted.append(keys.Place.KEYCHAIN)
    left = keys.in_environment() is not None
    if answer.trouble:
        typer.echo(f"mnemosyne: {answer.trouble}", err=True)
    if as_json:
        typer.echo(json.dumps({"deleted": [place.value for place in deleted], "in_environment": left}, indent=2))
        return
    told = f"The key is deleted from the {' and the '.join(deleted)}." if deleted else "No key was kept."
    typer.echo(one_line(f"{told}{f' The variable {keys.KEY} is still set.' if left else ''}"))


def masked(key: str) -> str:
    """The key for people who know it."""
    return f"{'sk-ant-' if key.startswith('sk-ant-') else ''}…{key[-4:]}" if len(key) >= LEAST else "…"


def _ask(action: keychain.Action, value: str = "") -> str | None:
    answer = keychain.ask(action, keys.KEY, keys.without_key(), value, keychain.CONFIRM_LIMIT_S)
    if answer.trouble:
        raise UserError(f"{answer.trouble}; without --keychain the key is kept in the secrets file")
    return answer.value
