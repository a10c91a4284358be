"""`fleet.json` in a home: where its fleet lives. Written by `up`, removed by `down`."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from actors.errors import HomeUnusable
from actors.settings import FleetSettings, ModelSettings
from actors.work import Frozen
from cluster.fleets import head


class FleetFile(Frozen):
    """One fleet that is up, or was."""

    version: Literal[1] = 1
    state: Literal["starting", "up", "ending"]
    since: float
    """Unix seconds."""
    build: str
    """Of the sources that its processes run; see actors/machine/build.py."""
    pid: int = Field(default=0, ge=0)
    """The Ray head, which leads the session of all other processes; 0: a job started it on somebody's cluster."""
    folder: Path = Path()
    """Ray's own files, if it has a head."""
    address: str = ""
    namespace: str = ""
    dashboard: str | None = None
    """Address of Ray's."""
    page: int | None = None
    """Port of the live page."""
    agents: tuple[str, ...] = ()
    shape: FleetSettings = FleetSettings()
    models: ModelSettings = ModelSettings()
    """What the home's files and the variables said of models when it was started."""
    has_key: bool = False
    """Whether its agents inherited an API key from `up`; they find one that is kept without that."""

    @property
    def on_cluster(self) -> bool:
        """Whether its Ray is somebody's cluster, which outlives it."""
        return not self.pid

    @field_validator("shape", mode="before")
    @classmethod
    def _of_one_pool(cls, told: Any) -> Any:
        """A fleet that was started when there were executors only can still be ended."""
        if isinstance(told, dict) and "executors" in told:
            pools = {"executors": told["executors"], "reviewers": 0, "optimizers": 0, "orchestrators": 0}
            return {"pools": pools, **{name: value for name, value in told.items() if name != "executors"}}
        return told


def path_of(home: Path) -> Path:
    """The file."""
    return home / "fleet.json"


def read(home: Path) -> FleetFile | None:
    """What the home's file says; None if there is none. Raises HomeUnusable."""
    try:
        return FleetFile.model_validate_json(path_of(home).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValidationError):
        raise HomeUnusable(f"{path_of(home)} cannot be read; see who uses it, then remove it") from None


def living(home: Path) -> FleetFile | None:
    """The fleet of this home if it is up. Raises HomeUnusable."""
    fleet = read(home)
    return fleet if fleet and fleet.state == "up" and lives(home, fleet) else None


def lives(home: Path, fleet: FleetFile) -> bool:
    """Whether its Ray is there."""
    return head.answers(fleet.address) if fleet.on_cluster else head.is_up(home)


def write(home: Path, fleet: FleetFile) -> None:
    """Replace the file, whole or not at all."""
    new = path_of(home).with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(json.dumps(fleet.model_dump(mode="json"), indent=2) + "\n")
    new.replace(path_of(home))


def remove(home: Path) -> None:
    """There is no fleet any more."""
    path_of(home).unlink(missing_ok=True)
