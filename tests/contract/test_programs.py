"""Every option of a run is followed by its exported program or named among what the program leaves out."""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from core.errors import UserError
from core.families import FAMILIES
from core.runs.store import create
from core.schema import BUDGETS, Options, parse_options
from core.sources import Source
from core.training import program_source
from tests.core.gan.pictures import npz, shapes

ROOT = Path(__file__).resolve().parents[2]


def a_text() -> list[Source]:
    text = "It was a dark Night; the lamp swung, and nobody came. ＡＢ ﬁ é " * 9 + "§ Ω"
    return [Source("t.txt", text.encode())]


def a_table() -> list[Source]:
    """Rows that every option of the table changes something about."""
    rows = [("text", "label", "more")]
    rows += [(f"the {food} was Good and {how}", "yes", "a") for food in FOODS for how in ("warm", "fresh", "big")]
    rows += [(f"the {food} was bad, {how} of it", "no", "b") for food in FOODS for how in ("cold", "much", "none")]
    rows += [("the rice was Good and warm", "yes", "a"), ("the rice was Good and warm !", "yes", "a")]
    rows += [("the soup was Good and warm", "no", "b"), ("", "no", "a"), ("the end is far", "rare", "a")]
    rows += [(f"{food} now and then", " Yes ", "b") for food in FOODS]
    return [Source("t.csv", "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode())]


def a_leaking_table() -> list[Source]:
    """A table whose test part holds a text of the training part."""
    return [
        *a_table(),
        Source("e.csv", b"text,label\nthe tea was Good and warm,yes\nthe tea was bad,no\n", role="test"),
    ]


FOODS = ("soup", "rice", "tea", "bread", "cake", "fish", "egg", "corn")


def pictures() -> list[Source]:
    x, y = shapes(90, 20)
    return [Source("p.npz", npz(x_train=255 - x, y_train=y))]


# The base of each family, in which changing one option alone is possible and shows, and values that are no guess.
BASES: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "charlm": (a_text, {"min_count": 1}, {"min_count": 3, "encoding": "gb18030"}),
    "classifier": (
        a_table,
        {"distillation": 0.0, "text_column": "text", "label_column": "label", "min_count": 1, "drop_small": True},
        {"text_column": "more", "label_column": "more", "header": "no", "tokens": "characters", "heads": 2},
    ),
    "gan": (pictures, {"generator": "8", "discriminator": "8"}, {"generator": "9", "discriminator": "9"}),
}


@pytest.fixture(params=BASES)
def family(request):
    return FAMILIES[request.param]


def other(options: Options, name: str) -> Any:
    """A valid value of an option that is not its present one."""
    field, now = type(options).model_fields[name], getattr(options, name)
    choices = [choice for choice in get_args(field.annotation) if choice is not type(None)]
    tried = [not now] if isinstance(now, bool) else [*choices, 0.5, 0.25, 3, 7, 40, "x"]
    for value in tried:
        try:
            changed = parse_options(type(options), options.model_dump() | {name: value})
        except (UserError, ValidationError):
            continue
        if getattr(changed, name) != now:
            return value
    raise AssertionError(f"no other value for {name}")


def test_an_option_changes_the_program_or_is_named_as_left_out(family, runs_folder):
    data, base, values = BASES[family.key]
    sources = data()

    def program(sources: list[Source], **changes: Any) -> dict[str, bytes] | str:
        options = parse_options(family.options, {"epochs": None, "steps": 30} | base | changes)
        try:
            return family.program.files(create(options, sources, name="r", directory=runs_folder))
        except UserError as error:
            return str(error)

    before, options = program(sources), parse_options(family.options, base)
    changes = {"steps": {"steps": 31}, "epochs": {"steps": None, "epochs": 7}, "seconds": {"steps": None, "seconds": 9}}
    names = [name for name in family.options.model_fields if name not in BUDGETS]
    changes |= {name: {name: values[name] if name in values else other(options, name)} for name in names}
    unheard = {name for name, change in changes.items() if program(sources, **change) == before}
    if "drop_leaks" in unheard and program(a_leaking_table()) != program(a_leaking_table(), drop_leaks=True):
        unheard.remove("drop_leaks")
    assert unheard == set(family.program.LEFT_OUT) & set(family.options.model_fields)


def test_the_program_says_what_it_leaves_out_and_is_the_code_that_is_tested_here(family, runs_folder):
    source, base, _values = BASES[family.key]
    run = create(parse_options(family.options, {"epochs": None, "steps": 30} | base), source(), directory=runs_folder)
    program = family.program.files(run)["train.py"].decode()
    head = program.split('"""')[1]
    assert [line[2:] for line in head.splitlines() if line.startswith("- ")] == program_source.sentences(
        family.program.LEFT_OUT
    )
    trainer = __import__(f"core.{family.key}.training.keras_trainer", fromlist=["x"])
    for name, item in vars(trainer).items():
        if inspect.getmodule(item) is trainer:
            assert inspect.getsource(item) in program, name
    assert "from core" not in program


def test_the_program_is_linted(family, runs_folder):
    source, base, _values = BASES[family.key]
    run = create(parse_options(family.options, {"epochs": None, "steps": 30} | base), source(), directory=runs_folder)
    done = subprocess.run(
        [Path(sys.executable).with_name("ruff"), "check", "--ignore", "I,E501", "--stdin-filename", "train.py", "-"],
        cwd=ROOT, capture_output=True, input=family.program.files(run)["train.py"],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode()
