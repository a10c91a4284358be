"""Can the fleet's folder be used, and by its owner alone?"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from actors.errors import HomeUnusable
from cluster.doctor.finding import Finding, broken, ok, warning
from cluster.doctor.machine import existing
from cluster.fleets import fleet_file

OTHER = "name another with --home or MNEMOSYNE_HOME"
OTHERS = 0o077


def home(folder: Path) -> Iterator[Finding]:
    """The folder itself."""
    here = existing(folder)
    if not here.is_dir():
        yield broken("home", f"{here} is not a folder", OTHER)
    elif not os.access(here, os.R_OK | os.W_OK | os.X_OK):
        yield broken("home", f"{here} cannot be read and written by this user", f"chmod u+rwx {here}, or {OTHER}")
    elif here != folder:
        yield ok("home", f"{folder} does not exist yet; the first run makes it")
    elif folder.stat().st_mode & OTHERS:
        mode = stat.S_IMODE(folder.stat().st_mode)
        yield warning("home", f"{folder} is open to other users (mode {mode:04o})", f"chmod 700 {folder}")
    else:
        yield ok("home", str(folder))


def token(file: Path) -> Iterator[Finding]:
    """The secret without which nobody may talk to this fleet's Ray."""
    if not os.path.lexists(file):
        yield ok("token", "the first run makes it")
    elif not file.is_file() or not file.stat().st_size:
        yield broken("token", f"{file} holds no token", f"delete {file}; the next run makes a new one")
    elif file.stat().st_mode & OTHERS:
        yield warning("token", f"{file} can be read by other users", f"chmod 600 {file}")
    else:
        yield ok("token", f"{file} is its owner's alone")


def fleet(folder: Path) -> Iterator[Finding]:
    """The file that says where its fleet lives. One that cannot be read keeps `run`, `up` and `down` from starting."""
    try:
        file = fleet_file.read(folder)
    except HomeUnusable as error:
        message, _, cure = str(error).partition("; ")
        yield broken("fleet", message, cure)
    else:
        yield ok("fleet", f"{fleet_file.path_of(folder)} names one" if file else "none was left up in this home")
