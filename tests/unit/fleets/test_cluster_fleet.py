"""A fleet that a job started on somebody's cluster: when it is up, who may talk to it, what is left when it is gone."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.errors import FleetError, UserError
from actors.machine.build import BUILD
from actors.settings import FleetSettings, Settings
from cluster.fleets import fleet, fleet_file, head, up
from cluster.fleets.fleet_file import FleetFile
from cluster.home import config


@pytest.fixture
def address() -> Iterator[str]:
    """Where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def file(address: str) -> FleetFile:
    return FleetFile(
        state="up", since=1.0, build=BUILD, address=address, namespace="mnemosyne-x", agents=("executor-0",)
    )


def test_it_is_up_while_its_cluster_answers(tmp_path: Path, address: str) -> None:
    fleet_file.write(tmp_path, file(address))
    assert fleet_file.living(tmp_path) == file(address)
    assert file(address).on_cluster
    fleet_file.write(tmp_path, file("127.0.0.1:1"))
    assert fleet_file.living(tmp_path) is None


@pytest.mark.parametrize("address", ["", "127.0.0.1", "127.0.0.1:x", "nobody.invalid:6379"])
def test_what_is_no_address_does_not_answer(address: str) -> None:
    assert not head.answers(address)


async def test_outside_of_a_job_it_is_refused_with_the_cure_and_left_alone(tmp_path: Path, address: str) -> None:
    fleet_file.write(tmp_path, file(address))
    with pytest.raises(FleetError, match="ray job submit"):
        async with up.joined(tmp_path, file(address)):
            raise AssertionError("joined")
    with pytest.raises(FleetError, match="ray job submit"):
        await up.stop(tmp_path, drain=True, tell=print)
    with pytest.raises(FleetError, match="ray job submit"):
        up.end_a_torso(tmp_path)
    assert fleet_file.living(tmp_path) == file(address)


def test_one_whose_cluster_is_gone_leaves_nothing_but_the_journal(tmp_path: Path) -> None:
    fleet_file.write(tmp_path, file("127.0.0.1:1"))
    assert asyncio.run(up.stop(tmp_path, drain=True, tell=print)) is False
    assert fleet_file.read(tmp_path) is None


@pytest.mark.parametrize(("told", "cpus"), [("", 0.0), ("1", 1.0), (" 0.25 ", 0.25), ("16", 16.0)])
def test_what_agents_ask_for(told: str, cpus: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(config.AGENT_CPUS, told)
    assert config.read_settings(tmp_path, FleetSettings()).fleet.agent_cpus == 0, "here nobody brings more"
    monkeypatch.setenv(config.RAY_JOB, "{}")
    assert config.read_settings(tmp_path, FleetSettings()).fleet.agent_cpus == cpus


@pytest.mark.parametrize("told", ["much", "-1", "1e9", "²", "1.", "nan"])
def test_what_is_no_number_of_cpus_is_refused(told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(config.AGENT_CPUS, told)
    monkeypatch.setenv(config.RAY_JOB, "{}")
    with pytest.raises(UserError, match=config.AGENT_CPUS):
        config.read_settings(tmp_path, FleetSettings())


def test_what_is_started_later_has_the_settings_of_the_fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[Any] = []
    monkeypatch.setattr(fleet, "spawn", lambda *args, **_: began.append(args))
    (tmp_path / "contexts.json").write_text('{"local": 8192}')
    settings = config.read_settings(tmp_path, FleetSettings())
    file = FleetFile(state="up", since=1.0, build=BUILD, namespace="n", shape=settings.fleet, models=settings.models)
    fleet_file.write(tmp_path, file)
    (tmp_path / "contexts.json").unlink()
    known = fleet_file.read(tmp_path)
    assert known
    up.as_it_was_started(tmp_path, known).start_models({"local", "claude-opus-5-5"})
    ((_, name, _, model, told),) = began
    assert (name, model) == ("model-local", "local")
    assert Settings.model_validate_json(told).models == settings.models
