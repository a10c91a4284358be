"""What the rooms promise each other: imports one way, ceilings, one place for Ray, one for the environment.

Each rule is a function from a file to complaints `path:line what`, so a failure names the place; the snippets at the
end show that every rule sees what it forbids.
"""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("actors", "cluster", "dashboards")
MODULE_LINES = 300
FUNCTION_LINES = 40
RAY = {"actors/remote.py", "cluster/fleets/fleet.py", "cluster/doctor/looking.py"}
READS_ENVIRONMENT = {"cluster/home/config.py", "actors/secrecy/keys.py"}
"""The settings, and the one key, which every agent reads on its own node."""
HISTORY, SELF = {"CHANGELOG.md"}, "tests/test_architecture.py"
PICKLES = {"pickle", "cPickle", "cloudpickle", "dill", "marshal", "shelve", "jsonpickle"}

MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:" + "|".join(("work", "root", "tmp")) + r")/")
NAMED = re.compile(
    r"(?<![\w./-])(?:actors|cluster|dashboards|tests|benchmarks|docs|examples|deploy)/[\w./-]*\w\.(?:py|md)\b"
)
"""A file of ours, as documents and comments name it."""

# In parts, so that this file does not name them.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("deb", "debian", "org"),
    )
]


@cache
def files() -> tuple[str, ...]:
    """Paths of all files that are or would be committed, relative to the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive
        hidden = re.compile(r"(^|/)(\.(?!ci/)[^/]+|__pycache__)/")
        listed = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*")]
        listed = [path for path in listed if not hidden.search(path)]
    return tuple(sorted(path for path in set(listed) if path and (ROOT / path).is_file()))


def modules(*folders: str) -> list[str]:
    return [path for path in files() if path.endswith(".py") and (not folders or path.split("/")[0] in folders)]


def texts() -> list[str]:
    return [path for path in files() if b"\0" not in (ROOT / path).read_bytes()]


def source(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


Complaints = Iterator[tuple[int, str]]
"""Line number and what is wrong there."""
Rule = Callable[[str, str], Complaints]
"""From a module's path and source."""


def imports(text: str) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, anywhere in the module, also by string."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names):
                yield from ((node.lineno, f"{module or '.'}.{alias.name}") for alias in names)
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called), args=[ast.Constant(value=str(name)), *_]
            ):
                if called in {"import_module", "__import__"}:
                    yield node.lineno, name


def ray_in_its_place(path: str, text: str) -> Complaints:
    for line, name in imports(text):
        if name.split(".")[0] == "ray" and path not in RAY:
            yield line, f"imports {name}; Ray belongs into {' and '.join(sorted(RAY))}"


def no_pickle(_path: str, text: str) -> Complaints:
    for line, name in imports(text):
        if name.split(".")[0] in PICKLES:
            yield line, f"imports {name}; a store holds JSON only"


def environment_in_its_place(path: str, text: str) -> Complaints:
    """Assigning and deleting single variables is no reading; everything else is."""
    tree = ast.parse(text)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for line, name in imports(text):
        if name in {"os.environ", "os.getenv", "os.environb"} and path not in READS_ENVIRONMENT:
            yield line, f"imports {name}; settings are read in cluster/home/config.py"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "getenvb"}:
            match parents[node]:
                case ast.Subscript(ctx=ast.Store() | ast.Del()):
                    continue
            if path not in READS_ENVIRONMENT:
                yield node.lineno, "reads the environment; settings are read in cluster/home/config.py"


def short_module(_path: str, text: str) -> Complaints:
    if (lines := text.count("\n")) > MODULE_LINES:
        yield 1, f"has {lines} lines, the ceiling is {MODULE_LINES}: split it by noun"


def short_functions(_path: str, text: str) -> Complaints:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            told = ast.get_docstring(node) is not None
            docstring = (first.end_lineno or 0) - first.lineno + 1 if told else 0
            lines = (node.end_lineno or 0) - node.lineno + 1 - docstring
            if lines > FUNCTION_LINES:
                yield (
                    node.lineno,
                    f"{node.name} has {lines} lines of code, the ceiling is {FUNCTION_LINES}",
                )


def no_temperature(_path: str, text: str) -> Complaints:
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.keyword(arg="temperature") | ast.Constant(value="temperature"):
                yield node.lineno, "passes temperature; newer models refuse it"


def own_name(path: str, _text: str) -> Complaints:
    for name in Path(path).with_suffix("").parts:
        if name in sys.stdlib_module_names:
            yield 1, f"{name} is a module of the standard library; a script started by path would shadow it"


def no_machine(_path: str, text: str) -> Complaints:
    for number, line in enumerate(text.splitlines(), 1):
        if found := MACHINE_PATH.search(line):
            yield number, f"holds a path of one machine: {found.group()}"
        for host in REGISTRIES:
            if host in line:
                yield number, f"names a package registry: {host}"


def names_what_is_there(_path: str, text: str) -> Complaints:
    for number, line in enumerate(text.splitlines(), 1):
        yield from (
            (number, f"names {name}, which is not there") for name in NAMED.findall(line) if name not in files()
        )


def broken(rule: Rule, paths: list[str]) -> list[str]:
    assert paths, "no file to look at"
    return [f"{path}:{line} {what}" for path in paths for line, what in rule(path, source(path))]


@pytest.mark.parametrize(
    ("rule", "folders"),
    [
        (ray_in_its_place, ROOMS),
        (environment_in_its_place, ROOMS),
        (short_module, ()),
        (short_functions, (*ROOMS, "benchmarks")),
        (own_name, ()),
    ],
)
def test_every_module_keeps(rule: Rule, folders: tuple[str, ...]) -> None:
    assert broken(rule, modules(*folders)) == []


def test_every_script_of_the_page_is_short() -> None:
    assert broken(short_module, [path for path in files() if path.endswith(".js")]) == []


def test_stores_know_no_pickle() -> None:
    assert broken(no_pickle, [path for path in modules("actors") if path.startswith("actors/stores/")]) == []


def test_claude_gets_no_temperature() -> None:
    assert broken(no_temperature, ["actors/models/claude.py"]) == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    assert broken(no_machine, texts()) == []


def test_every_file_that_is_named_is_there() -> None:
    assert broken(names_what_is_there, [path for path in texts() if path not in HISTORY | {SELF}]) == []


def test_import_contracts() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_installed_distribution_provides_our_rooms() -> None:
    """Another package named `cluster` beside ours would be imported by halves, without any error."""
    provided = importlib.metadata.packages_distributions()
    assert {room: provided[room] for room in ROOMS if room in provided} == {}


def test_lock_fits_the_project() -> None:
    project = tomllib.loads(source("pyproject.toml"))
    wanted = [Requirement(text) for text in project["project"]["dependencies"] + project["dependency-groups"]["dev"]]
    locked = dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", source("requirements.lock"), re.MULTILINE))
    stale = [str(want) for want in wanted if not want.specifier.contains(locked.get(want.name.lower(), "0a0"))]
    assert stale == [], "make lock"
    assert "://" not in source("requirements.lock"), "the lock works behind any mirror, so it names no index"


def test_launcher_and_ci_are_executable() -> None:
    assert [path for path in ("mnemosyne", ".ci/run") if not (ROOT / path).stat().st_mode & 0o111] == []


LONG = "def f():\n" + "    x = 1\n" * FUNCTION_LINES
TOLD = 'def f():\n    """One.\n\n    Two.\n    """\n' + "    x = 1\n" * (FUNCTION_LINES - 1)


@pytest.mark.parametrize(
    ("rule", "path", "text", "complaints"),
    [
        (ray_in_its_place, "cluster/driving/driver.py", "def f():\n    import ray.util", 1),
        (ray_in_its_place, "cluster/driving/driver.py", "from ray.actor import ActorHandle", 1),
        (ray_in_its_place, "cluster/driving/driver.py", "import importlib\nimportlib.import_module('ray')", 1),
        (ray_in_its_place, "cluster/fleets/fleet.py", "import ray", 0),
        (ray_in_its_place, "cluster/driving/driver.py", "import raylike", 0),
        (environment_in_its_place, "actors/context/skills.py", "import os\nos.environ['A']", 1),
        (environment_in_its_place, "actors/context/skills.py", "import os as o\ndict(o.environ)", 1),
        (environment_in_its_place, "actors/context/skills.py", "import os\nos.getenv('A')", 1),
        (environment_in_its_place, "actors/context/skills.py", "from os import environ", 1),
        (environment_in_its_place, "actors/context/skills.py", "import os\nos.environ.pop('A')", 1),
        (
            environment_in_its_place,
            "cluster/fleets/fleet.py",
            "import os\nos.environ['A'] = 'b'\ndel os.environ['A']",
            0,
        ),
        (environment_in_its_place, "cluster/home/config.py", "import os\nos.environ['A']", 0),
        (short_module, "actors/work.py", "\n" * (MODULE_LINES + 1), 1),
        (short_functions, "actors/work.py", LONG, 1),
        (short_functions, "actors/work.py", TOLD, 0),
        (no_pickle, "actors/stores/sqlite.py", "from pickle import dumps", 1),
        (no_temperature, "actors/models/claude.py", "create(temperature=0)", 1),
        (no_temperature, "actors/models/claude.py", "create(**{'temperature': 0})", 1),
        (own_name, "actors/queue.py", "", 1),
        (own_name, "actors/select/__init__.py", "", 1),
        (own_name, "cluster/cli/__init__.py", "", 0),
        (names_what_is_there, "docs/a.md", "`actors/work.py` and actors/nowork.py", 1),
        (names_what_is_there, "docs/a.md", "a run's runs/actors/nowork.py", 0),
        (no_machine, "docs/a.md", "see " + "/".join(("", "tmp", "ray")), 1),
        (no_machine, "docs/a.md", "https://example.org/tmp/a and ./work/b", 0),
        (no_machine, "docs/a.md", f"https://{REGISTRIES[0]}/simple", 1),
    ],
)
def test_rule_sees(rule: Rule, path: str, text: str, complaints: int) -> None:
    assert len(list(rule(path, text))) == complaints
