"""Linux' Landlock: what this process and all that come from it may touch, for good. Needs no rights.

Standard library alone: the launcher runs without any package. Numbers are the kernel's, from linux/landlock.h and
asm-generic/unistd.h.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from contextlib import suppress

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION = 1
PATH_BENEATH = 1
NO_NEW_PRIVS = 38
"""Of prctl."""

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = (1 << bit for bit in range(4))
MAKE_CHAR, MAKE_BLOCK = 1 << 6, 1 << 11
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
"""Rights that a file has; the others are of folders."""
READ = EXECUTE | READ_FILE | READ_DIR
SCOPES = 0b11
"""No abstract Unix sockets and no signals to processes that are not restricted alike."""


def abi(libc: ctypes.CDLL | None = None) -> int:
    """The version that this kernel has; 0 for none."""
    with suppress(AttributeError, OSError):
        return max(0, int((libc or ctypes.CDLL(None)).syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION)))
    return 0


def restrict(readable: Iterable[str], writable: Iterable[str]) -> bool:
    """From now on only these paths, and what is below them, may be touched; false if the kernel cannot.

    Nor may processes that are not restricted alike be looked into: what is in their environment stays theirs.
    Paths that do not exist are left out. Raises OSError.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = abi(libc)
    if not version:
        return False
    every = _rights(version)
    scopes = SCOPES if version >= 6 else 0
    attributes = struct.pack("=QQQ", every, 0, scopes)[: 24 if version >= 6 else 8]
    ruleset = _checked(libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    try:
        for path in readable:
            _allow(libc, ruleset, path, READ & every)
        for path in writable:
            _allow(libc, ruleset, path, every & ~(MAKE_CHAR | MAKE_BLOCK))
        _checked(libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(libc.syscall(RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)
    return True


def _rights(version: int) -> int:
    """All that this version knows; one that it does not know would be refused."""
    rights = REFER - 1
    for since, right in ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV)):
        rights |= right if version >= since else 0
    return rights


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not on this machine
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - pathlib takes longer to import than all of this
            rights &= OF_FILES
        rule = struct.pack("=Qi", rights, descriptor)
        _checked(libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, 0))
    finally:
        os.close(descriptor)


def _checked(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
