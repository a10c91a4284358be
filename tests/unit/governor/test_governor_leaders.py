"""Of calls whose prompts begin alike one goes first; the others wait for its first token, and for nothing longer."""

from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actors.governor.governor import Governor
from actors.governor.leaders import LEAD_S, MANY, WARM_S, Leaders
from actors.governor.needs import Amounts, Need, Permit, counted
from actors.work import Usage

M = "claude-test"
USAGE = counted(Usage(input_tokens=100, output_tokens=10))


def need(id_: str, prefix: str = "p", *, run: str = "r", priority: float = 1) -> Need:
    return Need(id_, "a", 1, M, run, priority, 350, 100, prefix)


def governor() -> Governor:
    return Governor({M: Amounts(0, 0, 0)}, Random(0))


def ids(permits: list[Permit]) -> list[str]:
    return [permit.need.id for permit in permits]


def led() -> Governor:
    """Of four calls that begin alike the first went."""
    it = governor()
    it.reserve([need(name) for name in "abcd"], 1)
    (leader,) = it.grants(1)
    assert (leader.need.id, leader.leads) == ("a", True)
    return it


def test_the_others_go_at_its_first_token() -> None:
    it = led()
    assert it.grants(1.5) == []
    it.heard(need("a"), 2)
    rest = it.grants(2)
    assert ids(rest) == ["b", "c", "d"]
    assert not any(permit.leads for permit in rest)


def test_the_end_of_its_call_tells_it_too() -> None:
    it = led()
    it.settle(M, "a", USAGE, None, 3)
    assert ids(it.grants(3)) == ["b", "c", "d"]


def test_where_it_fails_another_leads() -> None:
    it = led()
    it.settle(M, "a", None, None, 3)
    (second,) = it.grants(3)
    assert (second.need.id, second.leads) == ("b", True)
    it.throttle(M, "b", None, None, 4)
    (third,) = it.grants(200)
    assert (third.need.id, third.leads) == ("c", True)
    it.lost("a")
    assert it.grants(201) == [], "all were of that agent"


def test_nobody_waits_for_one_that_is_late() -> None:
    it = led()
    assert it.grants(1 + LEAD_S) == []
    (second,) = it.grants(1.1 + LEAD_S)
    assert (second.need.id, second.leads) == ("b", True)
    it.heard(need("a"), 2 + LEAD_S)
    assert ids(it.grants(2 + LEAD_S)) == ["c", "d"], "the first one wrote it after all"


def test_others_go_before_those_that_wait() -> None:
    it = led()
    it.reserve([need("x", ""), need("y", "q"), need("z", "q")], 1)
    granted = it.grants(1)
    assert [(permit.need.id, permit.leads) for permit in granted] == [("x", False), ("y", True)]


def test_one_that_is_withdrawn_while_it_waits_is_gone() -> None:
    it = led()
    assert it.grants(1) == []
    it.withdraw(M, ["b"], 1)
    it.reserve([need("c")], 1)
    it.heard(need("a"), 2)
    assert ids(it.grants(2)) == ["c", "d"]
    it.heard(need("a"), 2)
    assert it.grants(2) == []


def test_one_of_more_urgency_that_comes_while_they_wait_goes_as_it_may() -> None:
    it = led()
    it.reserve([need("urgent", "", priority=9), need("also", priority=9)], 1.1)
    assert ids(it.grants(1.1)) == ["urgent"]
    it.heard(need("a"), 2)
    assert ids(it.grants(2)) == ["also", "b", "c", "d"]


@pytest.mark.parametrize(("later", "leads"), [(WARM_S - 1, False), (WARM_S + 1, True)])
def test_what_was_kept_is_kept_for_minutes_from_its_last_use(later: float, leads: bool) -> None:
    it = led()
    it.settle(M, "a", USAGE, None, 2)
    assert len(it.grants(2)) == 3
    it.reserve([need("e")], 1 + later)  # from the grant on, which is the earliest that it can have been kept
    (permit,) = it.grants(1 + later)
    assert permit.leads is leads


def test_what_has_gone_cold_is_forgotten() -> None:
    it = Leaders()
    for number in range(MANY + 5):
        one = need(str(number), f"p{number}")
        assert it.granted(one, 0)
        it.began(one, 0)
    last = need("last", "last")
    it.began(last, WARM_S + 1)
    assert len(it._used) == 1


@given(
    st.lists(st.tuples(st.sampled_from("apxq"), st.sampled_from(["ask", "begin", "end", "fail", "wait"])), max_size=60)
)
@example(
    [("a", "ask"), ("a", "ask"), ("a", "ask"), ("a", "wait"), ("a", "wait"), ("a", "begin")]
)  # the late one begins
def test_no_two_write_the_same_at_once_and_everybody_goes(steps: list[tuple[str, str]]) -> None:
    it, now, asked = governor(), 0.0, 0
    flying: dict[str, Permit] = {}
    answered: dict[str, float] = {}
    """When any of the calls that begin alike was answered last: whoever leads then need not be waited for."""

    def pump() -> None:
        for permit in it.grants(now):
            others = [p for p in flying.values() if p.leads and p.need.prefix == permit.need.prefix]
            kept_at = answered.get(permit.need.prefix, -1.0)
            assert all(kept_at >= p.granted_at or now - p.granted_at > LEAD_S for p in others)
            flying[permit.need.id] = permit

    for prefix, step in steps:
        now += 1.0
        of = [permit for permit in flying.values() if permit.need.prefix == prefix]
        if step == "ask":
            asked += 1
            it.reserve([need(f"n{asked}", prefix)], now)
        elif step == "begin" and of:
            answered[prefix] = now
            it.heard(of[0].need, now)
        elif step in ("end", "fail") and of:
            del flying[of[0].need.id]
            it.settle(M, of[0].need.id, USAGE if step == "end" else None, None, now)
            answered |= {prefix: now} if step == "end" else {}
        elif step == "wait":
            now += 20
        pump()
    for _ in range(asked):
        now += LEAD_S + 1
        pump()
    lane = it.lanes.get(M)
    assert lane is None or len(lane.turns) == 0, "everybody went"
