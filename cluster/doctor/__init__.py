"""What may be wrong here, before a run finds it out. Looks, and changes nothing."""

import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path

import apsw

from actors.errors import HomeUnusable, SecretsUnusable, UserError
from actors.machine.build import BUILD
from actors.models.local import has_local_model
from actors.secrecy import keys
from actors.settings import ModelSettings
from cluster.doctor import environment, home, machine, models, named_model, nodes, ports, secret_files, store, watching
from cluster.doctor.finding import EXIT, Check, Finding, Level, broken, found, worst
from cluster.fleets import fleet_file, head, windows
from cluster.home import api_key, config

__all__ = ["EXIT", "Finding", "Level", "examine", "worst"]


def examine(named: Path | None, encoding: str | None, model: str | None = None) -> Sequence[Finding]:
    """Every finding about this machine and the home, in the order in which causes come before effects.

    The API is asked only about a `model` that is named.
    """
    checks = {**_environment(), **_machine(encoding)}
    try:
        folder = config.resolve_home(named)
    except HomeUnusable as error:
        refused = broken("home", str(error), home.OTHER)
        checks["home"] = lambda: [refused]
    else:
        checks |= _home(folder)
        if config.in_ray_job():
            checks["cluster"] = lambda: _nodes(folder)
    checks |= _models()
    if model is not None:
        checks["model"] = lambda: _named(model)
    return list(chain.from_iterable(found(name, check) for name, check in checks.items()))


def _environment() -> Mapping[str, Check]:
    lock = config.root() / "requirements.lock"
    return {
        "python": lambda: environment.python(sys.version_info[:3], sys.executable),
        "environment": lambda: environment.environment(lock, Path(sys.prefix)),
        "packages": lambda: environment.packages(lock, environment.installed),
        "sqlite": lambda: environment.sqlite(apsw.sqlite_lib_version()),
    }


def _machine(encoding: str | None) -> Mapping[str, Check]:
    return {
        "memory": machine.memory,
        "temp": lambda: machine.disk("temp", Path(tempfile.gettempdir()), "Ray's files"),
        "ports": ports.openness,
        "ray address": lambda: ports.address(config.ray_address(), in_job=config.in_ray_job()),
        "terminal": lambda: machine.terminal(encoding),
    }


def _home(folder: Path) -> Mapping[str, Check]:
    return {
        "disk": lambda: machine.disk("disk", folder, "the home"),
        "home": lambda: home.home(folder),
        "token": lambda: home.token(config.token_path(folder)),
        "fleet": lambda: home.fleet(folder),
        "fleet ports": lambda: ports.fleet(_members(folder)),
        **store.checks(lambda: config.store_path(folder)),
        "prometheus": lambda: watching.prometheus(served=_serves(folder), look=windows.prometheus),
    }


def _nodes(folder: Path) -> Iterable[Finding]:
    from cluster.doctor.looking import looks  # Ray, which only a job's doctor needs

    try:
        cpus = config.agent_cpus()
    except UserError as error:
        return [broken("room", str(error), "correct it")]
    return nodes.nodes(lambda: looks(folder), BUILD, cpus)


def _serves(folder: Path) -> bool:
    try:
        fleet = fleet_file.living(folder)
    except HomeUnusable:
        return False  # said of the fleet
    return fleet is not None and fleet.page is not None


def _members(folder: Path) -> set[int]:
    try:
        fleet = fleet_file.living(folder)
    except HomeUnusable:
        return set()  # said of the fleet
    return set() if fleet is None or fleet.on_cluster else head.members(fleet.pid)


def _models() -> Mapping[str, Check]:
    local = has_local_model()
    return {
        "secrets": lambda: secret_files.secrets(keys.secrets_file()),
        "key": lambda: models.key(api_key.find_key, local=local),
        "base url": lambda: models.base_url(config.base_url()),
        "local model": lambda: models.local_model(there=local),
    }


def _named(model: str) -> Iterable[Finding]:
    try:
        key = api_key.find_key().value
    except SecretsUnusable:
        key = None
    sound = key if key and keys.is_sound(key) else None
    return named_model.named(model, sound, ModelSettings(base_url=config.base_url()))
