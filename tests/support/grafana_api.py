"""A Grafana for tests: keeps what it is given, and checks every request against tests/support/grafana-openapi.json."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SPEC = json.loads((Path(__file__).parent / "grafana-openapi.json").read_text())

TOKEN = "glsa_of-a-service-account"

Json = dict[str, Any]
Answer = tuple[int, Json]


class Grafana:
    """What it was given, by kind and uid."""

    def __init__(self) -> None:
        self.folders: dict[str, Json] = {}
        self.sources: dict[str, Json] = {}
        self.boards: dict[str, Json] = {}
        self.groups: dict[str, Json] = {}
        self.wrong: list[str] = []
        """Requests that the specification does not know."""

    def answer(self, method: str, path: str, token: str, body: Any) -> Answer:
        """To one request."""
        for template, operations in SPEC["paths"].items():
            pattern = re.sub(r"\{\w+\}", r"([^/]+)", template)
            if (match := re.fullmatch(pattern, path)) and method in operations:
                break
        else:
            self.wrong.append(f"no such operation: {method} {path}")
            return 404, {"message": "not found"}
        if token != f"Bearer {TOKEN}":
            return 401, {"message": "Unauthorized"}
        if faults := _faults(operations[method], body):
            self.wrong += [f"{method} {path}: {fault}" for fault in faults]
            return 400, {"message": faults[0]}
        act = getattr(self, f"{method}_{re.sub(r'[^a-z]+', '_', re.sub(r'{[^}]*}', '', template)).strip('_')}")
        answered: Answer = act(*match.groups(), *([body] if body is not None else []))
        return answered

    def get_api_folders(self, uid: str) -> Answer:
        return _found(self.folders, uid)

    def post_api_folders(self, body: Json) -> Answer:
        if body["uid"] in self.folders:
            return 412, {"message": "a folder with that uid already exists"}
        self.folders[body["uid"]] = body
        return 200, {"id": 1, **body}

    def get_api_datasources_uid(self, uid: str) -> Answer:
        return _found(self.sources, uid)

    def post_api_datasources(self, body: Json) -> Answer:
        if any(body["name"] == other["name"] for other in self.sources.values()):
            return 409, {"message": "data source with the same name already exists"}
        self.sources[body["uid"]] = body
        return 200, {"datasource": body, "message": "Datasource added"}

    def put_api_datasources_uid(self, uid: str, body: Json) -> Answer:
        if uid not in self.sources:
            return _found(self.sources, uid)
        self.sources[uid] = body
        return 200, {"datasource": body, "message": "Datasource updated"}

    def post_api_dashboards_db(self, body: Json) -> Answer:
        board, known = body["dashboard"], self.boards.get(body["dashboard"]["uid"])
        if body.get("folderUid") not in self.folders:
            return 400, {"message": "folder not found"}
        if known and not body.get("overwrite"):
            return 412, {"status": "version-mismatch", "message": "changed by someone else"}
        version = known["version"] + 1 if known else 1
        self.boards[board["uid"]] = {**board, "version": version}
        return 200, {"uid": board["uid"], "status": "success", "version": version, "url": f"/d/{board['uid']}"}

    def get_api_dashboards_uid(self, uid: str) -> Answer:
        status, board = _found(self.boards, uid)
        return status, {"dashboard": board, "meta": {}} if status == 200 else board

    def get_api_v_provisioning_folder_rule_groups(self, folder: str, group: str) -> Answer:
        return _found(self.groups, f"{folder}/{group}")

    def put_api_v_provisioning_folder_rule_groups(self, folder: str, group: str, body: Json) -> Answer:
        if folder not in self.folders:
            return 404, {"message": "folder not found"}
        self.groups[f"{folder}/{group}"] = body
        return 200, body


def _found(of: dict[str, Json], uid: str) -> Answer:
    return (200, of[uid]) if uid in of else (404, {"message": "not found"})


def _faults(operation: Json, body: Any) -> list[str]:
    if "requestBody" not in operation:
        return []
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": SPEC["components"]})
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(body)]


@contextmanager
def grafana() -> Iterator[tuple[Grafana, str]]:
    """One that answers, and its address."""
    kept = Grafana()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            told = self.headers.get("authorization") or ""
            status, answer = kept.answer(self.command.lower(), self.path.split("?")[0], told, body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the server's names

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield kept, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
