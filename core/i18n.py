"""Translation: English is the message id.

A message is looked up when it is shown, never when a module is imported: one server answers people in different
languages. Texts in a module's table are marked with N_() and read through translated_mapping() or translated_fields().
"""

import gettext
import os
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

LOCALES = Path(__file__).resolve().parent.parent / "locales"
LANGUAGES = {"en": "English", "zh": "中文"}
K = TypeVar("K")
V = TypeVar("V")
C = TypeVar("C", bound=type)


def _no_language() -> str:
    return ""


_language_source: Callable[[], str] = _no_language


def set_language_source(source: Callable[[], str]) -> None:
    """Set the function that returns the current request's language code; "" means HIDDEN_STATE_LANGUAGE."""
    global _language_source
    _language_source = source


def language() -> str:
    """Return a code of LANGUAGES: from the language source, else HIDDEN_STATE_LANGUAGE, else "en"."""
    for code in (_language_source(), os.environ.get("HIDDEN_STATE_LANGUAGE", "")):
        if code in LANGUAGES:
            return code
    return "en"


@lru_cache(maxsize=8)
def _translations(code: str) -> gettext.NullTranslations:
    return gettext.translation("hidden_state", LOCALES, [code], fallback=True)


def _(message: str) -> str:
    """Return `message` translated into language(), or unchanged where no translation exists."""
    return _translations(language()).gettext(message) if message else ""


def translate(message: str, code: str) -> str:
    """Return `message` in the language `code`, for a file that holds several languages."""
    return _translations(code).gettext(message) if message else ""


@lru_cache(maxsize=8)
def _ids_by_translation(code: str) -> dict[str, set[str]]:
    catalogue: Mapping[Any, str] = getattr(_translations(code), "_catalog", {})
    found: dict[str, set[str]] = {}
    for message, text in catalogue.items():
        if isinstance(message, str):
            found.setdefault(text, set()).add(message)
    return found


def message_ids_of(text: str) -> set[str]:
    """Return `text` and every message id whose translation it is, in any language.

    A label in an address may come from a page that was shown in another language.
    """
    return {text}.union(*(_ids_by_translation(code).get(text, ()) for code in LANGUAGES))


def N_(message: str) -> str:  # noqa: N802  # as gettext calls it
    """Mark a text in a module's table for extraction and return it unchanged; it is translated when it is read."""
    return message


class lazy_message(str):  # noqa: N801  # used like a function
    """A message that str() translates, for texts that Streamlit stores, such as the spinner of a cached function."""

    def __str__(self) -> str:
        return _(self[:])


class _TranslatedMapping(Mapping[K, V]):
    def __init__(self, table: Mapping[K, V]) -> None:
        self._table = table

    def __getitem__(self, key: K) -> V:
        return _translate_texts(self._table[key])

    def __iter__(self) -> Iterator[K]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def _translate_texts(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_translate_texts(item) for item in value)
    if isinstance(value, dict):
        return {key: _translate_texts(item) for key, item in value.items()}
    return _(value) if isinstance(value, str) else value


def translated_mapping(table: Mapping[K, V]) -> Mapping[K, V]:
    """Return a view of `table` that translates its texts, also inside tuples and dicts, on every read."""
    return _TranslatedMapping(table)


class _TranslatedField:
    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        return self if owner is None else _translate_texts(owner.__dict__[self.name])

    def __set__(self, owner: Any, value: Any) -> None:
        owner.__dict__[self.name] = value


def translated_fields(*fields: str) -> Callable[[C], C]:
    """Class decorator, placed above @dataclass: translate these fields on every read."""

    def decorate(cls: C) -> C:
        for name in fields:
            setattr(cls, name, _TranslatedField(name))
        return cls

    return decorate
