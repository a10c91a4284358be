"""A marked key, and the search for it wherever a fleet may have left it: files, journal, command lines, Ray's HTTP."""

import base64
import html
import json
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import quote, quote_plus
from urllib.request import ProxyHandler, Request, build_opener

import apsw
import psycopg
from psycopg import sql

from actors.secrecy.secrets_file import FILE
from actors.stores.place import is_on_server
from actors.stores.postgres.connection import SCHEMA
from actors.stores.postgres.server import read


class Canary:
    """A key that is nowhere else in the world, in every spelling that somebody may have written it in.

    Its second half is of letters and digits alone: also half a key is found, and escaping does not change it.
    """

    def __init__(self, begin: str) -> None:
        self.tail = f"zq{secrets.token_hex(8)}"
        self.key = f'{begin}/+="&<%{self.tail}'
        plain = {text for half in (self.key, self.tail) for text in _plain(half)}
        self._needles = {text.lower().encode() for text in plain}
        self._exact = {text.encode() for half in (self.key, self.tail) for text in _base64(half)}

    def is_in(self, data: bytes) -> bool:
        """Whether it is in there, in whatever spelling."""
        folded = data.lower()
        return any(needle in folded for needle in self._needles) or any(needle in data for needle in self._exact)


def _plain(text: str) -> Iterator[str]:
    yield from (text, quote(text), quote(text, safe=""), quote_plus(text), html.escape(text), repr(text)[1:-1])
    yield from (json.dumps(text)[1:-1], json.dumps(json.dumps(text))[3:-3], text.encode().hex())


def _base64(text: str) -> Iterator[str]:
    """The part that does not depend on what stands beside it, for each way to lie in threes."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + text.encode() + b"\0" * 3).decode()
        inner = whole[4 if before else 0 : (before + len(text.encode())) // 3 * 4]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))


class Found(NamedTuple):
    """How much was searched, and where it is."""

    searched: int
    where: list[str]


def in_files(canary: Canary, *folders: Path) -> Found:
    """Every file below; those that vanish meanwhile are no finding, and sockets hold nothing."""
    searched, where = 0, []
    for path in (path for folder in folders for path in folder.rglob("*")):
        with suppress(FileNotFoundError):
            if path.is_file() and not path.is_symlink():
                searched += 1
                if canary.is_in(path.read_bytes()) or canary.is_in(str(path).encode()):
                    where.append(str(path))
    return Found(searched, where)


def in_journal(canary: Canary, store: Path) -> Found:
    """Every value of every row of every table, what is only in the write-ahead log included."""
    searched, where = 0, []
    for table, row in _on_server(store) if is_on_server(store) else _in_file(store):
        searched += 1
        data = b"\0".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
        where += [f"{table}: {row}"] if canary.is_in(data) else []
    return Found(searched, where)


def _in_file(store: Path) -> Iterator[tuple[str, Sequence[Any]]]:
    with closing(apsw.Connection(str(store), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        tables = [row[0] for row in db.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            yield from ((table, row) for row in db.execute(f'select * from "{table}"'))


def _on_server(store: Path) -> Iterator[tuple[str, Sequence[Any]]]:
    with psycopg.connect(read(store).address) as db:
        tables = [row[0] for row in db.execute("select tablename from pg_tables where schemaname = %s", (SCHEMA,))]
        for table in tables:
            rows = db.execute(sql.SQL("select * from {}").format(sql.Identifier(SCHEMA, table)))
            yield from ((table, row) for row in rows)


def in_command_lines(canary: Canary) -> Found:
    """Of every process of this machine."""
    return _in_proc(canary, Path("/proc").glob("[0-9]*/cmdline"))


def in_environments(canary: Canary, pids: Collection[int]) -> Found:
    """What these processes were started with."""
    return _in_proc(canary, [Path(f"/proc/{pid}/environ") for pid in pids])


def _in_proc(canary: Canary, files: Iterable[Path]) -> Found:
    searched, where = 0, []
    for file in files:
        with suppress(OSError):
            data = file.read_bytes()
            searched += 1
            where += [str(file)] if canary.is_in(data) else []
    return Found(searched, where)


class Dashboard:
    """Ray's, with the token of the home."""

    PATHS = (
        *(f"/api/v0/{kind}?detail=1&limit=1000" for kind in ("actors", "tasks", "workers", "nodes", "objects", "jobs")),
        "/api/v0/runtime_envs?detail=1",
        "/api/v0/placement_groups?detail=1",
        "/api/v0/cluster_events?detail=1",
        "/api/v0/cluster_metadata",
        *(f"/api/v0/{kind}/summarize" for kind in ("actors", "tasks", "objects")),
        "/api/v0/tasks/timeline",
        "/api/jobs/",
        "/api/cluster_status",
        "/api/component_activities",
        "/api/prometheus/sd",
        "/logical/actors",
        "/nodes?view=summary",
        "/nodes?view=hostNameList",
        "/events",
        "/test/dump",
    )

    def __init__(self, address: str, token: Path) -> None:
        self._at = address if "://" in address else f"http://{address}"
        self._token = token.read_text().strip()
        self._open = build_opener(ProxyHandler({})).open
        self.answers: dict[str, int] = {}

    def get(self, path: str, *, token: bool = True) -> bytes:
        """What it answers, an error's body too."""
        request = Request(f"{self._at}{path}", headers={"Authorization": f"Bearer {self._token}"} if token else {})
        try:
            with self._open(request, timeout=60) as answer:
                self.answers[path] = answer.status
                return bytes(answer.read())
        except HTTPError as refused:
            self.answers[path] = refused.code
            return refused.read()

    def pages(self) -> Iterator[tuple[str, bytes]]:
        """Every answer that there is: states, nodes with their processes, actors one by one, each log file."""
        for path in self.PATHS:
            yield path, self.get(path)
        for node in json.loads(self.get("/nodes?view=summary"))["data"]["summary"]:
            id_ = node["raylet"]["nodeId"]
            yield f"/nodes/{id_}", self.get(f"/nodes/{id_}")
            files = json.loads(self.get(f"/api/v0/logs?node_id={id_}&glob=*"))["data"]["result"]
            for name in (name for names in files.values() for name in names):
                path = f"/api/v0/logs/file?node_id={id_}&filename={quote(name)}&lines=100000"
                yield path, self.get(path)
        for id_ in json.loads(self.get("/logical/actors"))["data"]["actors"]:
            yield f"/logical/actors/{id_}", self.get(f"/logical/actors/{id_}")

    def search(self, canary: Canary) -> Found:
        """All of it."""
        pages = list(self.pages())
        return Found(len(pages), [path for path, body in pages if canary.is_in(body)])


def sealed(folder: Path) -> list[Path]:
    """The encrypted files below, which are searched like all others."""
    return list(folder.rglob(FILE))
