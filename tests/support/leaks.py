"""One fleet with a marked key, and everything that it leaves behind or tells, searched."""

import json
from pathlib import Path

from cluster.fleets.fleet_file import FleetFile
from cluster.home.config import store_path, token_path
from tests.messages_server import MessagesServer
from tests.support import canary
from tests.support.canary import Canary, Dashboard, Found
from tests.support.echoes import ECHOES
from tests.support.processes import Commands

KEY = "ANTHROPIC_API_KEY"


class Marked(Commands):
    """Commands of a user whose folder holds everything: home, settings, plans. `inherited` is in their environment.

    `more`: what else is.
    """

    def __init__(self, folder: Path, server: MessagesServer, inherited: str | None = None, **more: str) -> None:
        super().__init__(folder)
        self.server, self._inherited, self._more = server, inherited, more
        self.told: dict[str, str] = {}
        """What each command printed."""

    @property
    def environment(self) -> dict[str, str]:
        """Of every command."""
        ours = {"ANTHROPIC_BASE_URL": self.server.base_url, "XDG_CONFIG_HOME": str(self.folder / "config")}
        return {**super().environment, **ours, **self._more, **({KEY: self._inherited} if self._inherited else {})}

    def tell(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output; both streams are searched at the end."""
        code, out, err = self.run(*arguments)
        self.told[" ".join(arguments)] = out + err
        return code, out

    def keep(self, key: str) -> None:
        """`config set-key`."""
        process = self.start("config", "set-key", "-", stdin=-1)
        out, err = process.communicate(f"{key}\n", timeout=60)
        assert process.returncode == 0, err
        self.told["config set-key"] = out + err

    def plan_of_echoes(self, *more: str) -> str:
        """An item for each echo, and more."""
        items = [{"id": name, "description": f"[item:{name}]"} for name in (*ECHOES, *more)]
        plan = {"name": "echoes", "model": "claude-sonnet-5-5", "items": items}
        (self.folder / "echoes.json").write_text(json.dumps(plan))
        return "echoes.json"

    def look(self, *runs: str) -> None:
        """Every command that tells facts, for people and for programs."""
        for words in (("status",), ("agents",), ("doctor",), ("config", "show-key"), ("secrets", "info")):
            for more in ((), ("--json",)):
                self.tell(*words, *more)
        for run in runs:
            for words in (("status", run), ("results", run), ("events", run)):
                for more in ((), ("--json",)):
                    assert self.tell(*words, *more)[0] == 0


def everywhere(mark: Canary, commands: Marked, fleet: FleetFile) -> dict[str, Found]:
    """Where the mark is, by what was searched."""
    found = at_rest(mark, commands, fleet)
    dashboard = Dashboard(fleet.dashboard or "", token_path(commands.home))
    found |= {
        "dashboard": dashboard.search(mark),
        "commands": Found(
            len(commands.told), [command for command, told in commands.told.items() if mark.is_in(told.encode())]
        ),
    }
    answered = {path for path, status in dashboard.answers.items() if status == 200}
    missing = set(Dashboard.PATHS) - answered
    assert not missing, missing
    return found


def at_rest(mark: Canary, commands: Commands, fleet: FleetFile) -> dict[str, Found]:
    """The same of what lies there, and is asked nothing."""
    return {
        "files": canary.in_files(mark, commands.folder, fleet.folder),
        "journal": canary.in_journal(mark, store_path(commands.home)),
        "command lines": canary.in_command_lines(mark),
    }
