"""Loading weights into llama.cpp: in this process, silent, and reachable by nobody else."""

import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

from actors.errors import ModelMissing
from actors.settings import ModelSettings

MOST_THREADS = 4
"""More of them hardly make so small a model faster."""

BATCH = 128
"""Tokens of a prompt between two moments at which a call can be stopped: about a second on one core."""

CHUNK = 1 << 24

SOCKET_CHARACTERS = 100
"""A little less than the shortest limit of any system."""


def load(weights: Path, settings: ModelSettings) -> Any:
    """A server object of xllamacpp; half a second during which the interpreter stands still. Raises ModelMissing."""
    try:
        import xllamacpp
    except ImportError as error:
        raise ModelMissing(f"the local model cannot run here: {error}; run `make setup`") from None
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.n_ctx = settings.local_context_tokens
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings.local_threads or _threads()
    params.cache_ram_mib = 0
    params.warmup = False
    params.verbosity = -1
    try:
        _read_through(weights)
        return _unreachable(xllamacpp, params)
    except (OSError, RuntimeError) as error:
        raise ModelMissing(
            f"the weights of the local model cannot be loaded from {weights}: {error}; run `make setup`"
        ) from None


def _threads() -> int:
    # Its threads meet at a barrier some hundred times per token. With as many of them as cores and anything else to
    # do for the machine, a call takes 3 to 8 times as long as with one fewer; without, one fewer costs less than half.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores - 1, MOST_THREADS))


def _read_through(weights: Path) -> None:
    """Brings the file into memory from here, where other threads can go on; loading itself holds the interpreter."""
    with weights.open("rb", buffering=0) as file:
        while file.read(CHUNK):
            pass


def _unreachable(xllamacpp: Any, params: Any) -> Any:
    """The library always opens an HTTP server. It gets a socket in a folder that is gone when it has started.

    If the folder's name is too long for a socket it listens on loopback, to whoever knows a key that nobody knows.
    """
    params.api_keys = [secrets.token_hex(32)]
    params.ui = params.endpoint_slots = params.endpoint_props = False
    with tempfile.TemporaryDirectory(prefix="mnemosyne-", ignore_cleanup_errors=True) as folder:
        socket = f"{folder}/local.sock"
        if len(socket) <= SOCKET_CHARACTERS:
            params.hostnames = [socket]
        return xllamacpp.Server(params)
