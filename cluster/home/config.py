"""The environment and the home, read here and nowhere else, once."""

import os
import re
import secrets
from pathlib import Path

from actors.errors import HomeUnusable, UserError
from actors.models.script import Script
from actors.models.windows import LOCAL
from actors.settings import FleetSettings, HealthSettings, ModelSettings, Settings
from cluster.home import home_files, store_address

HOME_NAME = ".mnemosyne"
STORE = "MNEMOSYNE_STORE"
PASSWORD = "PGPASSWORD"  # noqa: S105 -- a variable's name
AGENT_MEMORY = "MNEMOSYNE_AGENT_MEMORY_MB"
AGENT_CPUS = "MNEMOSYNE_AGENT_CPUS"
RAY_JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Set by Ray in the processes of a submitted job."""

INLINE_BYTES = 4_000_000
"""Arguments and answers up to this size go with their call. Ray's own limit, 100 kB, is that of 230 outcomes: what is
longer takes the way through the object store, which doubles the cost of a call (docs/decisions/0001-spine.md)."""


def resolve_home(home: Path | None = None) -> Path:
    """The fleet's folder: argument, else MNEMOSYNE_HOME, else .mnemosyne/ here. Raises HomeUnusable in a Ray job."""
    named = home or _path("MNEMOSYNE_HOME")
    if named is None and in_ray_job():
        raise HomeUnusable(
            "inside a Ray job the working directory is Ray's temporary copy; "
            "name a lasting folder with --home or MNEMOSYNE_HOME"
        )
    try:
        home = (named or Path(HOME_NAME)).expanduser().absolute()
        str(home).encode()  # Ray carries it as UTF-8
    except (OSError, RuntimeError, UnicodeEncodeError) as error:  # a deleted working directory, ~nobody, no UTF-8
        raise HomeUnusable(f"the home cannot be used: {error}; name another with --home and its whole path") from None
    return home


def in_ray_job() -> bool:
    """Whether this process was started by `ray job submit`."""
    return bool(os.environ.get(RAY_JOB))


def ray_address() -> str | None:
    """The cluster that Ray's own commands would talk to."""
    return os.environ.get("RAY_ADDRESS", "").strip() or None


def root() -> Path:
    """The folder of the code."""
    return Path(__file__).resolve().parents[2]


def make_home(home: Path) -> Path:
    """The home, made if it is missing, readable by its owner only. Raises HomeUnusable."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = home / f".probe-{secrets.token_hex(4)}"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise HomeUnusable(f"{home} cannot be written: {error.strerror}; name another with --home") from None
    return home


def store_path(home: Path) -> Path:
    """The store's file, or the one with its server's address: the home's, or first of all MNEMOSYNE_STORE's.

    What is secret in the environment goes into that file, if the store answers to it, and out of the environment:
    processes of a fleet inherit that, and need not have it. Raises UserError, HomeUnusable, StoreUnreachable.
    """
    address, password = os.environ.get(STORE, "").strip(), os.environ.get(PASSWORD)
    if address:
        store_address.keep(home, address, password)
    server = store_address.file_of(home)
    if not server.exists():
        return home / "store.db"
    if password and not address:
        store_address.refresh(home, password)
    os.environ.pop(STORE, None)
    os.environ.pop(PASSWORD, None)
    return server


def store_of(home: Path | None) -> Path:
    """The same of the home that a person names, else of the usual one. Raises UserError, HomeUnusable."""
    return store_path(resolve_home(home))


def choose_store(home: Path, address: str | None) -> None:
    """Let the home have the store that a person names. Raises UserError, HomeUnusable."""
    if address is not None:
        store_address.keep(home, store_address.as_argument(address), os.environ.get(PASSWORD))
    store_path(home)


def token_path(home: Path) -> Path:
    """The file with the secret of this home's Ray."""
    return home / "ray-token"


def read_settings(home: Path, fleet: FleetSettings) -> Settings:
    """Every setting, from the arguments and the environment. Raises UserError."""
    models = _models(home)
    return Settings(
        home=home,
        fleet=fleet.model_copy(update={"agent_cpus": agent_cpus()}),
        models=models,
        health=_health(),
        commands=home_files.commands(home),
        skills=skill_folders(home),
    )


def _models(home: Path) -> ModelSettings:
    usual = ModelSettings(
        base_url=base_url(), script=_script(), windows=home_files.windows(home), ceilings=home_files.ceilings(home)
    )
    return usual.model_copy(update={"local_context_tokens": usual.window(LOCAL)})


def skill_folders(home: Path) -> tuple[Path, Path]:
    """Where skills lie: the project's, beside its home, and the user's."""
    config = _path("XDG_CONFIG_HOME") or Path.home() / ".config"
    return home.absolute().parent / "skills", config / "mnemosyne" / "skills"


def _health() -> HealthSettings:
    told = os.environ.get(AGENT_MEMORY, "").strip()
    if told and not (told.isascii() and told.isdigit()):
        raise UserError(f"{AGENT_MEMORY} is {told!r}; it takes MiB that an agent may hold, 0 for any number")
    return HealthSettings(memory_mb=int(told)) if told else HealthSettings()


def agent_cpus() -> float:
    """What each agent asks Ray for; of a job alone, here nobody brings more. Raises UserError."""
    told = os.environ.get(AGENT_CPUS, "").strip() if in_ray_job() else ""
    if told and not re.fullmatch(r"\d{1,3}(\.\d{1,3})?", told, re.ASCII):
        raise UserError(f"{AGENT_CPUS} is {told!r}; it takes the CPUs that each agent asks Ray for, as in 0.5")
    return float(told or 0)


def base_url() -> str | None:
    """Of a Messages-compatible API; None means the SDK's own."""
    return os.environ.get("ANTHROPIC_BASE_URL", "").strip() or None


def prometheus_url() -> str:
    """Where Prometheus is, by the variable that Ray follows too."""
    return os.environ.get("RAY_PROMETHEUS_HOST", "").strip() or "http://127.0.0.1:9090"


def grafana_url() -> str:
    """Where Grafana is."""
    return os.environ.get("GRAFANA_URL", "").strip() or "http://127.0.0.1:3000"


def grafana_token() -> str:
    """Of a service account of Grafana; "" if there is none."""
    return os.environ.get("GRAFANA_TOKEN", "").strip()


def _script() -> Script:
    """What MNEMOSYNE_SCRIPT, a JSON file, tells the scripted model to do. Raises UserError."""
    path = _path("MNEMOSYNE_SCRIPT")
    if path is None:
        return Script()
    try:
        return home_files.read(path, Script)
    except UserError as error:
        raise UserError(f"MNEMOSYNE_SCRIPT: {error}") from None


def prepare_ray(home: Path) -> None:
    """Set what Ray reads from the environment, before it is imported: a token of our own, no chatter.

    Inside a Ray job all of it is the cluster's own and is left alone. Raises HomeUnusable.
    """
    store_path(home)  # no password goes on from here
    if in_ray_job():
        return
    token = token_path(home)
    if not token.exists():
        make_token(token)
    os.environ.pop("RAY_ADDRESS", None)
    os.environ.update(
        RAY_AUTH_MODE="token",
        RAY_AUTH_TOKEN_PATH=str(token),
        RAY_USAGE_STATS_ENABLED="0",
        RAY_SCHEDULER_EVENTS="0",
        RAY_DEDUP_LOGS_SKIP_REGEX="A worker died or was killed",
        RAY_ENABLE_UV_RUN_RUNTIME_ENV="0",
        RAY_timeout_ms_task_wait_for_death_info="100",  # a broken call is told then, not after a second
        RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0",  # whatever its name says, on Linux too: everything listens on 127.0.0.1
        RAY_max_direct_call_object_size=str(INLINE_BYTES),
    )


def make_token(file: Path) -> None:
    """There is a token, whole and its owner's alone; of several that are made at once the first one stays.

    A fleet and those who talk to it have the same. Raises HomeUnusable.
    """
    new = file.with_name(f".ray-token-{secrets.token_hex(4)}")
    try:
        new.touch(mode=0o600)
        try:
            new.write_text(secrets.token_hex(32))
            _link(new, file)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise HomeUnusable(f"{file} cannot be written: {error.strerror}; see to it, or use --home") from None


def _link(new: Path, file: Path) -> None:
    try:
        os.link(new, file)
    except FileExistsError:
        pass
    except OSError:  # a file system without links, as some shares are: one that is made at the same moment may win
        if not file.exists():
            new.replace(file)


def environment_of_head() -> dict[str, str]:
    """What the processes of a fleet that is up inherit: this environment, and the place of the code."""
    ours = {
        "PYTHONPATH": str(root()),
        "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",  # `down` has drained its runs; Ray would wait 30 s more
    }
    return {**os.environ, **ours}


def _path(name: str) -> Path | None:
    value = os.environ.get(name, "").strip()
    return Path(value) if value else None
