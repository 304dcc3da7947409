"""Translation: English is the message id."""

import gettext
import os
from functools import lru_cache
from pathlib import Path

LOCALES = Path(__file__).resolve().parent.parent / "locales"


@lru_cache(maxsize=8)
def _translations(language: str) -> gettext.NullTranslations:
    return gettext.translation("hidden_state", LOCALES, [language], fallback=True)


def _(message: str) -> str:
    """Return `message` in the language of HIDDEN_STATE_LANGUAGE, or itself where no translation exists."""
    return _translations(os.environ.get("HIDDEN_STATE_LANGUAGE", "en")).gettext(message) if message else ""
