"""Who may pass to the page: every stranger is turned away, and what the page itself sends passes."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from dashboards import page_token
from dashboards.gate import CSRF
from tests.support.homes import make_home
from tests.support.pages import TOKEN, Page, page

ALL = (
    "/",
    "/events",
    "/state/agents",
    "/state/runs",
    "/state/runs/r",
    "/state/stats",
    "/openapi.json",
    "/page/main.js",
)
pytestmark = pytest.mark.asyncio(loop_scope="module")

CANCEL = {"request": "cancel", "run": "r"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    home = tmp_path_factory.mktemp("home")
    await make_home(home)
    async with page(home) as made:
        yield made


@pytest.fixture
def served(shared: Page) -> Page:
    shared.around.wishes.clear()
    return shared


@asynccontextmanager
async def entered(served: Page) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser that opened the link."""
    async with served.stranger as browser:
        assert (await browser.get("/", params={"token": TOKEN})).status_code == 200
        yield browser


def csrf_of(text: str) -> str:
    found = re.search(r'name="csrf" content="(\w+)"', text)
    assert found
    return found[1]


@pytest.mark.parametrize("path", ALL)
async def test_without_a_token_nothing_is_told(served: Page, path: str) -> None:
    async with served.stranger as stranger:
        answer = await stranger.get(path)
    assert answer.status_code == 401
    assert "monday" not in answer.text


async def test_a_wrong_token_opens_nothing(served: Page) -> None:
    async with served.stranger as stranger:
        assert (await stranger.get("/", params={"token": TOKEN[:-1]})).status_code == 401
        assert (await stranger.get("/", params={"token": ""})).status_code == 401
        for told in ("Bearer", "Bearer x", f"Basic {TOKEN}", TOKEN):
            answer = await stranger.get("/state/runs", headers={"authorization": told})
            assert answer.status_code == 401, told
        port = served.base.rpartition(":")[2]
        answer = await stranger.get("/state/runs", headers={"cookie": f"mnemosyne-{port}={TOKEN}"})
        assert answer.status_code == 401, "the token itself is no cookie"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8420", "127.0.0.2", "", "x@127.0.0.1", "[::2]"]
)
async def test_a_foreign_host_gets_nothing(served: Page, host: str) -> None:
    for path in ("/state/runs", "/health"):
        assert (await served.client.get(path, headers={"host": host})).status_code in (400, 403)


@pytest.mark.parametrize("host", ["localhost:9999", "127.0.0.1:1", "[::1]:80", "localhost"])
async def test_this_machine_is_asked_by_any_port(served: Page, host: str) -> None:
    assert (await served.client.get("/state/runs", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:1", "null", "https://{}", "http://{}.evil"]
)
async def test_a_foreign_origin_gets_nothing(served: Page, origin: str) -> None:
    told = origin.format(served.base.removeprefix("http://"))
    assert (await served.client.get("/state/runs", headers={"origin": told})).status_code == 403
    answer = await served.client.post("/requests", json=CANCEL, headers={"origin": told})
    assert answer.status_code == 403
    assert served.around.wishes == []


async def test_another_site_may_only_open_the_page(served: Page) -> None:
    async with entered(served) as browser:
        for site in ("cross-site", "same-site"):
            image = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
            assert (await browser.get("/events", headers=image)).status_code == 403
            link = {"sec-fetch-site": site, "sec-fetch-mode": "navigate"}
            assert (await browser.get("/state/runs", headers=link)).status_code == 403
            assert (await browser.get("/", headers=link)).status_code == 200


async def test_the_token_becomes_a_cookie_that_no_script_reads(served: Page) -> None:
    async with served.stranger as browser:
        answer = await browser.get("/", params={"token": TOKEN})
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert TOKEN not in answer.text
        assert (await browser.get("/state/runs")).status_code == 200


async def test_a_request_needs_the_pages_own_proof(served: Page) -> None:
    async with entered(served) as browser:
        ours = {"origin": served.base}
        proof = csrf_of((await browser.get("/")).text)
        for headers in (ours, {**ours, CSRF: "x"}, {**ours, CSRF: TOKEN}, {CSRF: proof}):
            assert (await browser.post("/requests", json=CANCEL, headers=headers)).status_code == 403
        assert served.around.wishes == []
        answer = await browser.post("/requests", json=CANCEL, headers={**ours, CSRF: proof})
        assert (answer.status_code, answer.json()) == (202, {"request": "cancel", "in_journal": True})
    assert [wish.run for wish in served.around.wishes] == ["r"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"[]", 422),
        (b'{"request": "drop", "run": "r"}', 422),
        (b'{"request": "cancel", "run": "r", "more": 1}', 422),
        (b'{"request": "cancel", "run": "nowhere"}', 404),
        (b" " * 70_000, 413),
    ],
)
async def test_what_is_no_request_is_refused(served: Page, body: bytes, status: int) -> None:
    answer = await served.client.post("/requests", content=body)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert served.around.wishes == []


async def test_every_answer_forbids_foreign_and_inline_code(served: Page) -> None:
    async with served.stranger as stranger:
        answers = [await stranger.get("/"), await served.client.get("/state/runs"), await served.client.get("/")]
        answers.append(await stranger.get("/", headers={"host": "evil.example"}))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]+src=)|<style|\son\w+=|\sstyle=", answers[2].text)


async def test_health_tells_nothing(served: Page) -> None:
    async with served.stranger as stranger:
        answer = await stranger.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


async def test_the_token_is_the_owners_and_stays(tmp_path: Path) -> None:
    token = page_token.token_of(tmp_path)
    file = tmp_path / "page-token"
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(token) == 32
    assert page_token.token_of(tmp_path) == token
    assert not list(tmp_path.glob(".*")), "nothing is left beside it"  # noqa: ASYNC240
    assert page_token.derived(token, "session") != page_token.derived(token, "csrf")
