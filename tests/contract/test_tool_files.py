"""What editors, hooks, containers and CI are told: the commands exist, and nothing listens on more than loopback."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
HOOKS = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
DEVCONTAINER = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))


def test_the_workflow_calls_what_ci_calls_on_every_python_that_is_supported() -> None:
    runs = re.findall(r"- run: (.+)", WORKFLOW)
    assert ".ci/run" in runs
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100, "it cannot be executed"
    files = {word for run in runs for word in run.split() if re.match(r"\.?[\w-]+/[\w./-]+$", word)}
    assert [file for file in files if not (ROOT / file).exists()] == []
    listed = re.findall(r'"3\.(\d+)"', re.findall(r"python: \[(.*)\]", WORKFLOW)[0])
    low, high = re.findall(
        r"3\.(\d+)", re.findall(r'requires-python = "(.*)"', (ROOT / "pyproject.toml").read_text())[0]
    )
    assert [int(version) for version in listed] == list(range(int(low), int(high)))


def test_the_hooks_are_the_checks_of_make_lint() -> None:
    recipe = MAKEFILE.partition("\nlint:")[2].partition("\n\n")[0]
    linted = {line.split()[0].removeprefix("$(BIN)/") for line in recipe.splitlines()[1:]}
    hooked = {entry.removeprefix(".venv/bin/") for entry in re.findall(r"entry: (\S+)", HOOKS)}
    assert hooked == linted


def test_the_devcontainer_is_set_up_by_a_target_of_the_makefile() -> None:
    targets = re.findall(r"make (\S+)", DEVCONTAINER["postCreateCommand"])
    assert targets
    assert all(re.search(rf"^{target}:", MAKEFILE, re.MULTILINE) for target in targets)
    assert DEVCONTAINER["forwardPorts"] == [8501]


def test_the_composed_container_is_on_loopback_and_held_to_the_memory_of_its_bench() -> None:
    from bench.container import IMAGE, LIMIT

    assert re.findall(r'^\s+- "(.*8501)"$', COMPOSE, re.MULTILINE) == ["127.0.0.1:8501:8501"]
    assert f"image: {IMAGE}\n" in COMPOSE
    assert f"mem_limit: {LIMIT}\n" in COMPOSE
    context = re.findall(r"context: (\S+)", COMPOSE)[0]
    assert (ROOT / "docker" / context / "Dockerfile").is_file()
    volume = re.findall(r"^VOLUME (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert f"- runs:{volume[0]}\n" in COMPOSE
