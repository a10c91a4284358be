"""A tool that an item does not declare does not exist for it."""

import json
import sys
from pathlib import Path

import pytest

from actors.errors import HomeUnusable, ToolsUnavailable, UserError
from actors.models.port import Request
from actors.models.script import Rule, Script, ScriptedCall
from actors.models.scripted import ScriptedModel
from actors.roles.attempt import attempt
from actors.settings import FleetSettings, Settings
from actors.stores.memory import MemoryStore
from actors.tools.asking import AskPerson
from actors.tools.capability import ASK_PERSON, MEMORY_WRITE, TOOLS
from actors.tools.granted import Granted
from actors.tools.mcp import config
from actors.tools.memory import Forget, Remember
from actors.tools.toolbox import Toolbox
from actors.tools.workspace import workspace_of
from actors.work import Expand, Failure, FailureKind, Item, Outcome, Result, Task
from cluster.cli import preflight
from cluster.home.config import read_settings
from tests.support.fakes import course_of, prompted

ALL = {name: set(tools) for name, tools in TOOLS.items() if name != MEMORY_WRITE}
"""Without the one that asks for its run."""
SERVER = Path(__file__).resolve().parents[2] / "support" / "mcp_server.py"


def task(*tools: str, run: str = "r") -> Task:
    return Task(run=run, item=Item(id="a", description="Do a.", tools=tools), epoch=1, attempt=1, model="scripted")


def mcp_json(home: Path, **servers: object) -> None:
    home.mkdir(exist_ok=True)
    (home / "mcp.json").write_text(json.dumps({"mcpServers": servers}))


async def names(home: Path, *tools: str) -> set[str]:
    async with Granted(Settings(home=home), MemoryStore())(task(*tools)) as toolbox:
        return {spec.name for spec in toolbox.specs()}


@pytest.mark.parametrize("declared", [(), *[(one,) for one in ALL], tuple(ALL)], ids=",".join)
async def test_what_is_declared_is_granted_and_nothing_else(tmp_path: Path, declared: tuple[str, ...]) -> None:
    granted = set[str]().union(*(ALL[one] for one in declared))
    assert await names(tmp_path, *declared) == granted
    async with Granted(Settings(home=tmp_path), MemoryStore())(task(*declared)) as toolbox:
        for other in set[str]().union(*ALL.values()) - granted:
            told = await toolbox.call(other, {"path": "a", "content": "", "command": "touch here"}, "k")
            assert told.error
            assert f"there is no tool '{other}'" in told.text
    assert workspace_of(tmp_path, "r").exists() is bool(declared)


@pytest.mark.parametrize("expand", Expand)
async def test_an_item_that_answers_with_items_asks_for_nothing_else(tmp_path: Path, expand: Expand) -> None:
    for declared, granted in (("subagents",), set[str]()), (("subagents", "files:read"), ALL["files:read"]):
        item = task(*declared).item.model_copy(update={"expand": expand})
        asking = task().model_copy(update={"item": item})
        async with Granted(Settings(home=tmp_path), MemoryStore())(asking) as toolbox:
            assert {spec.name for spec in toolbox.specs()} == granted
            assert "there is no tool" in (await toolbox.call("spawn_subagent", {}, "k")).text


async def test_runs_do_not_share_a_workspace(tmp_path: Path) -> None:
    granted = Granted(Settings(home=tmp_path), MemoryStore())
    async with granted(task("files:write")) as toolbox:
        assert not (await toolbox.call("write_file", {"path": "a", "content": "of r"}, "k")).error
    async with granted(task("files:read", run="other")) as toolbox:
        assert (await toolbox.call("read_file", {"path": "a"}, "k")).error
    async with granted(task("files:read")) as toolbox:
        assert "of r" in (await toolbox.call("read_file", {"path": "a"}, "k")).text


async def test_tools_of_a_server_come_with_its_name(tmp_path: Path) -> None:
    mcp_json(tmp_path, odd={"command": sys.executable, "args": [str(SERVER)]})
    assert {"mcp__odd__echo", "mcp__odd__hang"} <= await names(tmp_path, "mcp:odd")


async def test_a_server_that_nobody_named_fails_the_item(tmp_path: Path) -> None:
    with pytest.raises(ToolsUnavailable, match=r"there is no MCP server tickets in .*mcp.json"):
        await names(tmp_path, "mcp:tickets")
    item = Item(id="a", description="x", tools=("mcp:tickets",))
    with pytest.raises(UserError, match=r"a wants the MCP server tickets; name it in .*mcp.json, it has none"):
        preflight.tools(tmp_path, [item])
    mcp_json(tmp_path, tickets={"url": "http://127.0.0.1:1/mcp"})
    preflight.tools(tmp_path, [item])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "the file: Invalid JSON"),
        ('{"mcpServers": {"a": {}}}', "mcpServers.a: Value error, give either command or url"),
        ('{"mcpServers": {"a": {"command": "x", "url": "http://b"}}}', "give either"),
        ('{"mcpServers": {"a": {"url": "file:///etc"}}}', "must begin with http"),
        ('{"mcpServers": {"a": {"command": "x", "headers": {"k": "s3cret"}}}}', "headers belong"),
        ('{"mcpServers": {"a": {"command": "x", "type": "http"}}}', "does not fit"),
        ('{"mcpServers": {"a__b": {"command": "x"}}}', "mcpServers"),
        ('{"mcpServers": {"a": {"command": "x", "env": {"k": ["s3cret"]}}}}', "mcpServers.a.env.k"),
        ('{"servers": {}}', "servers: Extra inputs"),
    ],
)
def test_mistakes_of_the_file_are_told_without_its_values(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "mcp.json").write_text(text)
    with pytest.raises(HomeUnusable) as error:
        config.servers(tmp_path)
    assert told in str(error.value)
    assert "s3cret" not in str(error.value)


def test_limits_of_commands_come_from_the_home(tmp_path: Path) -> None:
    assert read_settings(tmp_path, FleetSettings()).commands.timeout_s == 120
    (tmp_path / "commands.json").write_text('{"timeout_s": 600, "readable": ["/opt/tools"]}')
    found = read_settings(tmp_path, FleetSettings()).commands
    assert (found.timeout_s, found.readable) == (600, ("/opt/tools",))
    (tmp_path / "commands.json").write_text('{"timeout": 600}')
    with pytest.raises(UserError, match=r"commands.json: timeout: Extra inputs"):
        read_settings(tmp_path, FleetSettings())


def test_contexts_of_models_are_their_own_and_the_home_may_say_otherwise(tmp_path: Path) -> None:
    usual = read_settings(tmp_path, FleetSettings()).models
    named = ("claude-opus-5-5", "claude-haiku-4-5-20251001", "claude-unheard-of", "local", "local/smollm2")
    assert [usual.window(model) for model in named] == [1_000_000, 200_000, 200_000, 4096, 4096]
    (tmp_path / "contexts.json").write_text('{"claude-opus-5-5": 300000, "claude-new": 2000000, "local": 8192}')
    found = read_settings(tmp_path, FleetSettings()).models
    assert [found.window(model) for model in (*named, "claude-new")] == [
        300_000,
        200_000,
        200_000,
        8192,
        8192,
        2_000_000,
    ]
    assert found.local_context_tokens == 8192, "it is loaded with as much"
    assert Settings.model_validate_json(Settings(home=tmp_path, models=found).model_dump_json()).models == found
    (tmp_path / "contexts.json").write_text('{"local": 100}')
    with pytest.raises(UserError, match=r"contexts.json: local: Input should be greater"):
        read_settings(tmp_path, FleetSettings())


def test_a_persons_own_limits_of_models_come_from_the_home(tmp_path: Path) -> None:
    (tmp_path / "rates.json").write_text('{"claude-opus-5-5": {"requests": 500}}')
    found = read_settings(tmp_path, FleetSettings()).models.ceilings
    assert {model: ceiling.model_dump() for model, ceiling in found.items()} == {
        "claude-opus-5-5": {"requests": 500, "input_tokens": 0, "output_tokens": 0}
    }
    (tmp_path / "rates.json").write_text('{"claude-opus-5-5": {"request": 500}}')
    with pytest.raises(UserError, match=r"rates.json: claude-opus-5-5.request: Extra inputs"):
        read_settings(tmp_path, FleetSettings())


def test_a_server_does_not_show_its_secrets() -> None:
    one = config.McpServer(url="http://a", headers={"Authorization": "s3cret"})
    other = config.McpServer(command="x", env={"TOKEN": "s3cret"})
    assert "s3cret" not in f"{one!r}{other!r}"


def script(*rules: Rule) -> ScriptedModel:
    return ScriptedModel(Script(rules=rules))


async def attempted(home: Path, model: ScriptedModel, *tools: str) -> Outcome:
    worker = prompted(MemoryStore(), model, home=home)
    return await attempt(worker, course_of(task(*tools)), {})


WRITES = Rule(turn=1, calls=(ScriptedCall(tool="write_file", arguments={"path": "a.txt", "content": "made"}),))


async def test_an_attempt_works_with_its_tools(tmp_path: Path) -> None:
    runs = Rule(turn=2, calls=(ScriptedCall(tool="run_command", arguments={"command": "cat a.txt"}),))
    ends = Rule(match="exit code 0 after", turn=3, answer="it is made")
    outcome = await attempted(tmp_path, script(WRITES, runs, ends), "files:write", "command")
    assert isinstance(outcome, Result)
    assert outcome.data.text == "it is made"
    assert (workspace_of(tmp_path, "r") / "a.txt").read_text() == "made"


async def test_an_attempt_without_the_capability_changes_nothing(tmp_path: Path) -> None:
    ends = Rule(match="there is no tool 'write_file'", answer="refused")
    outcome = await attempted(tmp_path, script(WRITES, ends), "files:read")
    assert isinstance(outcome, Result)
    assert outcome.data.text == "refused"
    assert list(workspace_of(tmp_path, "r").iterdir()) == []


async def test_what_cannot_be_had_fails_the_item_and_not_the_agent(tmp_path: Path) -> None:
    outcome = await attempted(tmp_path, script(), "mcp:tickets")
    assert isinstance(outcome, Failure)
    assert outcome.reason is FailureKind.BAD_REQUEST
    (tmp_path / "file").write_text("in the way")
    outcome = await attempted(tmp_path / "file", script(), "command")
    assert isinstance(outcome, Failure)
    assert outcome.reason is FailureKind.BAD_REQUEST


async def test_a_scripted_call_is_a_turn() -> None:
    model = script(Rule(answer="first", calls=(ScriptedCall(tool="t", arguments={"a": 1}), ScriptedCall(tool="t"))))
    reply = await model.complete(Request(model="scripted", messages=()))
    assert (reply.text, reply.stop) == ("first", "tool_use")
    assert [(call.name, dict(call.input)) for call in reply.tool_calls] == [("t", {"a": 1}), ("t", {})]
    assert len({call.id for call in reply.tool_calls}) == 2


def test_an_empty_toolbox_has_nothing() -> None:
    assert Toolbox().specs() == ()


def test_the_table_of_capabilities_names_the_tools_that_are_granted_elsewhere() -> None:
    store, of = MemoryStore(), task("memory:write")
    assert TOOLS[MEMORY_WRITE] == (Remember(store, of, "plan").spec.name, Forget(store).spec.name)
    assert AskPerson(()).spec.name == ASK_PERSON


def test_the_page_of_tools_knows_all_of_them() -> None:
    page = (Path(__file__).parents[3] / "docs" / "tools.md").read_text()
    for capability, tools in TOOLS.items():
        assert f"| `{capability}` | {', '.join(f'`{name}`' for name in tools)} |" in page
    assert f"`{ASK_PERSON}`" in page
