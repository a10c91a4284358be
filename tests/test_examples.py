"""The examples and the README's commands, as a user types them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.plan import load

ROOT = Path(__file__).parent.parent
PLANS = sorted(ROOT.glob("examples/*/plan.yaml"))


def mnemosyne(*arguments: str, home: Path, cwd: Path = ROOT, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "mnemosyne", *arguments],
        cwd=cwd,
        env={**os.environ, "MNEMOSYNE_HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")},
        input=said,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.parent.name)
def test_every_example_is_a_plan_of_several_layers(plan: Path) -> None:
    graph = load(plan).graph
    more = any(item.foreach or item.expand or item.review for item in graph.items)
    assert len(graph.items) >= 10 or more
    assert len(graph.layers()) >= 3


@pytest.mark.timeout(180)
@pytest.mark.parametrize("model", ["scripted", pytest.param("local", marks=pytest.mark.faults)])
def test_the_demo_runs_to_its_end(tmp_path: Path, model: str) -> None:
    """With the local model two cores are busy for a minute or two."""
    demo = re.search(r"^demo:.*\n\t\./mnemosyne (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert demo is not None
    done = mnemosyne(*demo[1].replace("--model local", f"--model {model}").split(), "--key", "demo", home=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10/10" in done.stdout
    status = json.loads(mnemosyne("status", "demo", "--json", home=tmp_path).stdout)
    assert (status["state"], sum(status["counts"].values())) == ("completed", 10)
    results = json.loads(mnemosyne("results", "demo", "--json", home=tmp_path).stdout)
    assert set(results) == {item["id"] for item in status["items"]}
    assert all(result["model"].startswith(model) for result in results.values())
    assert results["title"]["data"]["title"]
    folder = tmp_path / "runs" / status["run"]
    assert json.loads((folder / "title.json").read_text()) == results["title"]["data"]
    assert (folder / "briefing.md").read_text().strip() == results["briefing"]["data"].strip()


def test_the_plan_of_the_readme_is_a_plan(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text()
    (plan,) = re.findall(r"```yaml\n(# plan\.yaml.*?)```", text, re.DOTALL)
    (tmp_path / "plan.yaml").write_text(plan)
    (tmp_path / "report.md").write_text("The tea was late.")
    assert [item.id for item in load(tmp_path / "plan.yaml").graph.items] == ["facts", "headline"]


@pytest.mark.timeout(180)
def test_the_commands_of_the_readme_work(tmp_path: Path) -> None:
    """Every `./mnemosyne …` line, with the run's real name, and with the scripted model where Claude would be asked.

    Typed in a folder of the user's that has an `actors` of its own, which must not be taken for ours by any process.
    """
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "__init__.py").write_text("raise RuntimeError('this is not our folder')")
    text = (ROOT / "README.md").read_text()
    (plan,) = re.findall(r"```yaml\n(# plan\.yaml.*?)```", text, re.DOTALL)
    (tmp_path / "plan.yaml").write_text(plan)
    (tmp_path / "report.md").write_text("The tea was late.")
    commands = re.findall(r"^\$ \./mnemosyne (.*?)(?:\s+#.*)?$", text, re.MULTILINE)
    assert {line.split()[0] for line in commands} >= {"run", "status", "results", "events"}
    (first,) = {line for line in commands if line == "run plan.yaml"}
    done = mnemosyne(*first.split(), "--model", "scripted", home=tmp_path / "home", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    run = re.search(r"run (two-steps-\w+)", done.stdout)
    assert run is not None
    for line in commands:
        if line.startswith("run") and "--key" not in line:
            continue
        words = [run[1] if word.startswith("two-steps-") else word for word in line.split()]
        words += ["--model", "scripted"] if words[0] == "run" else []
        words += ["-"] if "set-key" in words else []  # a test has no terminal
        done = mnemosyne(*words, home=tmp_path / "home", cwd=tmp_path, said="sk-ant-of-a-test")
        assert done.returncode == 0, line + done.stdout + done.stderr


@pytest.mark.faults
@pytest.mark.timeout(180)
def test_the_research_grows_by_what_its_agents_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ROOT / "examples" / "research"
    monkeypatch.setenv("MNEMOSYNE_SCRIPT", str(folder / "script.json"))
    done = mnemosyne("run", str(folder / "plan.yaml"), "--key", "r", "--model", "scripted", home=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    status = json.loads(mnemosyne("status", "r", "--json", home=tmp_path).stdout)
    parents = {item["id"]: item["parent"] for item in status["items"]}
    assert parents["questions[effort]"] == "questions"
    assert parents["judged[2]"] == "judged"
    assert status["counts"]["complete"] == len(parents) == 11
    results = json.loads(mnemosyne("results", "r", "--json", home=tmp_path).stdout)
    assert len(results["judged"]["data"]) == 3
    assert list(results["questions"]["data"]) == ["demand", "margin", "effort"]


@pytest.mark.faults
@pytest.mark.timeout(180)
def test_what_the_first_attempt_left_the_second_corrects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ROOT / "examples" / "code-change"
    monkeypatch.setenv("MNEMOSYNE_SCRIPT", str(folder / "script.json"))
    done = mnemosyne("run", str(folder / "plan.yaml"), "--key", "c", "--model", "scripted", home=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    status = json.loads(mnemosyne("status", "c", "--json", home=tmp_path).stdout)
    assert status["counts"]["complete"] == 3
    (change,) = [item for item in status["items"] if item["id"] == "change"]
    assert change["attempts"] == 2
    package = tmp_path / "runs" / status["run"] / "workspace"
    command = [sys.executable, "-m", "unittest"]
    assert subprocess.run(command, cwd=package, capture_output=True, timeout=60, check=False).returncode == 0
    given = (folder / "package" / "names.py").read_text()
    assert "split" in (package / "names.py").read_text()
    assert "split" not in given, "the example's own files stay as they are"


@pytest.mark.faults
@pytest.mark.timeout(240)
def test_a_goal_is_planned_once_shown_and_run_after_a_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [{"id": "one", "description": "Do one.", "agent": "executor", "dependencies": []}]
    wrong = [{**items[0], "dependencies": ["nobody"]}]
    rules = [{"match": "Plan the work", "times": 1, "answer": {"items": wrong}}]
    rules.append({"match": "Plan the work", "answer": {"items": items}})
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"rules": rules}))
    monkeypatch.setenv("MNEMOSYNE_SCRIPT", str(script))
    asked = ("orchestrate", "Write about tea.", "--model", "scripted")
    first = mnemosyne(*asked, home=tmp_path / "home")
    assert first.returncode == 2, first.stdout + first.stderr
    command = re.search(r"to run it: mnemosyne (run .*)", first.stderr)
    assert command
    assert load(Path(command[1].split()[-1])).graph.by_id["one"].inputs["specification"]
    second = mnemosyne(*asked, "--yes", "--json", home=tmp_path / "home")
    assert second.returncode == 0, second.stdout + second.stderr
    assert json.loads(second.stdout)["counts"]["complete"] == 1
    runs = json.loads(mnemosyne("status", "--json", home=tmp_path / "home").stdout)
    assert [run["name"] for run in runs] == ["planning", "orchestrated"], "it is planned once"
