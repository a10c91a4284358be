"""Items with tools on real Ray: what is granted is done in the workspace, and a kill repeats a call by its key."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from actors.events import ToolDone
from tests.support.processes import Commands, ended, wait_for_file

SERVER = Path(__file__).resolve().parent.parent / "support" / "mcp_server.py"

pytestmark = pytest.mark.timeout(300)  # a busy machine takes its time to start Ray


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


def calls(tool: str, **arguments: Any) -> list[dict[str, Any]]:
    return [{"tool": tool, "arguments": arguments}]


def workspace(commands: Commands) -> Path:
    (found,) = commands.home.glob("runs/*/workspace")
    return found


def test_items_use_the_tools_that_they_declare(commands: Commands) -> None:
    commands.home.mkdir()
    (commands.home / "mcp.json").write_text(
        json.dumps({"mcpServers": {"odd": {"command": sys.executable, "args": [str(SERVER)]}}})
    )
    commands.script(
        rules=[
            {"match": "/make/", "turn": 1, "calls": calls("write_file", path="a.py", content="print(6 * 7)\n")},
            {"match": "/make/", "turn": 2, "calls": calls("run_command", command="python3 a.py; env")},
            {"match": "\n42\n", "answer": "it says 42"},
            {"match": "/look/", "turn": 1, "calls": calls("read_file", path="a.py")},
            {"match": "print(6 * 7)", "answer": "it is there"},
            {"match": "/none/", "turn": 1, "calls": calls("run_command", command="touch forbidden")},
            {"match": "there is no tool 'run_command'; there are no tools for this item", "answer": "refused"},
            {"match": "/ask/", "turn": 1, "calls": calls("mcp__odd__key")},
            {"match": "/ask/1/1", "answer": "the key came"},
            {"match": "/keep/", "turn": 1, "calls": calls("remember", text="Parrots sign deploys.", importance=9)},
            {"match": "/keep/", "turn": 2, "calls": calls("recall", query="parrots OR cats")},
            {"match": "Sign with a parrot.", "answer": "signed"},
            {"match": "Parrots sign deploys.", "answer": "it is remembered"},
        ]
    )
    skill = commands.home.parent / "skills" / "deploy"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("---\nname: deploy\ndescription: Deploy a service\n---\nSign with a parrot.\n")
    plan = commands.items(
        {"id": "make", "description": "make it", "tools": ["files:write", "command"]},
        {"id": "look", "description": "look at it", "tools": ["files:read"], "dependencies": ["make"]},
        {"id": "none", "description": "without tools"},
        {"id": "ask", "description": "ask a server", "tools": ["mcp:odd"]},
        {"id": "keep", "description": "keep it", "tools": ["memory:read", "memory:write"]},
        {"id": "skilled", "description": "Deploy the service."},
    )
    code, _, err = commands.run("run", plan, "--key", "k", "--executors", "1")
    assert code == 0, err
    results = json.loads(commands.run("results", "k", "--json")[1])
    assert {id_: result["data"] for id_, result in results.items()} == {
        "make": "it says 42",
        "look": "it is there",
        "none": "refused",
        "ask": "the key came",
        "keep": "it is remembered",
        "skilled": "signed",
    }
    assert [path.name for path in workspace(commands).iterdir()] == ["a.py"]
    done = [(event.item, event.tool) for event in commands.events("k") if isinstance(event, ToolDone)]
    assert sorted(done) == [
        ("ask", "mcp__odd__key"),
        ("keep", "recall"),
        ("keep", "remember"),
        ("look", "read_file"),
        ("make", "run_command"),
        ("make", "write_file"),
        ("none", "run_command"),
    ]
    (memory,) = json.loads(commands.run("recall", "parrots", "--min-importance", "9", "--json")[1])["results"]
    assert (memory["namespace"].partition(":")[0], memory["item"]) == ("project", "keep")
    parts = json.loads(commands.run("why", "k", "skilled", "--json")[1])["parts"]
    assert ("skills", "deploy") in [(part["share"], part["name"]) for part in parts]


FIRST_HANGS = (
    "echo $MNEMOSYNE_IDEMPOTENCY_KEY >> keys; [ -e began ] && exit 0; "
    "cut -d' ' -f4 /proc/$PPID/stat > agent; echo $$ > command; touch began; exec sleep 600"
)


@pytest.mark.faults
def test_a_call_that_a_kill_interrupted_is_made_again_with_its_key(commands: Commands) -> None:
    commands.script(rules=[{"turn": 1, "calls": calls("run_command", command=FIRST_HANGS)}, {"answer": "done"}])
    plan = commands.items({"id": "a", "description": "do it", "tools": ["command"]})
    run = commands.start("run", plan, "--key", "k", "--executors", "1")
    began = wait_for_file(commands.home, "runs/*/workspace/began", run)
    agent, command = (int((began.parent / name).read_text()) for name in ("agent", "command"))
    os.kill(agent, signal.SIGKILL)
    assert ended(run) == 0
    first, second = (began.parent / "keys").read_text().splitlines()
    assert first == second
    assert first.endswith("/a/1/1")
    with pytest.raises(ProcessLookupError):
        os.kill(command, 0)


def test_a_server_that_the_home_does_not_have_is_told_before_anything_starts(commands: Commands) -> None:
    plan = commands.items({"id": "a", "description": "do it", "tools": ["mcp:tickets"]})
    code, _, err = commands.run("run", plan)
    assert code == 2
    assert "a wants the MCP server tickets" in err
    assert not commands.home.exists()
