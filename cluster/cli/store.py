"""`store backup`, `store check`, `store vacuum`, `store prune`: the journal's file kept well."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from actors.errors import StoreLocked, UserError
from actors.stores import copying, refusals, upkeep
from actors.stores.holder import holder
from actors.stores.inspection import inspect
from actors.stores.kinds import open_writer
from actors.stores.place import is_on_server
from actors.stores.reader import Reader
from actors.stores.sqlite import SqliteStore
from actors.stores.writer import Writer
from cluster.cli.journal import opened
from cluster.cli.options import AsJson, Home
from cluster.cli.text import forgive, one_line
from cluster.home.config import store_of
from cluster.results.files import remove_folder
from dashboards.metrics.snapshot import bring_up

app = typer.Typer(help="Back up, check and tidy the home's store.", no_args_is_help=True)

UNITS = {"m": 60, "h": 3600, "d": 86_400}
DURATION = re.compile(r"(\d{1,6})([mhd])")
FINDINGS = 1
"""Exit code of `check` when something is wrong."""

BACKUP = (
    "`pg_dump --format=custom --schema=mnemosyne DATABASE` copies it beside living runs, `pg_restore` brings it back"
)
VACUUM = "its autovacuum gives the room of what was removed to what comes; `VACUUM FULL` in psql gives it to the disk"


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; it must not be there yet.", show_default=False)],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Copy the store into one file, beside living runs; it holds everything that was acknowledged when it began.

    The file is there whole or not at all. To bring it back, see docs/store.md.

    Examples: `mnemosyne store backup monday.db`.
    """
    path = store_of(home)
    _refuse_on_server(path, BACKUP)
    _check_target(file)
    with opened(path.parent) as reader, refusals.told(file):
        copying.copy(reader.db, file)
    with closing(Reader(file)) as reader:
        facts: dict[str, Any] = {"file": str(file.absolute()), "bytes": file.stat().st_size, "runs": len(reader.runs())}
    _say(f"{one_line(str(file))}: {_count(facts['runs'], 'run')}, {_bytes(facts['bytes'])}", facts, as_json)


def _refuse_on_server(store: Path, instead: str) -> None:
    if is_on_server(store):
        raise UserError(f"this home's store is a PostgreSQL database: {instead}; see docs/store.md")


def _check_target(file: Path) -> None:
    if file.exists() or file.is_symlink():
        raise UserError(f"{file} is there already and is not replaced; name another file")
    if not file.parent.is_dir():
        raise UserError(f"{file.parent} is no folder; make it first")


@app.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(help="A copy to check; the default is the home's own store.", show_default=False)
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Read the whole store, beside living runs, and tell whatever is wrong with it. Changes nothing.

    Exit code 0: all is well, 1: there are findings, each with its cure.

    Examples: `mnemosyne store check`, `mnemosyne store check monday.db`.
    """
    path = file or store_of(home)
    with refusals.told(path):
        findings = list(inspect(path))
    facts = {"store": str(path), "ok": not findings, "findings": [finding._asdict() for finding in findings]}
    lines = [f"{finding.what}; {finding.cure}" for finding in findings]
    lines.append(f"{path}: {_count(len(findings), 'finding')}." if findings else f"{path}: all is well.")
    _say("\n".join(map(one_line, lines)), facts, as_json)
    raise typer.Exit(FINDINGS if findings else 0)


@app.command()
def vacuum(home: Home = None, as_json: AsJson = False) -> None:
    """Give the room of what was removed back to the disk. No process may write the store meanwhile.

    Needs about as much free room as the store has, for a while.

    Examples: `mnemosyne store vacuum`.
    """
    path = store_of(home)
    _refuse_on_server(path, VACUUM)
    with _writer(path) as store:
        assert isinstance(store, SqliteStore)
        sizes = upkeep.vacuum(store)
    told = f"{_bytes(sizes.before)} before, {_bytes(sizes.after)} now"
    _say(told, {"bytes_before": sizes.before, "bytes_after": sizes.after}, as_json)


def duration(text: str) -> float:
    """Seconds of 30d, 12h, 90m. Raises BadParameter."""
    if not (match := DURATION.fullmatch(text.strip())):
        raise typer.BadParameter("has to be a number of days, hours or minutes, as in 30d, 12h, 90m")
    return float(match[1]) * UNITS[match[2]]


@app.command()
def prune(
    older_than: Annotated[
        Any, typer.Option(parser=duration, metavar="DURATION", help="How long ago they ended, as in 30d, 12h, 90m.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list them.")] = False,
    keep_files: Annotated[bool, typer.Option("--keep-files", help="Leave the results in the home's runs/.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Remove finished runs that ended long ago, with their results. No process may write the store meanwhile.

    Runs that are not finished stay, and so does every text that another run refers to. `store vacuum` afterwards
    gives the room back to the disk.

    Examples: `mnemosyne store prune --older-than 30d --dry-run`, `mnemosyne store prune --older-than 12h --json`.
    """
    path, before = store_of(home), time.time() - older_than
    if dry_run:
        with opened(path.parent) as reader:
            runs = upkeep.finished_before(reader.db, before)
        payloads = None
    else:
        with _writer(path) as store:
            bring_up(path)  # before the rows go: counters do not fall
            runs = upkeep.finished_before(store.db, before)
            for old in runs:
                if not keep_files:  # before the run itself: killed in between, the next prune finds it again
                    remove_folder(path.parent, old.run)
                upkeep.remove(store, old)
            payloads = upkeep.remove_payloads(store)
    facts = {"dry_run": dry_run, "runs": [_facts(old) for old in runs], "payloads": payloads}
    lines = [f"{old.run}  {old.key or '-'}  {old.name}  {_count(old.items, 'item')}" for old in runs]
    lines.append(f"{_count(len(runs), 'run')} {'would be removed' if dry_run else 'removed'}")
    _say("\n".join(map(one_line, lines)), facts, as_json)


def _facts(old: upkeep.Old) -> dict[str, Any]:
    return {"run": old.run, "key": old.key, "name": old.name, "items": old.items, "finished_at": old.finished_at}


@contextmanager
def _writer(path: Path) -> Iterator[Writer]:
    """The store, which nobody else writes meanwhile. Raises StoreLocked, and StoreUnusable if there is none."""
    with opened(path.parent):
        pass  # there is one, and it is ours
    try:
        store = open_writer(path)
    except StoreLocked:
        pid = holder(path)
        who = "another process" if pid is None else f"process {pid}"
        raise StoreLocked(
            f"{who} writes {path}: runs are under way; wait until `mnemosyne status` shows none, or `mnemosyne down` "
            "if a fleet is up; then try again"
        ) from None
    try:
        yield store
    finally:
        store.close()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _bytes(number: int) -> str:
    return f"{number / 1_000_000:.1f} MB" if number >= 100_000 else f"{number / 1000:.1f} kB"


def _say(told: str, facts: dict[str, Any], as_json: bool) -> None:
    forgive(Console())
    typer.echo(json.dumps(facts, indent=2) if as_json else told)
