"""The page in a real Chromium, over a server whose journal the test writes line by line."""

import asyncio
import json
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from actors.events import AgentErrorRecorded, AgentHealthDegraded, AgentRestarted, AgentStarted, Event, RunFinished
from actors.journal.people import AnswerGiven, ApprovalDenied, ApprovalGranted
from actors.stores.group import GroupStore
from actors.stores.reader import Reader
from actors.work import RestartCause, Role, RunStatus
from cluster.fleets.around import HomeAround
from dashboards.listening import bind, serve
from dashboards.server import Server
from tests.support import scenes
from tests.support.browsers import entrance, opened
from tests.support.histories import write
from tests.support.pages import TOKEN, Around, page

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_run_is_watched_from_start_to_end(chromium: Browser, tmp_path: Path) -> None:
    plan = scenes.twelve().plan
    store = GroupStore(tmp_path / "store.db")
    async with page(tmp_path, ready=False) as served:
        await scenes.begin(store, plan[:2])
        async with opened(chromium, entrance(served)) as tab:
            await expect(tab.locator("#state")).to_have_text("running")
            assert TOKEN not in tab.url, "the token does not stay in the address"
            await expect(tab.locator("#counts")).to_contain_text("2 ready")
            await write(store, *scenes.attempt("sales-north", "executor-0", None))
            await expect(tab.locator("[data-agent=executor-0]")).to_contain_text("active", timeout=2000)
            await expect(tab.locator("#counts")).to_contain_text("1 active")
            await write(store, scenes.attempt("sales-north", "executor-0", scenes.result("Up.", 2.0, 900))[-1])
            await expect(tab.locator("#events")).to_contain_text("work item completed", timeout=2000)
            await tab.click("#list-tab")
            await expect(tab.locator("[data-id=sales-north]")).to_contain_text("complete")
            await tab.click("[data-id=sales-north]")
            await expect(tab.locator("#item .text").first).to_have_text("Up.")
            await tab.keyboard.press("Escape")
            await write(store, *scenes.attempt("sales-south", "executor-0", scenes.result("Level.", 2.0, 900)))
            done = RunFinished(run=scenes.RUN, term=1, status=RunStatus.COMPLETED, counts={"complete": 2})
            await write(store, done)
            await expect(tab.locator("#state")).to_have_text("completed")
            await expect(tab.locator("#run-acts")).to_be_hidden()
            await expect(tab.locator("#figures")).to_contain_text("2 of 2")
    await store.close()


async def test_an_agent_is_seen_degraded_restarted_and_well_again(chromium: Browser, tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await scenes.begin(store, scenes.twelve().plan)
    async with page(tmp_path) as served, opened(chromium, entrance(served)) as tab:
        agent = tab.locator("[data-agent=executor-2]")
        await expect(agent).to_contain_text("idle")
        for count in (1, 2, 3):
            await write(store, AgentErrorRecorded(agent="executor-2", generation=1, message="KeyError", count=count))
        await write(store, AgentHealthDegraded(agent="executor-2", count=3, is_healthy=True))
        await expect(agent).to_contain_text("degraded")
        await expect(agent.get_by_role("img", name="3 faults in the last minute")).to_be_visible()
        killed = AgentRestarted(agent="executor-2", generation=1, cause=RestartCause.CRASH, reason="it was killed")
        await write(store, killed)
        await expect(agent).to_contain_text("restarting")
        await expect(agent).to_contain_text("it was killed")
        await write(store, AgentStarted(agent="executor-2", role=Role.EXECUTOR, generation=2, pid=1, node="n"))
        await expect(agent).to_contain_text("idle")
        await expect(agent.get_by_title("restarts")).to_have_text("↻ 1")
        await expect(tab.locator("#agents-sum")).to_have_text("4 of 4 healthy")
    await store.close()


async def test_hostile_output_is_text(chromium: Browser, tmp_path: Path) -> None:
    store = await scenes.write(tmp_path, scenes.twelve())
    async with page(tmp_path) as served, opened(chromium, entrance(served)) as tab:
        await expect(tab.locator("#state")).to_have_text("running")
        await tab.evaluate("location.hash += '&item=incidents'")
        shown = tab.locator("#item .text").first
        await expect(shown).to_contain_text("<script>document.title='owned'</script><img src=x onerror=")
        await expect(shown).to_contain_text("\\x1b[2J\\x1b]0;owned\\x07 \\u202eevil")
        assert await tab.locator("#item img, #item script").count() == 0
        assert "owned" not in await tab.title()
        blocked = "() => { try { document.body.innerHTML = '<b>x</b>'; return false; } catch { return true; } }"
        assert await tab.evaluate(blocked), "the browser itself refuses markup from text"
    await store.close()


async def test_requests_go_out_by_the_page_alone(chromium: Browser, tmp_path: Path) -> None:
    store = await scenes.write(tmp_path, scenes.twelve())
    async with page(tmp_path) as served, opened(chromium, entrance(served)) as tab:
        await tab.click("#pause")
        await expect(tab.locator("#notice")).to_have_text("Pause: asked for.")
        await tab.click("#cancel")
        await tab.get_by_role("button", name="Leave it").click()
        await tab.click("#cancel")
        await tab.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()
        await expect(tab.locator("#notice")).to_have_text("Cancel the run: asked for.")
        assert [(wish.request, wish.run) for wish in served.around.wishes] == [
            ("pause", scenes.RUN),
            ("cancel", scenes.RUN),
        ]
    await store.close()


async def test_questions_are_answered_and_approvals_given_from_the_page(chromium: Browser, tmp_path: Path) -> None:
    store = await scenes.write(tmp_path, scenes.asking())
    taking = asyncio.create_task(store.take_requests())
    around = HomeAround(tmp_path)
    async with page(tmp_path, surroundings=around) as served, opened(chromium, entrance(served)) as tab:
        asks = tab.get_by_role("region", name="2 items wait for you")
        await expect(asks).to_contain_text("To whom is it addressed?")
        assert (await tab.title()).startswith("(2) ")
        await asks.get_by_role("textbox", name="Your answer to letter").fill("To the customers.\nIn English.")
        await write(store, *scenes.attempt("archive", "executor-1", None))
        await expect(tab.locator("#counts")).to_contain_text("1 active")
        await asks.get_by_role("button", name="Answer letter").click()  # with what was typed before the page changed
        one = tab.get_by_role("region", name="1 item waits for you")
        await expect(one.get_by_role("form")).to_have_count(1)
        await one.get_by_role("button", name="publish", exact=True).click()
        await tab.locator("#item").get_by_role("button", name="Approve publish").click()
        await expect(tab.locator("#item .pill")).to_contain_text("ready")
        await expect(tab.locator("#asks")).to_be_hidden()
        answered, approved = said(tmp_path)
        assert answered == AnswerGiven(run=scenes.RUN, target="letter", epoch=1, text="To the customers.\nIn English.")
        assert approved == ApprovalGranted(run=scenes.RUN, target="publish", epoch=0)
    taking.cancel()
    await store.close()


async def test_a_denial_has_a_reason_and_a_review_shows_its_evidence(chromium: Browser, tmp_path: Path) -> None:
    store = await scenes.write(tmp_path, scenes.asking())
    taking = asyncio.create_task(store.take_requests())
    around = HomeAround(tmp_path)
    async with page(tmp_path, surroundings=around) as served, opened(chromium, entrance(served)) as tab:
        await tab.get_by_role("button", name="Deny publish").click()
        sure = tab.get_by_role("dialog", name="Deny publish")
        await sure.get_by_label("Why, for the record").fill("not before the audit")
        await sure.get_by_role("button", name="Deny publish").click()
        await expect(tab.get_by_role("region", name="1 item waits for you")).to_be_visible()
        assert said(tmp_path) == [
            ApprovalDenied(run=scenes.RUN, target="publish", epoch=0, reason="not before the audit")
        ]
        await tab.evaluate("location.hash += '&item=figures'")
        item = tab.locator("#item")
        await expect(item).to_contain_text("Requirements (2 of 2 met)")
        await expect(item).to_contain_text("Verdicts (2)")
        await expect(item).to_contain_text("only the north is there")
        await expect(item).to_contain_text("Add the south.")
    taking.cancel()
    await store.close()


def said(home: Path) -> list[Event]:
    """What people said, by the journal."""
    reader = Reader(home / "store.db")
    try:
        found = [e for e in reader.events(scenes.RUN) if isinstance(e, AnswerGiven | ApprovalGranted | ApprovalDenied)]
        return [event.model_copy(update={"seq": 0, "at": 0.0}) for event in found]
    finally:
        reader.close()


async def test_the_page_comes_back_after_its_server_was_ended(chromium: Browser, tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await scenes.begin(store, scenes.twelve().plan)
    async with page(tmp_path) as served:
        port = int(served.base.rpartition(":")[2])
        context = await chromium.new_context()
        tab = await context.new_page()
        await tab.goto(entrance(served))
        await expect(tab.locator("#link")).to_have_text("live")
        await expect(tab.locator("#events")).to_contain_text("run started")
    await expect(tab.locator("#link")).to_have_text("reconnecting")
    await write(store, *scenes.attempt("sales-north", "executor-0", scenes.result("Up.", 2.0, 900)))
    again = asyncio.ensure_future(serve(Server(tmp_path / "store.db", TOKEN, Around()).app, bind(port)))
    try:
        await expect(tab.locator("#link")).to_have_text("live", timeout=15_000)
        await expect(tab.locator("#counts")).to_contain_text("1 complete")
        told = json.loads(await tab.evaluate("JSON.stringify(mnemosyne.state.events.map((event) => event.seq))"))
        assert sorted(set(told)) == list(range(told[0], told[-1] + 1)), "no row is missing"
        rows = json.loads(await tab.evaluate("JSON.stringify(mnemosyne.state.events.map((e) => [e.seq, e.type]))"))
        assert len(rows) == len({tuple(row) for row in rows}), "and none is there twice"
    finally:
        await context.close()
        again.cancel()
        with pytest.raises(asyncio.CancelledError):
            await again
    await store.close()
