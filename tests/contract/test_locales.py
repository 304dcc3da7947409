"""Every text that a person reads can be translated, and every translation says it with the same parts."""

import ast
import gettext
import re
import string
import sys
from collections import Counter
from pathlib import Path

import pytest

from core import i18n

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "locales"))

import update  # noqa: E402  # only now it can be found

CODES = [code for code in i18n.LANGUAGES if code != "en"]
KEPT = r"`[^`\n]+`", r"\$\$?[^$]+\$\$?", r":material/\w+:", r":[a-z-]+\[", r"\]\([^)]*\)", r"--[a-z]+", r"https?://\S+"


@pytest.fixture(scope="module", params=CODES)
def held(request):
    return update.catalogue(ROOT / "locales" / request.param / "LC_MESSAGES" / f"{update.NAME}.po")


def test_the_catalogue_has_every_message_of_the_code_translated(held):
    wanted = {message.id for message in update.messages() if message.id}
    assert len(wanted) > 2000
    there = {message.id for message in held if message.id and message.string and not message.fuzzy}
    assert wanted - there == set(), "make locales, then write the new translations"
    assert there - wanted == set(), "make locales drops what is no longer said"


def test_a_translation_has_the_fields_code_formulas_icons_and_links_of_its_message(held):
    assert [message.id for message in held if message.id and parts(message.id) != parts(message.string)] == []


def parts(text):
    fields = Counter((name, spec, how) for _text, name, spec, how in string.Formatter().parse(text) if name is not None)
    kept = [Counter(re.findall(pattern, text)) for pattern in KEPT]
    return fields, kept, text.count("**") % 2, text[:1].isspace(), text[-1:].isspace()


def test_what_is_compiled_is_what_is_written(held):
    path = ROOT / "locales" / str(held.locale) / "LC_MESSAGES" / f"{update.NAME}.mo"
    with path.open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert [m.id for m in held if m.id and compiled.gettext(m.id) != m.string] == [], "make locales compiles it"
    assert len(compiled._catalog) == len(held) + 1, "and the header"  # type: ignore[attr-defined]


def test_nothing_is_translated_while_a_module_is_imported():
    """It would stay in the language of whoever came first: N_() and translated_mapping() are for a module's tables."""
    early = []
    for folder in ("core", "ui"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path != ROOT / "ui" / "shell" / "main.py":  # Streamlit runs it for each person
                early += [f"{path.relative_to(ROOT)}:{line}" for line in at_import(ast.parse(path.read_text("utf-8")))]
    assert early == []


def at_import(tree):
    """The lines on which `_` is called outside of every function's body."""
    later = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for part in (node.body if isinstance(node.body, list) else [node.body])
        for inner in ast.walk(part)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_" and node not in later:
            yield node.lineno


def test_the_checker_sees_a_table_that_is_translated_too_early():
    tree = ast.parse("A = {'x': _('early')}\ndef f(a=_('early')):\n    return _('late')\nB = lambda: _('late')\n")
    assert sorted(at_import(tree)) == [1, 2]


def test_tables_are_read_in_the_language_of_the_moment(monkeypatch):
    from core.families import FAMILIES

    names = i18n.translated_mapping({"a": i18n.N_("Finish"), "b": (i18n.N_("Runs"), 3), "c": {"d": i18n.N_("Runs")}})
    assert (FAMILIES["gan"].title, names["b"], names["c"]) == ("Dense GAN", ("Runs", 3), {"d": "Runs"})
    monkeypatch.setenv("HIDDEN_STATE_LANGUAGE", "zh")
    assert (FAMILIES["gan"].title, names["b"], names["c"]) == ("全连接 GAN", ("训练记录", 3), {"d": "训练记录"})
    assert str(i18n.lazy_message("Runs")) == "训练记录"
    monkeypatch.setenv("HIDDEN_STATE_LANGUAGE", "xx")
    assert (i18n.language(), FAMILIES["gan"].title) == ("en", "Dense GAN")
