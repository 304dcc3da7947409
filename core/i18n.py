"""Translation: English is the message id.

A message is looked up when it is shown, never when a module is imported: one server speaks with each person in their
own language. Tables of texts that stand in a module are marked with N_() and read through spoken() or worded().
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


def _nobody() -> str:
    return ""


_listener: Callable[[], str] = _nobody


def listen(asked: Callable[[], str]) -> None:
    """Have `asked` tell the language of whoever is being answered; "" leaves it to HIDDEN_STATE_LANGUAGE."""
    global _listener
    _listener = asked


def language() -> str:
    """One of LANGUAGES: the listener's, else that of HIDDEN_STATE_LANGUAGE, else English."""
    for code in (_listener(), os.environ.get("HIDDEN_STATE_LANGUAGE", "")):
        if code in LANGUAGES:
            return code
    return "en"


@lru_cache(maxsize=8)
def _translations(code: str) -> gettext.NullTranslations:
    return gettext.translation("hidden_state", LOCALES, [code], fallback=True)


def _(message: str) -> str:
    """Return `message` in the language of whoever is being answered, or itself where no translation exists."""
    return _translations(language()).gettext(message) if message else ""


@lru_cache(maxsize=8)
def _back(code: str) -> dict[str, set[str]]:
    catalogue: Mapping[Any, str] = getattr(_translations(code), "_catalog", {})
    found: dict[str, set[str]] = {}
    for message, text in catalogue.items():
        if isinstance(message, str):
            found.setdefault(text, set()).add(message)
    return found


def said_by(text: str) -> set[str]:
    """The messages that `text` says in some language, and itself: an address may come from a page in another one."""
    return {text}.union(*(_back(code).get(text, ()) for code in LANGUAGES))


def N_(message: str) -> str:  # noqa: N802  # as gettext calls it
    """Mark a text of a module's table for translation; it is translated when it is read."""
    return message


class later(str):  # noqa: N801  # used like a function
    """A text that Streamlit keeps and shows with str(): the spinner of a cached function."""

    def __str__(self) -> str:
        return _(self[:])


class _Spoken(Mapping[K, V]):
    def __init__(self, table: Mapping[K, V]) -> None:
        self._table = table

    def __getitem__(self, key: K) -> V:
        return _each(self._table[key])

    def __iter__(self) -> Iterator[K]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def _each(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_each(item) for item in value)
    if isinstance(value, dict):
        return {key: _each(item) for key, item in value.items()}
    return _(value) if isinstance(value, str) else value


def spoken(table: Mapping[K, V]) -> Mapping[K, V]:
    """The table with its texts, also those in its tuples and dicts, translated whenever they are read."""
    return _Spoken(table)


class _Field:
    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        return self if owner is None else _each(owner.__dict__[self.name])

    def __set__(self, owner: Any, value: Any) -> None:
        owner.__dict__[self.name] = value


def worded(*fields: str) -> Callable[[C], C]:
    """A class decorator, put over @dataclass: these fields are translated whenever they are read."""

    def decorate(cls: C) -> C:
        for name in fields:
            setattr(cls, name, _Field(name))
        return cls

    return decorate
