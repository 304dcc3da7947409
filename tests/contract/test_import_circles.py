"""No module of core or ui imports itself over others, also not by an import inside a function.

Imports under `if TYPE_CHECKING` are not counted: they name types in annotations and never run.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def imported(node: ast.AST) -> Iterator[str]:
    """What the code below `node` imports, as dotted names of modules or of what is in them."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and not child.level:
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        else:
            yield from imported(child)


def graph(root: Path, *packages: str) -> dict[str, set[str]]:
    """Each module of the packages, with those of them that it imports."""
    files = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for package in packages
        for path in (root / package).rglob("*.py")
    }

    def module(name: str) -> str:
        return name if name in files else name.rpartition(".")[0]

    return {
        name: {module(target) for target in imported(ast.parse(path.read_text("utf-8")))} & set(files)
        for name, path in files.items()
    }


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """What is left after all modules that import none of the others, or are imported by none, were taken away."""
    left = {name: set(targets) for name, targets in arrows.items()}
    while True:
        wanted = set().union(*left.values()) if left else set()
        ends = {name for name, targets in left.items() if not targets or name not in wanted}
        if not ends:
            return sorted([name, *sorted(targets)] for name, targets in left.items())
        left = {name: targets - ends for name, targets in left.items() if name not in ends}


def test_no_module_imports_itself_over_others():
    arrows = graph(ROOT, "core", "ui")
    assert len(arrows) > 300
    assert circles(arrows) == [], "each line is a module and what it imports within a circle"


def test_a_circle_is_found_also_through_a_function(tmp_path):
    package = tmp_path / "toy"
    package.mkdir()
    (package / "one.py").write_text("from toy import two\n")
    (package / "two.py").write_text("def late():\n    from toy.three import name\n")
    (package / "three.py").write_text("name = 1\n")
    (package / "four.py").write_text("import toy.one\n")
    assert circles(graph(tmp_path, "toy")) == []
    (package / "three.py").write_text("def later():\n    import toy.one\n")
    assert circles(graph(tmp_path, "toy")) == [
        ["toy.one", "toy.two"],
        ["toy.three", "toy.one"],
        ["toy.two", "toy.three"],
    ]
