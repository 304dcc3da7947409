"""What is imported is declared, what is declared is pinned, and all lists of it say the same."""

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.selection import sampled

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
APP = [ROOT / "app.py", *(path for folder in ("core", "ui", "pages") for path in (ROOT / folder).rglob("*.py"))]
CHECKS = [path for folder in ("tests", "bench") for path in (ROOT / folder).rglob("*.py")]
CHECKS += [ROOT / "locales" / "update.py", ROOT / ".ci" / "install.py"]
OWN = {"core", "ui", "pages", "tests", "bench", "update", "generate"}  # the last two: locales/, docs/
ELSEWHERE = {"tensorflow", "tensorflow-cpu", "colorama"}  # which of them is installed depends on the system
UNPINNED = {"setuptools", "pip"}  # they come with Python, or with pip itself


def lines(name: str) -> list[str]:
    """The requirements in the file `name` at the root, without comments."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def names(listed: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in listed}


def imported(files: list[Path]) -> dict[str, str]:
    """Top-level modules that are neither ours nor Python's, each with a file that imports it."""
    found: dict[str, str] = {}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.append(node.module)
            found |= {module.partition(".")[0]: str(path.relative_to(ROOT)) for module in modules}
    return {name: path for name, path in found.items() if name not in sys.stdlib_module_names | OWN}


@cache
def installed() -> Mapping[str, list[str]]:
    return packages_distributions()  # reads the lists of all installed files


def undeclared(files: list[Path], declared: set[str]) -> dict[str, str]:
    """Of what `files` import, the modules that no declared distribution holds."""
    providers = installed()
    return {
        module: path
        for module, path in imported(files).items()
        if not {canonicalize_name(name) for name in providers.get(module, [module])} & declared
    }


def brought(listed: list[str]) -> set[str]:
    """The distributions that these requirements bring on this machine, in turn as well."""
    found: set[str] = set()
    queue = [Requirement(line) for line in listed]
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        queue += [Requirement(line) for line in requires(name) or []]
    return found


def pins() -> dict[str, str]:
    pinned = [Requirement(line) for line in lines("constraints.txt")]
    assert all(str(item.specifier).startswith("==") and not item.marker for item in pinned)
    assert len(pinned) == len({item.name for item in pinned})
    return {canonicalize_name(item.name): str(item.specifier).removeprefix("==") for item in pinned}


def test_streamlit_cloud_installs_what_pyproject_declares() -> None:
    assert lines("requirements.txt") == PROJECT["dependencies"]


def test_no_other_list_stands_beside_the_two() -> None:
    """Streamlit Community Cloud would take the first of these that it finds instead of requirements.txt."""
    others = {"uv.lock", "Pipfile", "environment.yml", "poetry.lock", "requirements-dev.txt"}
    assert {path.name for path in ROOT.iterdir()} & others == set()
    assert [path.name for path in ROOT.glob("requirements*")] == ["requirements.txt"]


def test_what_the_app_imports_is_declared() -> None:
    lent = {"ray"}  # only with the extra; core.jobs says so where it is absent
    assert "ray" in imported(APP)
    assert undeclared(APP, names(PROJECT["dependencies"]) | lent) == {}
    assert lent == names(EXTRAS["cluster"])


def test_what_tests_and_benchmarks_import_is_declared() -> None:
    everything = names(PROJECT["dependencies"] + [line for extra in EXTRAS.values() for line in extra])
    assert undeclared(CHECKS, everything) == {}


@pytest.mark.exhaustive
@pytest.mark.parametrize("module", sampled(["numpy", "starlette", "uvicorn", "h11"]))
def test_the_comparison_would_notice(module: str) -> None:
    assert module in undeclared(APP, names(PROJECT["dependencies"]) - {module})


def test_everything_that_is_installed_for_us_is_pinned_at_the_version_tested_here() -> None:
    pinned = pins()
    needed = brought(PROJECT["dependencies"] + EXTRAS["dev"]) - UNPINNED
    assert {"tensorflow", "tensorflow-cpu"} & needed
    assert needed - set(pinned) == set(), "add them to constraints.txt"
    assert set(pinned) - needed <= ELSEWHERE, "nothing brings these any more"
    assert {name: version(name) for name in needed} == {name: pinned[name] for name in needed}, "make setup-dev"


def test_every_system_gets_the_same_tensorflow() -> None:
    pinned = pins()
    assert pinned["tensorflow"] == pinned["tensorflow-cpu"]
    assert set(pinned) >= ELSEWHERE


def test_pins_lie_within_what_is_declared() -> None:
    pinned = pins()
    for line in PROJECT["dependencies"] + EXTRAS["dev"]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), line


@pytest.mark.parametrize("arguments", sampled([["--newest", "dev"], [], ["dev"], ["cluster", "bench"]]))
def test_the_installer_hands_pip_the_lists_of_pyproject(arguments: list[str], tmp_path: Path) -> None:
    """With a module in pip's place that writes down what it was asked for."""
    (tmp_path / "pip.py").write_text("import sys; print(*sys.argv[1:], sep='\\n')")
    command = [sys.executable, str(ROOT / ".ci" / "install.py"), *arguments]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    asked = done.stdout.splitlines()
    wanted = PROJECT["dependencies"] + [line for name in arguments if name in EXTRAS for line in EXTRAS[name]]
    assert asked[-len(wanted) :] == wanted
    assert (str(ROOT / "constraints.txt") in asked) == ("--newest" not in arguments)


def test_the_installer_refuses_an_extra_that_does_not_exist() -> None:
    command = [sys.executable, str(ROOT / ".ci" / "install.py"), "develop"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "there is no extra 'develop': choose from cluster, bench, dev" in done.stderr


def test_make_the_container_and_ci_install_by_the_constraints() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert makefile.count(".ci/install.py") >= 3
    assert "pip install" not in makefile
    assert "-c constraints.txt" in (ROOT / "Dockerfile").read_text()
    assert "exec make test" in (ROOT / ".ci" / "run").read_text()
