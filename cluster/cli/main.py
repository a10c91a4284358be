"""The command line: one typer app; foreseeable faults become one sentence and an exit code."""

import sys

import typer

from cluster.cli import (
    agents,
    api_key,
    dash,
    doctor,
    fleet_budget,
    grafana,
    memory,
    orchestrate,
    people,
    plan,
    resume,
    run,
    secret,
    skills,
    store,
    up,
    views,
    why,
    wishes,
)
from cluster.cli.faults import fault
from cluster.cli.text import one_line

NAME = "mnemosyne"

app = typer.Typer(
    name=NAME,
    help="Supervised fleets of Claude agents on Ray.",
    epilog="Exit codes and examples: `mnemosyne COMMAND --help`, docs/cli.md.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
run.register(app)
orchestrate.register(app)
resume.register(app)
up.register(app)
views.register(app)
why.register(app)
wishes.register(app)
fleet_budget.register(app)
memory.register(app)
people.register(app)
app.add_typer(agents.app)
app.add_typer(plan.app, name="plan")
app.add_typer(skills.app, name="skills")
app.add_typer(store.app, name="store")
app.add_typer(grafana.app, name="grafana")
app.add_typer(secret.app, name="secrets")
app.add_typer(api_key.app, name="config")
doctor.register(app)
dash.register(app)


def main() -> None:
    """Run one command and exit with its code."""
    try:
        app(prog_name=NAME)
    except Exception as error:
        told = fault(error)
        if told is None:
            raise
        sys.stderr.write("".join(f"{one_line(line)}\n" for line in f"{NAME}: {told.message}".splitlines()))
        sys.exit(told.code)
