"""Writes docs/cli.md from the commands themselves: `python -m cluster.cli.docs`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from cluster.cli import codes
from cluster.cli.main import NAME, app
from cluster.cli.store import FINDINGS
from cluster.doctor import EXIT

PATH = Path(__file__).parent.parent.parent / "docs" / "cli.md"

INTRO = """# Command line

Made from the commands themselves by `python -m cluster.cli.docs`; `mnemosyne COMMAND --help` says the same. In a
checkout the program is `./mnemosyne`.

- Everything of a fleet lies in one folder, the *home*: `--home`, else `MNEMOSYNE_HOME`, else `.mnemosyne/` in the
  working directory. One fleet at a time works in a home.
- A run is named by its id or by the key it was given, everywhere.
- `--json` prints facts for programs, on standard output and nothing else there; refusals go to standard error.
- `status`, `results`, `events`, `agents`, `cancel`, `pause` and `continue` work beside a living run and with no
  process alive.
- What can be foreseen to go wrong is told in one sentence with what to do; a traceback is a mistake of ours."""

CODES = """## Exit codes

Of `run`, `resume`, `orchestrate` and `status RUN --watch`:"""

OTHERS = (
    "Of `orchestrate` also 2: nobody was there to say yes. Of `store check`: 0 all is well, {} there are findings. Of "
    "`doctor`: {}. Of the others: 0, 2 bad input, 4 no store to be had. With `--detach`: 0 once the run has begun."
)

ENDING = """## Ending a run, and going on

Ctrl-C or SIGTERM: nothing new is started, the calls in flight are waited for and recorded, then the command ends with
130 or 143. Once more: it ends at once, and what was in flight is lost and paid for again. Either way, after a crash
or a SIGKILL as well, `mnemosyne resume RUN` goes on; finished items do not run again.

After a SIGKILL of the command everything that it started is gone within seconds and the store is free, but for two
idle helpers of Ray itself (`ray::DashboardAgent`, `ray::RuntimeEnvAgent`): they wait 60 seconds for the dead before
they end."""

COMPLETION = """## Completion by the shell

`mnemosyne --install-completion` sets it up for the shell it is called from (bash, zsh, fish); open a new one
afterwards. It completes commands, options, and the runs of the home. It calls `mnemosyne`, so the launcher has to be
found on the PATH under this name, as by `ln -s "$PWD/mnemosyne" ~/.local/bin/`; in bash `./mnemosyne` is completed as
well. `--show-completion` prints the script instead.

## Completion and hints in an editor

`mnemosyne plan schema > plan.schema.json`, and as the first line of the plan:

```yaml
# yaml-language-server: $schema=plan.schema.json
```"""


def page() -> str:
    """The whole page."""
    table = [f"| {code} | {told} |" for code, told in codes.TABLE.items()]
    doctor = ", ".join(f"{code} {level.value}" for level, code in EXIT.items())
    parts = [
        INTRO,
        CODES,
        "\n".join(["| code | says |", "|---|---|", *table]),
        OTHERS.format(FINDINGS, doctor),
        ENDING,
        COMPLETION,
    ]
    return "\n\n".join([*parts, "## Commands", *(part for named in commands() for part in _command(*named))]) + "\n"


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, those of groups too."""
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        if getattr(command, "invoke_without_command", True):
            yield name, command
        if hasattr(command, "commands"):
            yield from ((f"{name} {inner}", one) for inner, one in command.commands.items())


def examples(command: Any) -> list[str]:
    """The command lines that the help text gives."""
    _, _, told = (command.help or "").partition("Example")
    return [" ".join(found.split()) for found in re.findall(rf"`({NAME} [^`]+)`", told)]


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"### {name}"
    arguments = " ".join(_argument(param) for param in command.params if param.param_type_name == "argument")
    yield f"`{NAME} {name} [OPTIONS] {arguments}`".replace(" `", "`")
    yield from (paragraph for paragraph in (command.help or "").split("\n\n") if not paragraph.startswith("Example"))
    rows = [f"| {_names(param)} | {_says(param)} |" for param in command.params if not param.hidden]
    if rows:
        yield "\n".join(["| | |", "|---|---|", *rows])
    yield "\n".join(["```console", *(f"$ {line}" for line in examples(command)), "```"])


def _argument(param: Any) -> str:
    return param.name.upper() if param.required else f"[{param.name.upper()}]"


def _names(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{_argument(param)}`"
    return ", ".join(f"`{name}`" for name in param.opts)


def _says(param: Any) -> str:
    shown = param.default not in (None, False, "") and not param.required
    return f"{param.help}{f' Default: {param.default}.' if shown else ''}".replace("|", "\\|")


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
