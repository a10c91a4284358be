"""The page and its API over HTTP: a Starlette application on top of a journal. Who may ask is decided in gate.py."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sse_starlette import EventSourceResponse
from sse_starlette.sse import SendTimeoutError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from actors.errors import MnemosyneError, NotFound, StoreError, UserError
from dashboards.gate import Gate
from dashboards.item_document import TEXT, item_document
from dashboards.journal import Journal
from dashboards.metrics.meter import Meter
from dashboards.openapi import document
from dashboards.page_token import METRICS
from dashboards.plain import clean
from dashboards.requests import Surroundings, Wish
from dashboards.stream import Beginnings, stream

PAGE = Path(__file__).parent / "page"

PING_S = 10.0
SEND_S = 20.0
"""A reader that takes nothing for so long is dropped."""

READERS = 1_000
BODY = 65_536
"""Bytes of a request."""

CSRF_MARK = "{{csrf}}"


class Server:
    """The application, and what it counts. Needs the loop that runs it."""

    def __init__(self, store: Path, token: str, around: Surroundings, send_s: float = SEND_S) -> None:
        self._around, self._send_s = around, send_s
        self.journal = Journal(store, around.alive)
        self._meter = Meter(store, self.journal, around.driven)
        self._beginnings = Beginnings()
        self._began, self._readers, self._dropped = time.time(), 0, 0
        routes = [
            Route("/", self._page),
            Route("/events", self._events),
            Route("/health", self._health),
            Route(METRICS, self._metrics),
            Route("/openapi.json", self._openapi),
            Route("/state/agents", self._agents),
            Route("/state/runs", self._runs),
            Route("/state/runs/{run}", self._run),
            Route("/state/runs/{run}/item", self._item),
            Route("/state/runs/{run}/peek", self._peek),
            Route("/state/stats", self._stats),
            Route("/requests", self._request, methods=["POST"]),
            Mount("/page", StaticFiles(directory=PAGE)),
        ]
        refusals: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
            HTTPException: _http,
            MnemosyneError: _refused,
        }
        app = Starlette(routes=routes, exception_handlers=refusals, lifespan=self._lifespan)
        self.app = Gate(app, token)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.ensure_future(follow()) for follow in (self.journal.follow, self._meter.follow)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await self._meter.close()
            await self.journal.close()

    async def _page(self, _request: Request) -> Response:
        text = await asyncio.to_thread((PAGE / "index.html").read_text, encoding="utf-8")
        return HTMLResponse(text.replace(CSRF_MARK, self.app.csrf))

    async def _events(self, request: Request) -> Response:
        if self._readers >= READERS:
            raise HTTPException(503, f"{READERS} readers are connected already")
        run, last = request.query_params.get("run"), _cursor(request)
        number = self.journal.ring.end  # before the question: what comes in between is passed over by its version
        first = await self.journal.ask(lambda board, reader: self._beginnings.get(board, reader, run, last))
        edition = self.journal.edition
        return _Stream(
            self._told(stream(self.journal, first, edition, number)),
            ping=PING_S,
            send_timeout=self._send_s,
            on_drop=self._drop,
        )

    async def _told(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self._readers += 1
        try:
            async for chunk in chunks:
                yield chunk
        finally:
            self._readers -= 1

    def _drop(self) -> None:
        self._dropped += 1

    async def _health(self, _request: Request) -> Response:
        ok = self.journal.problem is None
        return JSONResponse({"ok": ok}, 200 if ok else 503)

    async def _openapi(self, _request: Request) -> Response:
        return JSONResponse(document())

    async def _agents(self, _request: Request) -> Response:
        return _json(await self.journal.ask(lambda board, _: board.agents()))

    async def _runs(self, _request: Request) -> Response:
        return _json(await self.journal.ask(lambda board, _: board.runs()))

    async def _run(self, request: Request) -> Response:
        run = request.path_params["run"]
        known = await self.journal.ask(lambda board, _: (board.run(run).record, board.run(run).whole(), board.seq))
        record, whole, seq = known
        return _json({**whole, "seq": seq, "driven": self._around.driven(record)})

    async def _item(self, request: Request) -> Response:
        run, item = request.path_params["run"], _named(request, "id")
        return _json(await self.journal.ask(lambda board, reader: item_document(board, reader, run, item)))

    async def _peek(self, request: Request) -> Response:
        name, item = request.path_params["run"], _named(request, "id")
        known = await self.journal.ask(lambda board, _: board.run(name))
        view = known.view.items.get(item) if known.view else None
        if view is None:
            raise NotFound(f"run {known.record.run} has no item {item!r}")
        peeked = await self._around.peek(known.record.run, item, view.agent) if view.agent else None
        return _json({"item": item, "state": view.state, "agent": view.agent, "text": peeked and peeked.text})

    async def _metrics(self, request: Request) -> Response:
        body, kind = await self._meter.scrape(request.headers.get("accept", ""))
        return Response(body, media_type=kind)

    async def _stats(self, _request: Request) -> Response:
        seq, runs, items = await self.journal.ask(lambda board, _: board.size())
        now = time.time()
        told = {"seq": seq, "runs": runs, "items": items, "readers": self._readers, "dropped": self._dropped}
        return _json({**told, "up_s": now - self._began, "now": now, "problem": self.journal.problem})

    async def _request(self, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY:
                raise HTTPException(413, f"a request has at most {BODY} bytes")
        try:
            wish = Wish.model_validate_json(bytes(body))
        except ValidationError as error:
            first = error.errors()[0]
            raise HTTPException(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}".lstrip(": ")) from None
        taken = await asyncio.to_thread(self._around.ask, wish)
        return _json({"request": wish.request, "in_journal": taken}, 202)


class _Stream(EventSourceResponse):
    """An event stream that ends quietly for a reader who takes nothing."""

    def __init__(self, chunks: AsyncIterator[bytes], *, on_drop: Callable[[], None], **options: float) -> None:
        super().__init__(chunks, sep="\n", **options)  # type: ignore[arg-type]
        self._on_drop = on_drop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            self._on_drop()


def _cursor(request: Request) -> int | None:
    told = request.headers.get("last-event-id") or request.query_params.get("after") or ""
    return int(told) if told.isascii() and told.isdigit() and len(told) < 18 else None


def _named(request: Request, name: str) -> str:
    if not (value := request.query_params.get(name)):
        raise HTTPException(422, f"{name} is missing")
    return value


def _json(body: Any, status: int = 200) -> Response:
    """JSON in ASCII, without characters that a terminal or a browser would act on."""
    return Response(json.dumps(clean(body, TEXT)), status, media_type="application/json")


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _json({"error": error.detail}, error.status_code)


async def _refused(_request: Request, error: Exception) -> Response:
    status = 404 if isinstance(error, NotFound) else 422 if isinstance(error, UserError) else 500
    return _json({"error": str(error)}, 503 if isinstance(error, StoreError) else status)
