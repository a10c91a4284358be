"""What a home's files set, for all runs in it; a file that is not there sets nothing. All raise UserError."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from actors.errors import UserError
from actors.settings import Ceiling, Ceilings, CommandSettings, Windows
from actors.vocabulary.limits import Limits

F = TypeVar("F", bound=BaseModel)


def windows(home: Path) -> Mapping[str, int]:
    """Tokens that models' contexts hold, before what is known of them: contexts.json."""
    return read(home / "contexts.json", Windows, optional=True).root


def ceilings(home: Path) -> Mapping[str, Ceiling]:
    """What models may take per minute, where that is less than the API lets through: rates.json."""
    return read(home / "rates.json", Ceilings, optional=True).root


def commands(home: Path) -> CommandSettings:
    """What commands of items are allowed: commands.json."""
    return read(home / "commands.json", CommandSettings, optional=True)


def limits(home: Path, plan: Limits | None) -> Limits:
    """How far a run may grow: as its plan says, else as limits.json says."""
    usual = read(home / "limits.json", Limits, optional=True)
    return usual.changed(plan) if plan else usual


def read(path: Path, form: type[F], *, optional: bool = False) -> F:
    """The file as this form; as if it were empty if it is optional and not there."""
    try:
        return form.model_validate_json(path.read_bytes())
    except OSError as error:
        if optional and isinstance(error, FileNotFoundError | NotADirectoryError):  # the home is looked at elsewhere
            return form()
        raise UserError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        raise UserError(f"{path}: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]
