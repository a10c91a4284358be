"""`secrets`: the user's encrypted file of names and values."""

import json
from typing import Annotated, Any

import typer

from actors.errors import NotFound, UserError
from actors.secrecy import keys
from actors.secrecy.secrets_file import SecretsFile
from cluster.cli import secret_input
from cluster.cli.options import AsJson
from cluster.cli.text import one_line
from cluster.doctor import secret_files
from cluster.home import api_key, secret_changes

app = typer.Typer(help="Keep API keys and other secrets in an encrypted file.", no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(help="As in ANTHROPIC_API_KEY.", callback=secret_input.name, show_default=False, metavar="NAME")
]
From = Annotated[
    list[str] | None,
    typer.Argument(
        help="`-`: read the value from standard input; without it you are asked, and it is not shown.",
        callback=secret_input.source,
        show_default=False,
        metavar="-",
    ),
]


def user_file() -> SecretsFile:
    """The user's file, whether it is there or not. Raises UserError."""
    file = keys.secrets_file()
    if file is None:
        raise UserError("this user has no home directory; name a folder for settings with XDG_CONFIG_HOME")
    return file


@app.command()
def init(as_json: AsJson = False) -> None:
    """Make the encrypted file and the key that opens it, and ask for an API key on a terminal.

    What is there already is left as it is; a second time does nothing.

    Examples: `mnemosyne secrets init`.
    """
    file = user_file()
    made = secret_changes.make(file)
    if as_json:
        typer.echo(json.dumps({"made": made, "file": str(file.path), "identity": str(file.identity)}, indent=2))
        return
    told = "is made" if made else "is there already, and is left as it is"
    typer.echo(one_line(f"{file.path} {told}; {file.identity} opens it: keep a copy of both in a safe place."))
    if made and secret_input.can_ask() and (key := secret_input.asked(f"{keys.KEY}, or nothing").strip()):
        secret_changes.put(file, keys.KEY, secret_input.api_key(key))
        typer.echo(f"{keys.KEY} is kept.")


@app.command(name="set")
def set_(name: Name, given: From = None, as_json: AsJson = False) -> None:
    """Keep a value under a name, in place of an earlier one. The file is made if there is none.

    Examples: `mnemosyne secrets set ANTHROPIC_API_KEY`, `mnemosyne secrets set GRAFANA_TOKEN -`.
    """
    file = user_file()
    file.read()  # refused before anybody types anything
    value = secret_input.value(name, given)
    secret_changes.put(file, name, secret_input.api_key(value) if name == keys.KEY else value)
    facts = {"name": name, "file": str(file.path), "overridden": keys.in_environment(name) is not None}
    told = f"{name} is kept in {file.path}"
    if facts["overridden"]:
        told += f"; the variable {name} is set here as well, and comes first"
    typer.echo(json.dumps(facts, indent=2) if as_json else one_line(f"{told}."))


@app.command()
def get(name: Name, as_json: AsJson = False) -> None:
    """Print the value that is used here: of the environment, else of the file, else of the keychain.

    The one command that prints a secret. Exit code 2: there is none of this name.

    Examples: `mnemosyne secrets get ANTHROPIC_API_KEY`.
    """
    found = keys.find(name, api_key.ask_keychain)
    if found.value is None or found.place is None:
        raise NotFound(f"there is no secret {name}{f', and {found.trouble}' if found.trouble else ''}")
    if as_json:
        typer.echo(json.dumps({"name": name, "value": found.value, "place": found.place.value}, indent=2))
        return
    typer.echo(found.value)
    if found.place is not keys.Place.FILE:
        typer.echo(f"(from the {found.place.value})", err=True)


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List the names in the file, one a line.

    Examples: `mnemosyne secrets list`, `mnemosyne secrets list --json`.
    """
    names = sorted(user_file().read())
    typer.echo(json.dumps({"names": names}, indent=2) if as_json else "\n".join(map(one_line, names)), nl=bool(names))


@app.command()
def delete(name: Name, as_json: AsJson = False) -> None:
    """Remove a name and its value from the file. Exit code 2: it is not there.

    Examples: `mnemosyne secrets delete GRAFANA_TOKEN`.
    """
    file = user_file()
    if not secret_changes.drop(file, name):
        raise NotFound(f"there is no secret {name} in {file.path}")
    typer.echo(json.dumps({"name": name, "deleted": True}, indent=2) if as_json else f"{name} is deleted.")


@app.command()
def info(as_json: AsJson = False) -> None:
    """Say where the file is, how many secrets it holds and who may read it. Never shows a value.

    Examples: `mnemosyne secrets info`.
    """
    file = user_file()
    facts: dict[str, Any] = {
        "file": str(file.path),
        "identity": str(file.identity),
        "there": file.path.exists(),
        "count": len(file.read()),
        "modes": {path.name: mode for path, mode in secret_files.modes(file).items()},
        "open_to_others": [str(path) for path in secret_files.wide(file)],
    }
    typer.echo(json.dumps(facts, indent=2) if as_json else "\n".join(_told(facts)))


def _told(facts: dict[str, Any]) -> list[str]:
    if not facts["there"]:
        return [one_line(f"{facts['file']} is not there yet: `mnemosyne secrets init` makes it.")]
    count = facts["count"]
    lines = [f"{facts['file']}: {count} {'secret' if count == 1 else 'secrets'}", f"{facts['identity']} opens it"]
    lines += [f"{name}: mode {mode}" for name, mode in facts["modes"].items()]
    lines += [f"{path} is open to other users: chmod go= {path}" for path in facts["open_to_others"]]
    return [one_line(line) for line in lines]
