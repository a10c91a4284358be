"""What may go wrong without anybody's mistake in the code: one sentence instead of a traceback."""

from typing import NamedTuple

import apsw

from actors.errors import MnemosyneError, StoreUnusable


class Fault(NamedTuple):
    """What a person is told, and the exit code."""

    message: str
    code: int


def fault(error: BaseException) -> Fault | None:
    """None for what nobody foresaw: that needs its traceback."""
    match error:
        case MnemosyneError():
            return Fault(str(error), error.exit_code)
        case apsw.BusyError():
            return Fault("the store was busy for too long; try again", StoreUnusable.exit_code)
        case apsw.Error():
            return Fault(f"the store cannot be used: {error}; see `mnemosyne doctor`", StoreUnusable.exit_code)
        case OSError(strerror=str(reason)):
            where = f"{error.filename}: " if error.filename else ""
            return Fault(f"{where}{reason.lower()}; see `mnemosyne doctor`", StoreUnusable.exit_code)
        case BaseExceptionGroup(exceptions=parts):
            faults = [fault(part) for part in parts]
            return None if None in faults else faults[0]
    return None
