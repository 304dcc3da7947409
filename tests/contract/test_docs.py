"""README and docs say what is: commands parse, what is named exists, figures and tables are the present ones."""

import argparse
import json
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit import config as streamlit_config

from bench.__main__ import NAMES
from bench.__main__ import parser as bench_parser
from core.commands.main import parser as core_parser
from core.errors import UserError
from core.families import FAMILIES
from core.flags import given_options
from core.samples.registry import SAMPLES
from core.schema import parse_options
from ui.shell.navigation import CONCEPTS, OWNER, screens

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "locales")]

import generate  # noqa: E402  # only now these two can be found
import update  # noqa: E402

README, BENCHMARKS, GENERATED = ROOT / "README.md", ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "options.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
WORDS_AT_MOST = 1400
ENDINGS = "py|md|txt|toml|yaml|yml|cff|json|jsonl|keras|lock|po"
OURS = ("python -m core", "python -m bench", "make ", "python docs/", "python .ci/", "python -m pytest")
KNOWN_ELSEWHERE = {"STREAMLIT_SERVER_ALLOWED_HOSTS", "STREAMLIT_BROWSER_SERVER_ADDRESS", "RAY_ADDRESS"}
FOREIGN_FLAGS = {"--no-lowercase"}  # the other side of a switch, which argparse makes
GONE = {"requirements-dev.txt", "requirements-bench.txt", "requirements-cluster.txt", "uv.lock"}  # named as not there
RUN_FILES = {"model.keras", "config.json", "report.json", "metrics.jsonl", "launch.json", "status.json", "train.py"}
INPUTS = {"BENCHMARKS.md", "my-novel.txt", "novel.txt", "other.txt"}  # of a person, or of another project


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def prose_of(page: Path) -> str:
    return FENCE.sub("", text_of(page))


@cache
def sources() -> str:
    """All code and settings that could read a variable or define a name."""
    files = [path for folder in ("core", "ui", "pages", "bench", "tests") for path in (ROOT / folder).rglob("*.py")]
    others = [ROOT / name for name in ("app.py", "Makefile", "Dockerfile", ".ci/run")]
    return "\n".join(path.read_text(encoding="utf-8") for path in [*files, *others] if path != Path(__file__))


@cache
def translations() -> dict[str, str]:
    """Every text of a screen, with its Chinese; tests/contract/test_locales.py holds them to the code."""
    held = update.catalogue(ROOT / "locales" / "zh" / "LC_MESSAGES" / f"{update.NAME}.po")
    return {str(message.id): str(message.string) for message in held if message.id}


def spans(page: Path) -> list[str]:
    return CODE.findall(prose_of(page))


def commands(page: Path) -> Iterator[str]:
    """Every command of ours: the lines of code blocks that begin with one, and inline code that is one."""
    lines = [line for kind, block in FENCE.findall(text_of(page)) if kind != "python" for line in block.splitlines()]
    for line in [*lines, *spans(page)]:
        bare = re.sub(r"\s{2,}#.*", "", line).strip()
        bare = re.sub(r"^(?:[A-Z_]+=\S+ )+", "", bare).removeprefix(".venv/bin/")
        if bare.startswith(OURS):
            yield bare


ALL_COMMANDS = sorted({(command, page.name) for page in PAGES for command in commands(page)})


@cache
def makefile() -> tuple[set[str], set[str]]:
    """Targets and variables that a person may set."""
    text = text_of(ROOT / "Makefile")
    targets = re.findall(r"^([a-z][\w-]*):", text, re.MULTILINE)
    return set(targets), set(re.findall(r"^(\w+) \?=", text, re.MULTILINE)) | set(
        re.findall(r"\$\(or \$\((\w+)\)", text)
    )


def parsed(parser: argparse.ArgumentParser, words: list[str]) -> argparse.Namespace | None:
    """None for --help, which parses and prints."""
    try:
        return parser.parse_args(words)
    except SystemExit as end:
        if end.code:
            pytest.fail(f"{parser.prog} {shlex.join(words)} does not parse")
        return None


@cache
def core() -> argparse.ArgumentParser:
    return core_parser()


def flags(parser: argparse.ArgumentParser) -> set[str]:
    found = set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= set().union(*(flags(sub) for sub in action.choices.values()))
    return found


def test_there_are_commands_to_look_at():
    kinds = {" ".join(command.split()[:4]) for command, _page in ALL_COMMANDS}
    assert {"python -m core train", "python -m core serve", "python -m bench charlm", "make run", "make test"} <= kinds
    assert len(ALL_COMMANDS) > 40


@pytest.mark.parametrize(("command", "page"), ALL_COMMANDS)
def test_every_command_parses(command, page, capsys):
    words = shlex.split(command)
    if words[0] == "make":
        targets, variables = makefile()
        for word in words[1:]:
            name, sign, _value = word.partition("=")
            assert name in (variables if sign else targets), f"{page}: the Makefile has no {name}"
    elif words[1:3] == ["-m", "bench"]:
        if words[3:] not in ([], ["NAME"]):
            given = parsed(bench_parser(), words[3:])
            assert given
            code = "".join(text_of(ROOT / "bench" / f"{module}.py") for module in NAMES[given.name])
            assert given.only in code, f"{page}: no row of {given.name} is called {given.only}"
    elif words[1:3] == ["-m", "core"]:
        if words[3:] and words[3:] != ["train"]:
            meant(parsed(core(), words[3:]), page)
    else:
        files = [word for word in words[1:] if "/" in word]
        assert files, command
        assert [file for file in files if not (ROOT / file).exists()] == [], page


def meant(given: argparse.Namespace | None, page: str) -> None:
    """What argparse does not look at: options' values, samples, runs that ship."""
    if given is None:
        return
    if given.command == "train":
        family = FAMILIES[given.family]
        parse_options(family.options, given_options(given, family.options))
        for item in given.data:
            kind, _colon, name = item.partition(":")
            assert kind != "sample" or (name in SAMPLES and SAMPLES[name].family == family.key), f"{page}: {item}"
        for item in given.sweep:
            name, _sign, values = item.partition("=")
            assert name in family.options.model_fields
            assert values
    run = str(getattr(given, "id", ""))
    assert not run.startswith("demo-") or (ROOT / "saved_models" / run).is_dir(), f"{page}: {run} does not ship"


def test_the_check_of_commands_sees_what_is_wrong(capsys):
    for wrong in (["train", "charlm", "--text", "sample:nope"], ["show-me"], ["generate", "demo-none"]):
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            meant(parsed(core(), wrong), "here")
    with pytest.raises(UserError):
        meant(parsed(core(), ["train", "charlm", "--text", "a.txt", "--units", "many"]), "here")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_exists(page):
    known = flags(core()) | flags(bench_parser()) | FOREIGN_FLAGS
    named = {flag for span in spans(page) if "pip " not in span for flag in re.findall(r"(?<!\S)--[a-z][\w-]*", span)}
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_variable_of_the_environment_exists(page):
    named = set(re.findall(r"\b(?:HIDDEN_STATE|RAY|STREAMLIT)_[A-Z_]+\b", text_of(page)))
    unread = {name for name in named - KNOWN_ELSEWHERE if not re.search(rf"\b{name}\b", sources())}
    placement = {"HIDDEN_STATE_CPUS", "HIDDEN_STATE_GPUS"}
    assert unread - placement == set()
    for name in re.findall(r"`((?:server|browser|client|theme)\.\w+)`", text_of(page)):
        streamlit_config.get_option(name)


def test_every_variable_that_is_read_is_described():
    read = set(re.findall(r"\bHIDDEN_STATE_[A-Z_]*[A-Z]\b", sources()))
    assert len(read) > 10
    assert (
        read - set(CODE.findall(" ".join(re.findall(r"`HIDDEN_STATE_[A-Z_]+`", text_of(ROOT / "docs/hosting.md")))))
        == set()
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_and_test_exists(page):
    assert [span for span in spans(page) if is_path(span) and not exists(span)] == []


def is_path(span: str) -> bool:
    """Does it name a file or folder of the project? Names with <…> stand for many, these few for a person's own."""
    if span in RUN_FILES | INPUTS | GONE or "<" in span or " " in span:
        return False
    return bool(re.fullmatch(rf"\.?[\w-]+(?:/[\w.-]+)+/?|[\w-]+/|\.?[\w-]+\.(?:{ENDINGS})", span))


def exists(span: str) -> bool:
    """From the root; a bare name, as config.py, may also be one that each family has."""
    folders = [ROOT, *(ROOT / "core" / key for key in FAMILIES), *(ROOT / "ui" / key for key in FAMILIES)]
    return any((folder / span).exists() for folder in [*folders, ROOT / "core" / "runs"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_said_to_stand_in_a_file_stands_there(page):
    """“`factors` in `core/training/schedule.py`”."""
    missing = []
    for name, path in re.findall(r"`([\w.]+)(?:\(\))?`(?: there)?\s+in\s+`([\w/.]+\.py)`", prose_of(page)):
        if not re.search(rf"\b(?:def|class) {name}\b|\b{name}\b\s*(?::|=)", text_of(ROOT / path)):
            missing.append(f"{name} in {path}")
    assert missing == []


def test_the_answers_of_contributing_are_found():
    table = prose_of(ROOT / "CONTRIBUTING.md").partition("## Where do I change")[2].partition("## How")[0]
    rows = [row for row in table.splitlines() if row.startswith("| ") and len(row) > 10]
    assert len(rows) == 6
    assert all(CODE.findall(row) for row in rows)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_address_of_a_screen_exists(page):
    known = {f"/{screen.key}" for screen in screens()} | {f"/{OWNER}", "/openapi.json", "/health"}
    assert {span for span in spans(page) if re.fullmatch(r"/[a-z][\w.-]*", span)} - known == set()


@pytest.mark.parametrize("page", [page for page in PAGES if page != GENERATED], ids=lambda page: page.name)
def test_what_is_set_in_italics_is_said_on_a_screen(page):
    """Labels of screens are set so; what is not one is a term that its sentence explains."""
    terms = {
        "Hidden State",
        "Stock Keras",
        "PyTorch",
        "The study notes",
        "windows of 64",
        "of 256",
        "one stream",
        "greedy",
    }
    terms |= {"Report a vulnerability", "Security"}
    named = set(re.findall(r"(?<![*\w])\*([^*\n]+)\*(?![*\w])", CODE.sub("", prose_of(page))))
    assert named - set(translations()) - terms == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(page)):
        if target.startswith(("http://", "https://")):
            continue
        path, _hash, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_readme_is_short():
    assert len(text_of(README).split()) <= WORDS_AT_MOST


def figures(text: str) -> set[str]:
    """Numbers that claim something: with a point, a comma, a percent sign, or of two digits and more."""
    text = re.sub(r"\]\([^)]*\)|https?://\S+|python3?[.\d]+|3\.1\d to 3\.1\d", " ", text)
    text = re.sub(r"--[\w-]+ \S+|\b(?:SST|sha)-?\d+|127\.0\.0\.1:\d+", " ", text)
    return set(re.findall(r"(?<![\w.])\+?\d+(?:[.,]\d+)+(?![\w])|(?<![\w.])\d{2,}(?![\w])", text))


def test_every_figure_of_the_readme_stands_in_benchmarks():
    named = figures(text_of(README))
    assert {"99,100", "1.451", "1.432", "+0.80", "62.3"} <= named
    assert named - figures(text_of(BENCHMARKS)) == set()


def test_the_figures_of_the_runs_that_ship_are_theirs():
    def report(name: str) -> dict[str, float]:
        return json.loads(text_of(ROOT / "saved_models" / name / "report.json"))

    tales, reviews, digits = report("demo-lighthouse"), report("demo-reviews"), report("demo-digits")
    table = json.loads(text_of(ROOT / "saved_models" / "demo-lighthouse" / "baselines.json"))
    wanted = [
        f"{tales['val_loss_nats']:.3f}", f"{tales['val_loss_nats_streaming']:.3f}", f"{tales['steps']:,}",
        f"{next(row['value'] for row in table if row['name'] == 'ngram'):.3f}",
        f"{100 * reviews['test_accuracy']:.1f}", f"{digits['frechet_classifier_distance']:.1f}", f"{digits['steps']:,}",
    ]  # fmt: skip
    assert [figure for figure in wanted if figure not in figures(text_of(BENCHMARKS))] == []


def test_the_number_of_concept_pages_is_right():
    words = {14: "Fourteen", 15: "Fifteen", 16: "Sixteen"}
    assert f"{words[len(CONCEPTS)]} pages" in text_of(README)


def test_the_options_page_is_up_to_date():
    assert text_of(GENERATED) == generate.page(), "python docs/generate.py"


def test_the_layers_are_those_of_pyproject():
    contracts = tomllib.loads(text_of(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(item["layers"] for item in contracts if item["name"] == "Layers")
    page = text_of(ROOT / "docs" / "architecture.md")
    table = page.partition("<!-- layers -->")[2].partition("<!-- /layers -->")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert [set(CODE.findall(row)) for row in rows] == [set(re.split(r" \| ", layer)) for layer in layers]


def test_the_glossary_translates_as_the_screens_do():
    table = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", text_of(ROOT / "docs" / "glossary.md"), re.MULTILINE)
    said = translations()
    terms = [(english, chinese) for english, chinese in table[1:] if english in said]
    assert len(terms) > 20
    assert [(english, chinese, said[english]) for english, chinese in terms if said[english] != chinese] == []
