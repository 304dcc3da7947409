"""Rules that every file keeps; each names the file and line that breaks it."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("core", "ui", "pages", "bench")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute chain, "" of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


def calls(path: Path) -> list[tuple[str, ast.Call]]:
    return [(dotted(node.func), node) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]


def test_arrows_run_one_way():
    done = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    contracts = (ROOT / "pyproject.toml").read_text().count("[[tool.importlinter.contracts]]")
    assert f"{contracts} kept, 0 broken" in done.stdout


def test_every_module_says_what_it_is_for():
    silent = [name(path) for path in FILES if path.read_text().strip() and not ast.get_docstring(tree(path))]
    assert silent == []


def test_no_file_is_longer_than_its_kind_may_be():
    limits = {path: 120 if path.is_relative_to(ROOT / "pages") else 350 for path in FILES}
    limits |= dict.fromkeys((ROOT / "tests").rglob("*.py"), 350)
    too_long = {name(path): len(path.read_text().splitlines()) for path in limits}
    assert {file: count for file, count in too_long.items() if count > limits[ROOT / file]} == {}


def test_no_screen_lies_directly_in_pages():
    assert list((ROOT / "pages").glob("*.py")) == [], "that would switch Streamlit to its old page mechanism"


def test_nothing_is_ever_unpickled_and_no_model_file_is_executed():
    found = []
    for path in FILES:
        for node in ast.walk(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            origin = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"} & {*names, origin}:
                found.append(f"{name(path)}:{line(node)} imports {names or origin}")
            if "load_model" in names or "model_from_json" in names:
                found.append(f"{name(path)}:{line(node)} imports {names}")
        for called, node in calls(path):
            last, keywords = called.rpartition(".")[2], {word.arg: word.value for word in node.keywords}
            if called in ("np.load", "numpy.load"):
                allowed = keywords.get("allow_pickle")
                if not (isinstance(allowed, ast.Constant) and allowed.value is False):
                    found.append(f"{name(path)}:{node.lineno} np.load without allow_pickle=False")
            if last in ("load_model", "model_from_json", "deserialize_keras_object") and called.startswith(
                ("keras", "tf")
            ):
                found.append(f"{name(path)}:{node.lineno} {called}")
            if called in ("eval", "exec", "os.system", "keras.config.enable_unsafe_deserialization"):
                found.append(f"{name(path)}:{node.lineno} {called}")
    assert found == []


def test_core_brings_no_pandas():
    """On macOS TensorFlow hangs where pandas came first; Keras itself brings pandas only after TensorFlow."""
    found = []
    for path in (path for path in FILES if path.is_relative_to(ROOT / "core")):
        for node in ast.walk(tree(path)):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if {"pandas", "pyarrow"} & {module.partition(".")[0] for module in imported}:
                found.append(f"{name(path)}:{line(node)}")
    assert found == []


def test_no_shell_is_ever_started():
    found = [
        f"{name(path)}:{node.lineno}"
        for path in FILES
        for called, node in calls(path)
        if any(word.arg == "shell" for word in node.keywords) and called.startswith("subprocess")
    ]
    assert found == []


def test_no_text_of_a_person_is_drawn_as_html_by_a_switch():
    found = [
        f"{name(path)}:{node.lineno}"
        for path in FILES
        for _called, node in calls(path)
        if any(word.arg == "unsafe_allow_html" for word in node.keywords)
    ]
    assert found == [], "st.html with ui.widgets.text.escape is the one way"


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_rules_look_at_real_files(folder):
    assert [path for path in FILES if path.is_relative_to(ROOT / folder)]


def test_no_parameter_is_left_out_of_a_caches_key():
    """Streamlit leaves out those that begin with an underscore: what a result depends on must be in its key."""
    found = []
    for path in FILES:
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.FunctionDef):
                continue
            decorators = [item.func if isinstance(item, ast.Call) else item for item in node.decorator_list]
            if {"st.cache_data", "st.cache_resource"} & {dotted(item) for item in decorators}:
                found += [f"{name(path)}:{node.lineno} {item.arg}" for item in node.args.args if item.arg[0] == "_"]
    assert found == []
