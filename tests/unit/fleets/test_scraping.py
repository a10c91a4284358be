"""What Prometheus is told of a home, and what is told of Prometheus."""

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from cluster.doctor import watching
from cluster.doctor.finding import Level
from cluster.fleets import scraping as telling
from cluster.fleets import windows
from cluster.fleets.windows import Window
from dashboards.page_token import derived
from dashboards.prometheus import scraping
from tests.support.findings import one
from tests.support.watchers import program


def test_a_home_tells_where_its_page_is_to_its_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "a home: with 'odd' letters"
    home.mkdir()
    telling.announce(home, 8420, "the home's token")
    folder = scraping.folder_of(home)
    assert {path.name for path in folder.iterdir()} == {"token", "targets.json", "prometheus.yml"}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "token").read_text().strip() == derived("the home's token", "/metrics")
    assert all("the home's token" not in path.read_text() for path in folder.iterdir())
    assert json.loads((folder / "targets.json").read_text())[0]["targets"] == ["127.0.0.1:8420"]
    jobs = {job["job_name"]: job for job in yaml.safe_load((folder / "prometheus.yml").read_text())["scrape_configs"]}
    assert jobs["ray"]["file_sd_configs"][0]["files"] == [str(home / "ray" / scraping.RAY_TARGETS)]
    command = [program("promtool"), "check", "config", str(folder / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_who_announced_last_is_forgotten(tmp_path: Path) -> None:
    telling.forget(tmp_path, 8420)
    assert scraping.announced(tmp_path) is None
    telling.announce(tmp_path, 8420, "token")
    telling.announce(tmp_path, 9000, "token")
    telling.forget(tmp_path, 8420)
    assert scraping.announced(tmp_path) == 9000
    telling.forget(tmp_path, 9000)
    assert scraping.announced(tmp_path) is None
    assert json.loads((scraping.folder_of(tmp_path) / "targets.json").read_text()) == []


def test_the_page_is_served_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "prometheus").write_text("a file where the folder would be")
    telling.announce(tmp_path, 8420, "token")
    telling.forget(tmp_path, 8420)
    assert (tmp_path / "prometheus").read_text() == "a file where the folder would be"


@pytest.fixture
def healthy() -> Iterator[str]:
    """The address of a program that is well, below a path of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/below/-/ready" else 404)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_who_answers_is_told_from_who_does_not(healthy: str) -> None:
    assert windows.answers(f"{healthy}/below/", "/-/ready")
    assert not windows.answers(healthy, "/-/ready")
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes connections and says nothing
        assert not windows.answers(f"http://127.0.0.1:{mute.getsockname()[1]}", "/-/ready")
    for odd in ("", "http://", "http://127.0.0.1:99999", "127.0.0.1:1", "http://[", "http://a b"):
        assert not windows.answers(odd, "/-/ready")


def test_doctor_looks_for_prometheus_where_there_is_something_to_scrape() -> None:
    gone = Window("Prometheus", "http://there", None)
    there = gone._replace(url="http://there")
    assert one(watching.prometheus(served=False, look=lambda: gone)).level is Level.OK
    assert one(watching.prometheus(served=True, look=lambda: there)).level is Level.OK
    found = one(watching.prometheus(served=True, look=lambda: gone))
    assert found.level is Level.WARNING
    assert "http://there" in found.message
    assert "prometheus.yml" in found.cure
