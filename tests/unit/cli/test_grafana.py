"""Into Grafana: over its API against our own text of it (and a real one, if GRAFANA_URL is set), and by file."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from typer.testing import CliRunner

from actors.errors import UserError
from cluster.cli.main import app
from dashboards.grafana import content
from dashboards.grafana.push import push
from tests.support.grafana_api import TOKEN, Grafana, grafana

REAL = os.environ.get("GRAFANA_URL", "")
PROMETHEUS = "http://127.0.0.1:9090"

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # sessions of grafana-client


@pytest.fixture(params=["stub", *(["real"] if REAL else [])])
def address(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Address and token."""
    if request.param == "real":
        yield REAL, os.environ["GRAFANA_TOKEN"]
        return
    with grafana() as (kept, url):
        yield url, TOKEN
        assert kept.wrong == []


def asked(address: tuple[str, str], path: str) -> Any:
    url, token = address
    answer = httpx2.get(f"{url}{path}", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_push_puts_everything_there_and_a_second_one_doubles_nothing(address: tuple[str, str]) -> None:
    first = list(push(*address, PROMETHEUS))
    second = list(push(*address, "http://127.0.0.1:9091"))
    assert len(first) == len(second) == 6
    assert second[0].endswith("there already")
    assert second[1].endswith("updated")
    for board in content.boards():
        told = asked(address, f"/api/dashboards/uid/{board['uid']}")["dashboard"]
        assert [panel["title"] for panel in told["panels"]] == [panel["title"] for panel in board["panels"]]
    assert asked(address, f"/api/datasources/uid/{content.SOURCE_UID}")["url"] == "http://127.0.0.1:9091"
    group = asked(address, f"/api/v1/provisioning/folder/{content.FOLDER_UID}/rule-groups/{content.GROUP}")
    assert {rule["title"] for rule in group["rules"]} == {rule["title"] for rule in content.alerts()["rules"]}


def test_a_wrong_token_and_nobody_there_are_told_with_the_cure() -> None:
    with grafana() as (_, url), pytest.raises(UserError, match="service account"):
        list(push(url, "wrong", PROMETHEUS))
    with pytest.raises(UserError, match="cannot be reached"):
        list(push(url, TOKEN, PROMETHEUS))


def test_the_stub_sees_what_grafana_would_refuse() -> None:
    stub = Grafana()
    told = f"Bearer {TOKEN}"
    assert stub.answer("post", "/api/folders", told, {"uid": "a b", "title": "x"})[0] == 400
    assert stub.answer("post", "/api/dashboards/db", told, {"dashboard": {"uid": "x"}})[0] == 400
    assert stub.answer("get", "/api/frontend/settings", told, None)[0] == 404
    assert len(stub.wrong) == 5


def test_the_command_takes_the_token_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    with grafana() as (kept, url):
        done = CliRunner().invoke(app, ["grafana", "push", "--url", url, "--token-file", str(tmp_path / "token")])
        assert done.exit_code == 0, done.output
        assert set(kept.boards) == {"mnemosyne-runs", "mnemosyne-models", "mnemosyne-agents"}
    assert TOKEN not in done.output


def test_a_folder_to_provision_from(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["grafana", "provision", "--home", str(tmp_path / "home")])
    assert done.exit_code == 0, done.output
    folder = tmp_path / "home" / "grafana" / "provisioning"
    read = {path.parent.name: yaml.safe_load(path.read_text()) for path in folder.glob("*/mnemosyne.yml")}
    assert set(read) == {"dashboards", "datasources", "alerting"}
    (provider,) = read["dashboards"]["providers"]
    boards = [json.loads(path.read_text()) for path in Path(provider["options"]["path"]).glob("*.json")]
    assert len(boards) == 3
    (group,) = read["alerting"]["groups"]
    sources = {query["datasourceUid"] for rule in group["rules"] for query in rule["data"]}
    assert sources == {read["datasources"]["datasources"][0]["uid"], "__expr__"}
