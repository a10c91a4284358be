"""The page of a fleet that is up: watched in a real Chromium while its processes are killed."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from dashboards.page_token import token_of, url
from tests.support.browsers import browser, opened
from tests.support.fleets import fleet_up, strike, wait_for
from tests.support.processes import Commands

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]


async def test_a_fleet_is_watched_while_its_processes_are_killed(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.script(rules=[{"match": "slow", "delay_s": 8.0}])
    plan = commands.items(*({"id": f"slow-{n}", "description": f"slow {n}"} for n in range(12)))
    with fleet_up(commands, "--executors", "2", "--concurrency", "2") as fleet:
        assert fleet.page
        code, _, err = commands.run("run", plan, "--key", "seen", "--detach")
        assert code == 0, err
        async with browser() as chromium, opened(chromium, url(fleet.page, token_of(commands.home))) as tab:
            await expect(tab.locator("#counts")).to_contain_text("4 active")
            executor = tab.locator("[data-agent=executor-0]")
            await expect(executor).to_contain_text("active")
            events = tab.locator("#events")

            strike(wait_for(fleet, "agent")[0])
            struck = tab.locator("[data-agent]", has=tab.get_by_title("restarts"))
            await expect(struck).to_have_count(1)
            await expect(struck).to_contain_text("active", timeout=30_000)
            await expect(tab.locator("#agents-sum")).to_have_text("2 of 2 healthy")

            (page,) = wait_for(fleet, "page")
            strike(page)
            wait_for(fleet, "page", lambda found: bool(found) and found != [page])
            await expect(tab.locator("#link")).to_have_text("live", timeout=30_000)

            for kind in ("store", "driver"):
                strike(wait_for(fleet, kind)[0])
            await expect(tab.locator("#state")).to_have_text("completed", timeout=90_000)
            await expect(tab.locator("#figures")).to_contain_text("12 of 12")
            await expect(events).to_contain_text("run finished")
            told = await tab.evaluate("mnemosyne.state.events.map((event) => event.seq)")
            assert sorted(set(told)) == list(range(told[0], told[-1] + 1)), "no row is missing"
