"""`run`: a plan, driven on the fleet that is up or by a fleet of this process."""

import time
from pathlib import Path
from typing import Annotated

import typer

from actors.errors import NotFound, StoreLocked, StoreUnusable, UserError
from actors.stores.protocol import Accept, RunRecord
from cluster import config
from cluster.cli import on_fleet, options, resume
from cluster.cli.journal import opened
from cluster.cli.options import Home
from cluster.cli.shape import Concurrency, Executors, Pool, Shape
from cluster.cli.way import As, AsJson, Model, Wait, Way, new_id
from cluster.lease import is_driven
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
    home: Home = None,
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
    `mnemosyne run plan.yaml --detach`.

    Exit codes: 0 all items complete, 1 some not, 2 bad input, 3 paused or waiting, 4 no fleet, store or model,
    5 cancelled, 130 or 143 interrupted. With --detach: 0 accepted.
    """
    parsed = load(plan)
    way = Way(home, Shape(executors, pool, concurrency), wait, detach, as_json)
    if old := _of_key(way.home, key):
        _go_on(way, parsed, old, model)
        return
    choice, models = way.models(model or parsed.model, parsed.graph.items)
    way.check(choice.model, parsed.graph.items)
    config.make_home(way.home)
    if choice.line:
        way.console.print(choice.line, highlight=False, markup=False)
    id_ = as_ or new_id(parsed.name)
    accept = Accept(id_, key, parsed.name, parsed.digest, choice.model, parsed.graph.items, parsed.payloads)
    named = [*(("--key", key) if key else ()), *(("--model", model) if model else ())]
    arguments = ["run", "--as", id_, *named, "--", str(plan)]
    try:
        way.go(
            choice.model,
            models,
            parsed.graph.items,
            lambda store: store.accept(accept),
            lambda: (id_, arguments, lambda _: True),
            id_,
        )
    except StoreLocked:  # the store went to another process between the look and the start
        if not (old := _accepted_elsewhere(way.home, key)):
            raise
        _go_on(way, parsed, old, model)


def _of_key(home: Path, key: str | None) -> RunRecord | None:
    if key is None or not config.store_path(home).exists():
        return None
    try:
        with opened(home) as reader:
            return reader.run(key)
    except NotFound:
        return None


def _go_on(way: Way, plan: Plan, old: RunRecord, model: str | None) -> None:
    """The key has a run: it is this one if the plan is the same."""
    if old.digest != plan.digest or (model or plan.model or old.model) != old.model:
        raise UserError(
            f"the key {old.key!r} belongs to run {old.run} of another plan or model; choose another --key, "
            f"or go on with the edited plan: {way.hint('resume', old.key or old.run, '--plan', 'FILE')}"
        )
    way.console.print(f"This is run {old.run}.", highlight=False, markup=False)
    if is_driven(way.home, old):
        on_fleet.watch(way, old.run)
    resume.go_on(way, old.run)


def _accepted_elsewhere(home: Path, key: str | None) -> RunRecord | None:
    deadline = time.monotonic() + SAME_KEY_WAIT_S
    while key is not None and time.monotonic() < deadline:
        try:
            if (old := _of_key(home, key)) and is_driven(home, old):
                return old
        except StoreUnusable:
            pass  # not made yet
        time.sleep(POLL_S)
    return None
