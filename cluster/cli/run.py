"""`run`: a plan, driven on the fleet that is up or by a fleet of this process."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from actors.errors import NotFound, StoreLocked, StoreMissing, StoreUnusable, UserError
from actors.stores.protocol import Accept, RunRecord
from cluster.cli import budgets, fleet_budget, on_fleet, options, resume
from cluster.cli.go import go
from cluster.cli.journal import opened
from cluster.cli.options import Home
from cluster.cli.shape import Concurrency, Executors, Pool, Shape
from cluster.cli.way import As, AsJson, Model, Wait, Way, new_id
from cluster.driving.lease import is_driven
from cluster.home import config, home_files
from cluster.plan import Plan, load

SAME_KEY_WAIT_S = 60.0
"""Another process that starts a run with the same key at the same moment has accepted it by then."""
POLL_S = 0.2

Key = Annotated[
    str | None,
    typer.Option(help="A name of your own for this run; the same plan and key is the same run.", callback=options.text),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="run")(run)


def run(
    plan: Annotated[Path, typer.Argument(help="The plan: YAML or JSON.", show_default=False)],
    key: Key = None,
    model: Model = None,
    budget: budgets.Option = None,
    home: Home = None,
    store: options.Store = None,
    executors: Executors = None,
    pool: Pool = None,
    concurrency: Concurrency = None,
    wait: Wait = 60,
    detach: options.Detach = False,
    as_json: AsJson = False,
    as_: As = None,
) -> None:
    """Run a plan to its end and show it live; with the key of an unfinished run of this plan, go on with that.

    On a fleet that is up (`mnemosyne up`) the run belongs to the fleet, and Ctrl-C only ends the watching. Without
    one Ctrl-C ends the run after the calls in flight; `mnemosyne resume` goes on where it stopped.

    Examples: `mnemosyne run plan.yaml`, `mnemosyne run plan.yaml --model local --key monday`,
    `mnemosyne run plan.yaml --detach`, `mnemosyne run plan.yaml --budget usd=5`.

    Exit codes: 0 all items complete, 1 some not, 2 bad input, 3 paused or waiting, 4 no fleet, store or model,
    5 cancelled, 130 or 143 interrupted. With --detach: 0 accepted.
    """
    parsed = load(plan)
    items = parsed.graph.items
    way = Way(home, Shape(executors, pool, concurrency), wait, detach, as_json)
    config.choose_store(way.home, store)
    if old := of_key(way.home, key):
        _go_on(way, parsed, old, model, budget)
        return
    choice, models = way.models(model or parsed.model, items)
    way.check(items)
    caps = budgets.of_run(budget, parsed, models, choice.model)
    config.make_home(way.home)
    fleet_budget.check(way.home, models)
    _say(way, choice.line, *budgets.preview(parsed, choice.model, caps))
    id_ = as_ or new_id(parsed.name)
    parts = (parsed.name, parsed.digest, choice.model, items, parsed.payloads)
    accept = Accept(id_, key, *parts, budget=caps, limits=home_files.limits(way.home, parsed.limits))
    again = _again(plan, {"--as": id_, "--key": key, "--model": model, "--budget": budget})
    try:
        go(way, models, items, lambda s: s.accept(accept), lambda: (id_, again, lambda _: True), id_)
    except StoreLocked:  # the store went to another process between the look and the start
        if not (old := _accepted_elsewhere(way.home, key)):
            raise
        _go_on(way, parsed, old, model, budget)


def _say(way: Way, *lines: str) -> None:
    for line in filter(None, lines):
        way.console.print(line, highlight=False, markup=False)


def _again(plan: Path, named: Mapping[str, str | None]) -> list[str]:
    """The command that does this in a process of its own."""
    return ["run", *(word for option, told in named.items() if told for word in (option, told)), "--", str(plan)]


def of_key(home: Path, key: str | None) -> RunRecord | None:
    """The run that has this key in the home, if there is one."""
    if key is None or not config.store_path(home).exists():
        return None
    try:
        with opened(home) as reader:
            return reader.run(key)
    except (NotFound, StoreMissing):  # a server may have no store of ours yet
        return None


def _go_on(way: Way, plan: Plan, old: RunRecord, model: str | None, budget: str | None) -> None:
    """The key has a run: it is this one if the plan is the same."""
    if budget:
        change = way.hint("continue", old.key or old.run, "--budget", budget)
        raise UserError(f"run {old.run} has begun; to change its budget: {change}")
    if old.digest != plan.digest or (model or plan.model or old.model) != old.model:
        raise UserError(
            f"the key {old.key!r} belongs to run {old.run} of another plan or model; choose another --key, "
            f"or go on with the edited plan: {way.hint('resume', old.key or old.run, '--plan', 'FILE')}"
        )
    way.console.print(f"This is run {old.run}.", highlight=False, markup=False)
    say_what_stays(way, plan, old)
    if is_driven(way.home, old):
        on_fleet.watch(way, old.run)
    resume.go_on(way, old.run)


def say_what_stays(way: Way, plan: Plan, old: RunRecord) -> None:
    """What the plan says and the run does not take: the digest does not tell."""
    view = resume.read(way.home, old.run)[2]
    held, takes = view.budget, way.hint("resume", old.key or old.run, "--plan", "FILE")
    if plan.budget and budgets.after(held, plan.budget) != held:
        way.console.print(
            f"Its budget stays {budgets.caps(held) or 'none'}; {takes} takes the plan's.", highlight=False
        )
    if plan.limits and home_files.limits(way.home, plan.limits) != view.limits:
        way.console.print(f"Its limits stay: {view.limits}; {takes} takes the plan's.", highlight=False)


def _accepted_elsewhere(home: Path, key: str | None) -> RunRecord | None:
    deadline = time.monotonic() + SAME_KEY_WAIT_S
    while key is not None and time.monotonic() < deadline:
        try:
            if (old := of_key(home, key)) and is_driven(home, old):
                return old
        except StoreUnusable:
            pass  # not made yet
        time.sleep(POLL_S)
    return None
