"""Assemble the exported programs from the studio's own source: what is exported is the code that is tested here."""

import ast
import inspect
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType

from core.errors import UserError
from core.i18n import N_, _
from core.runs.files import is_number
from core.runs.run import START, Run
from core.schema import Options
from core.version import label

# What no program does, whatever the family; a family adds its own. Keys are names of options, where there is one.
LEFT_OUT: Mapping[str, str] = {
    "loop": N_("It keeps no checkpoints, and does not return to earlier weights after a loss that jumps."),
    "extensions": N_("If the run was trained further, the program follows one schedule over all steps."),
    "devices": N_("It uses one device."),
}
# What core.backend brings, and how a program imports it.
BACKEND = {
    "tf": "import tensorflow as tf",
    "keras": "import keras",
    "layers": "from keras import layers",
    "ops": "from keras import ops",
    "initializers": "from keras import initializers",
}


def total_steps(run: Run, per_epoch: float) -> int:
    """Return the run's budget in steps, from its plan, or from its options where it has not started.

    Raises UserError for a budget in seconds that has not been converted into steps yet.
    """
    plan, options = run.read_json("plan.json"), run.options
    if isinstance(plan, dict) and is_number(plan.get("total_steps")):
        return int(plan["total_steps"])
    if options.seconds is not None:
        raise UserError(
            _("How many steps {seconds:g} seconds are is not known yet: let the run begin first.").format(
                seconds=options.seconds
            )
        )
    return options.steps or max(1, round((options.epochs or 1) * per_epoch))


def evaluation_interval(run: Run, steps: int) -> int:
    """Return the steps between two evaluations: those of the run's plan, or a tenth where it has not started."""
    planned = run.read_object("plan.json").get("eval_every")
    return int(planned) if is_number(planned) and planned >= 1 else max(1, steps // 10)


def start_files(run: Run) -> dict[str, bytes]:
    """Return the weights that a branch begins from, as the file that its program reads; nothing for another run."""
    path = run.path / START
    return {START: path.read_bytes()} if path.exists() else {}


def listing(name: str, items: Sequence[object], a_line: int = 10) -> str:
    """Return `name = [...]` as ASCII source, `a_line` items per line."""
    rows = [", ".join(ascii(item) for item in items[at : at + a_line]) for at in range(0, len(items), a_line)]
    return f"{name} = [\n" + "".join(f"    {row},\n" for row in rows) + "]\n"


# Code of the project, verbatim ---------------------------------------------------------------------------------------
def code(module: ModuleType, *names: str) -> str:
    """Return the imports of `module`, its definitions `names`, and those that they use, as they stand and in order.

    Comments directly above a definition go with it. Without names all definitions are returned. Imports from this
    project are left out: a program must hold what they bring, except for core.backend, in whose place it imports
    TensorFlow and Keras.
    """
    source = inspect.getsource(module)
    lines, imports = source.splitlines(), []
    found: dict[str, ast.stmt] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports += _statements(node)
        else:
            found |= dict.fromkeys(_defined(node), node)
    wanted, new = set[str](), set(names or found)
    while new:
        wanted |= new
        new = {name for each in new for name in _used(found[each])} & set(found) - wanted
    kept = dict.fromkeys(node for name, node in found.items() if name in wanted)  # one node may define several names
    return "\n".join(imports) + "\n" + "\n\n\n".join(_with_comments(lines, node) for node in kept) + "\n"


def _statements(node: ast.Import | ast.ImportFrom) -> list[str]:
    """One import statement for each name that the node brings."""
    if isinstance(node, ast.Import):
        return [f"import {item.name}" + (f" as {item.asname}" if item.asname else "") for item in node.names]
    module = node.module or ""
    if module == "core.backend":
        return [BACKEND[item.name] for item in node.names]
    if module.partition(".")[0] == "core":
        return []
    return [f"from {module} import {item.name}" + (f" as {item.asname}" if item.asname else "") for item in node.names]


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)]
    return [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []


def _used(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _with_comments(lines: Sequence[str], node: ast.stmt) -> str:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
    first = min([node.lineno, *(item.lineno for item in decorators)]) - 1
    while first and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : node.end_lineno])


def docstring(
    what: str, reads: str, start: Mapping[str, bytes], writes: str, needs: str = "keras and tensorflow"
) -> str:
    """Return the beginning of a program's docstring: what it trains, which files it reads and writes."""
    beside = ", ".join([reads, *start])
    return (
        f"Trains {what} in plain Keras, as one run of Hidden State did: from the same weights,\n"
        "on the same batches.\n\n"
        f"Beside it: {beside}. Needs {needs}. Run it with\n    python train.py [steps]\nand it writes {writes}."
    )


# A program -----------------------------------------------------------------------------------------------------------
def assemble(
    run: Run, docstring: str, left_out: Mapping[str, str], pieces: Sequence[str], *, variable: str = "config"
) -> bytes:
    """Return train.py: docstring, what is left out, imports, the options that the pieces read, and the pieces.

    A piece is source code, of code() or written for the program. Its imports are moved to the top, and those that
    nothing uses are dropped. variable: what the pieces call the options.
    """
    names = {name for piece in pieces for name in _used(ast.parse(piece))}
    bodies, imports = [_options(run.options, pieces, variable)], {"from types import SimpleNamespace"}
    for piece in pieces:
        body, found = _split_imports(piece)
        bodies.append(body)
        imports |= {statement for statement in found if _name(statement) in names}
    head = f"{_head(run, docstring, left_out)}\n\n{_sorted(imports)}"
    return ("\n\n\n".join([head, *filter(None, bodies)]) + "\n").encode()


def _options(options: Options, pieces: Sequence[str], variable: str) -> str:
    """A class that stands for the schema, and its object with the options that the pieces read: `variable.name`."""
    read = set()
    for piece in pieces:
        for node in ast.walk(ast.parse(piece)):
            if isinstance(node, ast.Attribute):
                owner = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
                read |= {node.attr} if owner.lstrip("_") == variable else set()
    schema = type(options)
    values = "".join(f"    {name}={getattr(options, name)!a},\n" for name in schema.model_fields if name in read)
    says = '    """The options of the run, as far as the code below reads them."""'
    return f"class {schema.__name__}(SimpleNamespace):\n{says}\n\n\n{variable} = {schema.__name__}(\n{values})"


def _split_imports(piece: str) -> tuple[str, list[str]]:
    lines, imports = piece.splitlines(), []
    for node in ast.parse(piece).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports += _statements(node)
            lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    return "\n".join(lines).strip("\n"), imports


def _name(statement: str) -> str:
    """The name that an import statement of one name binds."""
    return statement.split()[-1].partition(".")[0]


def _sorted(imports: set[str]) -> str:
    """The statements in the usual order: __future__, the standard library, the others; `from` after `import`."""
    brought: dict[str, list[str]] = {}
    for statement in sorted(imports, key=lambda each: (each.startswith("from"), each)):
        module, _import, name = statement.rpartition(" import ")
        brought.setdefault(f"{module} import" if module else statement, []).extend([name] if module else [])
    groups: tuple[list[str], list[str]] = ([], [])
    for statement, names in brought.items():
        other = statement.split()[1].partition(".")[0] not in sys.stdlib_module_names
        groups[other].append(f"{statement} {', '.join(names)}".strip())
    return "\n\n".join(["from __future__ import annotations", *("\n".join(group) for group in groups)])


def sentences(left_out: Mapping[str, str]) -> list[str]:
    """Return what programs do not do, and what this family's do not, as messages."""
    return list(dict.fromkeys([*LEFT_OUT.values(), *left_out.values()]))


def _head(run: Run, docstring: str, left_out: Mapping[str, str]) -> str:
    listed = "\n".join(f"- {sentence}" for sentence in sentences(left_out))
    return (
        f'"""{docstring}\n\nWhat the run does and this program does not:\n{listed}\n"""\n\n'
        f"# The run: {_comment(run.name)}\n# Written by {label()}"
    )


def _comment(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("\n", " ")
