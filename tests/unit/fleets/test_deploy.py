"""What is deployed elsewhere: as far as it can be checked without a cloud."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

from actors.settings import FleetSettings
from cluster.home import config
from tests.support.processes import ROOT

KUBERNETES = ROOT / "deploy" / "kubernetes"
LOCK = (ROOT / "requirements.lock").read_text().splitlines()
RAY_VERSION = next(line.split("==")[1].split()[0] for line in LOCK if line.startswith("ray=="))


def documents(file: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(file.read_text()))


def everything() -> Iterator[dict[str, Any]]:
    for file in sorted(KUBERNETES.glob("*.yaml")):
        yield from documents(file)


def one(kind: str) -> dict[str, Any]:
    (found,) = [document for document in everything() if document["kind"] == kind]
    return found


def groups() -> list[dict[str, Any]]:
    """Of pods."""
    spec = one("RayCluster")["spec"]
    return [spec["headGroupSpec"], *spec["workerGroupSpecs"]]


def containers() -> list[dict[str, Any]]:
    return [container for group in groups() for container in group["template"]["spec"]["containers"]]


@pytest.fixture(scope="module")
def aws() -> dict[str, Any]:
    """ray-cluster.yaml as Ray takes it."""
    config: dict[str, Any] = prepare_config(yaml.safe_load((ROOT / "ray-cluster.yaml").read_text()))
    validate_config(config)
    return config


def test_a_mistake_in_ray_cluster_yaml_would_be_found(aws: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="upscaling_sped"):
        validate_config({**aws, "upscaling_sped": 1})


def test_nothing_but_ssh_comes_in_from_outside(aws: dict[str, Any]) -> None:
    assert aws["provider"]["security_group"]["IpPermissions"] == []
    (head,) = [command for command in aws["head_start_ray_commands"] if "--head" in command]
    assert "--dashboard-host=127.0.0.1" in head


def test_every_node_answers_only_those_that_have_the_token(aws: dict[str, Any]) -> None:
    assert "/home/ubuntu/.ray/auth_token" in aws["file_mounts"]
    assert any("RAY_AUTH_MODE=token" in command for command in aws["setup_commands"])


def test_every_node_has_the_locked_environment(aws: dict[str, Any]) -> None:
    assert any(command.endswith("mnemosyne --setup") for command in aws["setup_commands"])
    assert {".git", ".venv", ".mnemosyne"} <= set(aws["rsync_exclude"]), "a home is never copied to other machines"


def test_the_number_of_machines_is_bounded(aws: dict[str, Any]) -> None:
    assert 0 < aws["max_workers"] <= 10
    assert all(kind["max_workers"] <= aws["max_workers"] for kind in aws["available_node_types"].values())


def test_agents_ask_for_cpus_where_an_autoscaler_listens(aws: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    (profile,) = [command for command in aws["setup_commands"] if ".profile" in command]
    (told,) = re.findall(rf"{config.AGENT_CPUS}=(\S+)", profile)
    assert one("RayCluster")["spec"]["enableInTreeAutoscaling"]
    assert {"name": config.AGENT_CPUS, "value": told} in containers()[0]["env"]
    monkeypatch.setenv(config.RAY_JOB, "{}")
    monkeypatch.setenv(config.AGENT_CPUS, told)
    assert config.read_settings(ROOT, FleetSettings()).fleet.agent_cpus > 0


def test_kustomize_takes_every_file_but_the_examples_and_the_job() -> None:
    taken = set(one("Kustomization")["resources"])
    there = {file.name for file in KUBERNETES.glob("*.yaml")}
    assert taken == there - {"kustomization.yaml", "rayjob.yaml", "secrets.example.yaml"}


def test_the_cluster_has_the_ray_of_the_lock_a_token_and_a_control_store_that_lasts() -> None:
    spec = one("RayCluster")["spec"]
    assert (spec["rayVersion"], spec["authOptions"]) == (RAY_VERSION, {"mode": "token"})
    assert spec["gcsFaultToleranceOptions"]["redisAddress"]
    assert spec["headGroupSpec"]["serviceType"] == "ClusterIP"


@pytest.mark.parametrize("number", range(2))
def test_every_container_has_limits_and_no_rights(number: int) -> None:
    container = containers()[number]
    assert container["resources"]["limits"] == container["resources"]["requests"]
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    pod = groups()[number]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_no_secret_is_in_a_file_and_each_that_is_used_has_an_example() -> None:
    examples = {document["metadata"]["name"]: document for document in everything() if document["kind"] == "Secret"}
    assert not any(value for example in examples.values() for value in example["stringData"].values())
    used = {source["secretRef"]["name"] for container in containers() for source in container["envFrom"]}
    used.add(
        one("RayCluster")["spec"]["gcsFaultToleranceOptions"]["redisPassword"]["valueFrom"]["secretKeyRef"]["name"]
    )
    assert used == set(examples)


def test_selectors_name_the_cluster_and_its_ports() -> None:
    name = one("RayCluster")["metadata"]["name"]
    assert one("RayJob")["spec"]["clusterSelector"] == {"ray.io/cluster": name}
    assert one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == {"ray.io/cluster": name}
    monitor = one("PodMonitor")["spec"]
    assert monitor["selector"]["matchLabels"] == {"ray.io/cluster": name}
    (scraped,) = [endpoint["port"] for endpoint in monitor["podMetricsEndpoints"]]
    assert all(scraped in {port["name"] for port in container["ports"]} for container in containers())


def test_only_ports_of_the_pods_are_opened() -> None:
    there = {port["containerPort"] for container in containers() for port in container["ports"]}
    rules = one("NetworkPolicy")["spec"]["ingress"]
    assert {port["port"] for rule in rules for port in rule.get("ports", ())} <= there
    (within,) = [rule for rule in rules if "ports" not in rule]
    assert [list(peer) for peer in within["from"]] == [["podSelector"]], "all ports are open to the cluster alone"


def test_a_job_says_how_long_its_calls_may_take_to_end() -> None:
    spec = one("RayJob")["spec"]
    wait_s = int(yaml.safe_load(spec["runtimeEnvYAML"])["env_vars"]["RAY_JOB_STOP_WAIT_TIME_S"])
    agents = groups()[1]["template"]["spec"]
    assert 30 <= wait_s <= agents["terminationGracePeriodSeconds"]
    assert "--key" in spec["entrypoint"], "else a second job would be a second run"
