"""Who may pass to the page: the right Host and Origin, the home's token, and for requests a header of the page.

A web site that its visitor's browser can make ask 127.0.0.1 gets nothing: not by another name of this address, not by
another origin, not by a cookie that travels along.
"""

from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.page_token import METRICS, derived, same

HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names under which this machine is asked; any port, so that one forwarded by ssh works too."""

OPEN = frozenset({"/health"})
"""Paths that tell nothing about a home."""

CSRF = "x-csrf-token"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing inline, nothing from elsewhere, and no text becomes markup: the browser refuses innerHTML."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}

ENTER = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content='0;url=/'>"
    "<link rel=icon href=/page/icon.svg><title>mnemosyne</title><p><a href=/>mnemosyne</a>"
)
"""A page of ours goes on to `/`: a redirect would be the foreign site's navigation still, without the strict cookie."""

CLOSED = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>mnemosyne</title><h1>mnemosyne</h1><p>This page needs the "
    "token of its home. Open the link that <code>mnemosyne dash</code> prints."
)


class Refusal(NamedTuple):
    """Why somebody does not pass."""

    status: int
    why: str


class Gate:
    """Lets through to `app` what may pass. `token`: the home's."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token
        self._session, self.csrf = derived(token, "session"), derived(token, "csrf")
        self._metrics = derived(token, METRICS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = self._answer(scope, Headers(scope=scope)) or self._app
            await answer(scope, receive, _guarded(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _answer(self, scope: Scope, headers: Headers) -> Response | None:
        """What is said instead of what was asked for; None: pass."""
        if refusal := _stranger(scope, headers):
            return JSONResponse({"error": refusal.why}, refusal.status)
        if scope["path"] in OPEN:
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token") if scope["path"] == "/" else None
        if given and same(given[0], self._token):
            return self._entered(headers)
        refusal = Refusal(401, "the token is wrong") if given else self._unknown(scope, headers)
        if refusal and scope["path"] == "/":
            return HTMLResponse(CLOSED, refusal.status)
        return JSONResponse({"error": refusal.why}, refusal.status) if refusal else None

    def _entered(self, headers: Headers) -> Response:
        answer = HTMLResponse(ENTER)
        year = 31_536_000
        answer.set_cookie(_cookie(headers), self._session, max_age=year, httponly=True, samesite="strict", path="/")
        return answer

    def _unknown(self, scope: Scope, headers: Headers) -> Refusal | None:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and same(token.strip(), self._token):
            return None  # no browser sends this by itself
        if kind.lower() == "bearer" and scope["path"] == METRICS and same(token.strip(), self._metrics):
            return None
        if not same(_sent(headers), self._session):
            return Refusal(401, "no token, or a wrong one; open the link that `mnemosyne dash` prints")
        if scope["method"] not in ("GET", "HEAD"):
            if "origin" not in headers:
                return Refusal(403, "a request with a cookie needs an origin")
            if not same(headers.get(CSRF, ""), self.csrf):
                return Refusal(403, f"a request with a cookie needs the page's {CSRF}")
        return None


def _stranger(scope: Scope, headers: Headers) -> Refusal | None:
    """Whoever comes by a foreign name or from a foreign place."""
    host = headers.get("host", "")
    if len(headers.getlist("host")) != 1 or _name(host) not in HOSTS:
        return Refusal(403, "this host is not served; ask 127.0.0.1 or localhost")
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return Refusal(403, "this origin may not ask")
    site = headers.get("sec-fetch-site", "none")
    enters = scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
    if site not in ("none", "same-origin") and not enters:
        return Refusal(403, "another site may not ask")
    return None


def _name(host: str) -> str | None:
    try:
        told = urlsplit(f"//{host}")
        return told.hostname if told.netloc == host and not told.username else None
    except ValueError:
        return None


def _cookie(headers: Headers) -> str:
    """Cookies know no ports: the pages of several homes on one machine have one each."""
    port = headers.get("host", "").rpartition(":")[2]
    return f"mnemosyne-{port if port.isdigit() else 80}"


def _sent(headers: Headers) -> str:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(_cookie(headers))
    except CookieError:
        return ""
    return cookie.value if cookie else ""


def _guarded(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return with_headers
