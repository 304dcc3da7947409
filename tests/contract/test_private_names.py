"""Every private name of another package that is used here, the version it was read in, and why.

Where a pin moves, its packages' names are read anew in the new version: is each still there, called with the same
arguments, and for the same purpose? Then the version below is moved too.
"""

import ast
import importlib
import importlib.util
import re
from functools import cache
from pathlib import Path

import pytest

from tests.contract.test_dependencies import APP, CHECKS, ROOT, pins

# Version read, then name: what it is used for. A name is private where the package's documentation does not have it.
PRIVATE: dict[str, tuple[str, dict[str, str]]] = {
    "streamlit": (
        "1.67.0",
        {
            "streamlit.net_util.get_external_ip": "app.py replaces it: it asks a web service for our address",
            "streamlit.runtime.scriptrunner.script_runner._clean_problem_modules": "ui/shell/streamlit_patches.py "
            "replaces it: it clears Keras' session after every run of a script, for all visitors",
            "streamlit.runtime.scriptrunner.get_script_run_ctx": "None where no screen asks; holds the language of "
            "the request's thread",
            "streamlit.config.set_option": "st.set_option refuses server.maxUploadSize and server.allowedHosts",
            "streamlit.config.get_option": "server.address decides which names are served; tests read limits",
            "streamlit.config.is_manually_set": "ui/shell/allowed_hosts.py leaves a configured option alone",
            "streamlit.runtime.exists": "a server is running, and no test of one page",
            "streamlit.runtime.get_instance": "ui/shell/uploads.py asks is_active_session and uploaded_file_mgr",
            "streamlit.runtime.memory_uploaded_file_manager.MemoryUploadedFileManager": "st.App takes its file manager "
            "from there; ui/shell/uploads.py overrides get_upload_urls, add_file, remove_file and remove_session_files",
            "streamlit.runtime.uploaded_file_manager.UploadedFileRec": "what add_file is given",
            "streamlit.runtime.uploaded_file_manager.UploadFileUrlInfo": "what get_upload_urls returns",
            "streamlit.web.cli.main": "bench/app.py starts the server as the command does",
            "streamlit.proto.BackMsg_pb2.BackMsg": "bench/session.py speaks the browser's protocol",
            "streamlit.proto.ForwardMsg_pb2.ForwardMsg": "bench/session.py speaks the browser's protocol",
            "streamlit.runtime.scriptrunner_utils.script_run_context.ScriptRunContext": "tests count the bytes of the "
            "messages that it enqueues",
            "._script_path": "AppTest's script: tests run the app's own script, and another page on the same session",
        },
    ),
    "uvicorn": (
        "0.54.0",
        {
            "uvicorn.protocols.http.h11_impl.H11Protocol": "core/serve/connection.py adds time limits: it overrides "
            "connection_made, data_received, connection_lost and send_400_response, and uses app, conn, connections, "
            "loop and transport",
        },
    ),
    "keras": (
        "3.15.1",
        {
            "keras.src.models.functional": "module names that Keras writes into .keras files, as text: nothing is "
            "imported by them, core/runs/keras_file.py lets only these through",
            "keras.src.ops.core": "the same",
            "keras.src.ops.numpy": "the same",
            "keras.src.ops.nn": "the same",
            "._flatten_layers": "core/training/devices.py finds the Dropout layers inside attention layers by it",
        },
    ),
    "tensorflow": ("2.21.0", {}),
}
# Python's own. Undocumented are gettext's _catalog (does a sentence have a translation?) and argparse's last two, from
# which tests read the flags of each command.
STANDARD = {"_asdict", "_replace", "_fields", "_exit", "_catalog", "_SubParsersAction", "_option_string_actions"}
DOCUMENTED = {"streamlit", "streamlit.testing.v1", "uvicorn", "keras", "tensorflow"}
DOCUMENTED |= {"keras.initializers", "keras.layers", "keras.ops"}
FILES = [path for path in APP + CHECKS if path != Path(__file__)]


@cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


@cache
def own_names() -> set[str]:
    """Every name that some file of ours gives to a function, class, variable or attribute."""
    found: set[str] = set()
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                    found.add(node.attr)
            elif isinstance(node, ast.arg):
                found.add(node.arg)
    return found


def is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def undocumented(tree: ast.Module) -> set[str]:
    """What a file takes from modules that their package does not document: `module.name`, imported or written out."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            origins = {alias.name: alias.asname or alias.name for alias in node.names if "." in alias.name}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            origins = {f"{node.module}.{alias.name}": alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and ".src." in node.value:
            origins = {node.value: ""}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):  # a script for another process
            origins = {".".join(parts): "" for parts in re.findall(r"from ([\w.]+) import (\w+)", node.value)}
        else:
            continue
        for origin, called in origins.items():
            package, parent = origin.partition(".")[0], origin.rpartition(".")[0]
            if package not in PRIVATE or origin in DOCUMENTED or (parent in DOCUMENTED and not is_module(origin)):
                continue
            used = {
                f"{origin}.{item.attr}"
                for item in ast.walk(tree)
                if isinstance(item, ast.Attribute)
                and isinstance(item.value, ast.Name)
                and item.value.id == called
                and is_module(origin)
            }
            found |= used or {origin}
    return found


def underscored(tree: ast.Module) -> set[str]:
    """Attributes with an underscore that no file of ours defines, also those named by text in getattr and setattr."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("getattr", "setattr", "delattr", "hasattr"):
                found |= {
                    item.value
                    for item in node.args
                    if isinstance(item, ast.Constant) and isinstance(item.value, str) and item.value[:1] == "_"
                }
    private = {name for name in found if name.startswith("_") and not name.startswith("__")}
    return private - own_names() - STANDARD


def listed() -> set[str]:
    return {name for _version, names in PRIVATE.values() for name in names}


def test_every_name_from_an_undocumented_module_is_listed() -> None:
    used: dict[str, Path] = {}
    for path, tree in trees().items():
        used |= dict.fromkeys(undocumented(tree), path.relative_to(ROOT))
    assert {name: path for name, path in used.items() if name not in listed()} == {}
    plain = {name for name in listed() if not name.startswith(".")}
    assert plain - set(used) == set(), "no longer used: take them off the list"


def test_every_underscored_name_of_another_package_is_listed() -> None:
    used: dict[str, Path] = {}
    for path, tree in trees().items():
        used |= dict.fromkeys(underscored(tree), path.relative_to(ROOT))
    last = {name.rpartition(".")[2] for name in listed()}
    assert {name: path for name, path in used.items() if name not in last} == {}
    assert {name for name in last if name.startswith("_")} - set(used) == set(), "no longer used"


@pytest.mark.parametrize("package", PRIVATE)
def test_the_pinned_version_is_the_one_that_was_read(package: str) -> None:
    read, names = PRIVATE[package]
    assert pins()[package] == read, f"read these anew in {pins()[package]}, then move the version: {list(names)}"


@pytest.mark.parametrize("name", sorted(name for name in listed() if not name.startswith((".", "keras."))))
def test_the_name_is_there(name: str) -> None:
    module, last = name.rpartition(".")[::2]
    assert hasattr(importlib.import_module(module), last)


def test_the_layers_inside_an_attention_layer_are_found() -> None:
    import keras

    x = keras.Input((4, 8))
    model = keras.Model(x, keras.layers.MultiHeadAttention(2, 4, dropout=0.5)(x, x))
    assert any(isinstance(layer, keras.layers.Dropout) for layer in model._flatten_layers())


def test_an_app_under_test_has_a_script() -> None:
    from streamlit.testing.v1 import AppTest

    assert AppTest.from_string("")._script_path


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("from streamlit.runtime import get_instance", "streamlit.runtime.get_instance"),
        ("from streamlit import net_util\nnet_util.get_internal_ip()", "streamlit.net_util.get_internal_ip"),
        ("import keras.src.backend", "keras.src.backend"),
        ("from tensorflow.python.eager import context\ncontext.context()", "tensorflow.python.eager.context.context"),
        ("x = thing._reset_everything()", "_reset_everything"),
        ("setattr(thing, '_hidden_switch', 1)", "_hidden_switch"),
    ],
)
def test_a_new_one_would_be_found(source: str, name: str) -> None:
    tree = ast.parse(source)
    assert name in undocumented(tree) | underscored(tree)
