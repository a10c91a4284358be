"""Can the secrets file be opened, and by its owner alone?"""

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from actors.errors import SecretsUnusable
from actors.secrecy.secrets_file import SecretsFile
from cluster.doctor.finding import Finding, broken, ok, warning

OTHERS_ENTER = 0o022
"""Whoever may write into the folder may put another file there."""
OTHERS_READ = 0o077


def modes(file: SecretsFile) -> Mapping[Path, str]:
    """The permissions of what is there, as in 0600."""
    present = [path for path in (file.folder, file.path, file.identity) if path.exists()]
    return {path: f"{stat.S_IMODE(path.stat().st_mode):04o}" for path in present}


def wide(file: SecretsFile) -> list[Path]:
    """What other users could read or replace."""
    closed = {file.folder: OTHERS_ENTER, file.path: OTHERS_READ, file.identity: OTHERS_READ}
    return [path for path, mask in closed.items() if path.exists() and path.stat().st_mode & mask]


def secrets(file: SecretsFile | None) -> Iterator[Finding]:
    """The file, the key that opens it, and their folder."""
    if file is None:
        yield ok("secrets", "this user has no home directory, so no secrets file")
        return
    try:
        count = len(file.read())
    except SecretsUnusable as error:
        yield broken("secrets", str(error), "`mnemosyne secrets info` says whether it helped")
        return
    if open_to_others := wide(file):
        told = ", ".join(map(str, open_to_others))
        yield warning("secrets", f"open to other users: {told}", f"chmod go= {' '.join(map(str, open_to_others))}")
    elif file.path.exists():
        yield ok("secrets", f"{file.path} holds {count}")
    else:
        yield ok("secrets", "no secrets file; `mnemosyne secrets init` makes one")
