"""The view of a run that grows, beside the run state."""

import pytest

from actors.work import Item, Outcome
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from dashboards.views.projection import RunView
from tests.support.growths import Grown
from tests.support.histories import BAD, GOOD, record
from tests.unit.run.test_subagents import asks, once


@pytest.mark.parametrize("part", [GOOD, BAD])
def test_an_item_whose_sub_agents_have_ended_is_ready(part: Outcome) -> None:
    plan = Item(id="p", description="Do it all.", tools=("files:read", "subagents"))
    run = Grown(plan)
    run.drive({"p": once(asks(description="One."), asks(description="Two.")), "p[1.1]": part})
    view, state = RunView(run.plan, record(run.plan)), RunState("r", WorkGraph(run.plan), "fake")
    for event in run.journal:
        view.apply(event)
        state.handle(event)
        assert view.items.counts == state.tally(), event
