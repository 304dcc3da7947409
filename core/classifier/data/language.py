"""Detect the language of texts by script, and for Latin script by function words."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from core.i18n import N_, _

SCRIPTS = {
    "han": r"[\u3400-\u4dbf\u4e00-\u9fff]",
    "kana": r"[\u3040-\u30ff]",
    "hangul": r"[\uac00-\ud7af]",
    "cyrillic": r"[\u0400-\u04ff]",
    "arabic": r"[\u0600-\u06ff]",
    "greek": r"[\u0370-\u03ff]",
    "hebrew": r"[\u0590-\u05ff]",
    "thai": r"[\u0e00-\u0e7f]",
    "devanagari": r"[\u0900-\u097f]",
    "latin": r"[A-Za-z\u00c0-\u024f]",
}
NAMES = {
    "han": N_("Chinese"),
    "kana": N_("Japanese"),
    "hangul": N_("Korean"),
    "cyrillic": N_("Cyrillic script"),
    "arabic": N_("Arabic script"),
    "greek": N_("Greek"),
    "hebrew": N_("Hebrew"),
    "thai": N_("Thai"),
    "devanagari": N_("Devanagari script"),
    "latin": N_("Latin script"),
}
COMMON = {
    "English": "the and of to is it that was for with this but not you are have be on as at",
    "German": "der die und das ist nicht ein eine ich es mit den auf von für war sie zu auch sehr",
    "French": "le la les et est une un des que qui pas pour dans ce avec je il très sur mais",
    "Spanish": "el la los y es una un de que no por con para muy lo se en pero como más",
    "Italian": "il la che di e è un una non per con molto sono ma del si lo anche questo mi",
    "Portuguese": "o a os que de e é um uma não por com para muito mas do da em se eu",
    "Dutch": "de het een en is niet van dat ik op met voor zijn maar ook te er was heel",
}
CHARACTER_SCRIPTS = ("han", "kana", "thai")  # written without spaces between words
SAMPLE_TEXTS, SAMPLE_CHARS = 2000, 400


class Language(NamedTuple):
    """`name` is for people; `spaced` tells whether most of the letters belong to a script with spaces between words;
    `shares` are the scripts' shares of the letters, largest first."""

    name: str
    spaced: bool
    shares: dict[str, float]


def language(texts: Sequence[str]) -> Language:
    """Detect the main language of `texts`; a second one is named from 10 % of the letters on."""
    picked = texts[:: max(1, len(texts) // SAMPLE_TEXTS)]
    sample = "\n".join(text[:SAMPLE_CHARS] for text in picked)
    counts = {script: len(re.findall(pattern, sample)) for script, pattern in SCRIPTS.items()}
    # Japanese is written with kana and Chinese characters: those beside plenty of kana count as Japanese.
    if counts["kana"] * 4 > counts["han"]:
        counts["kana"], counts["han"] = counts["kana"] + counts["han"], 0
    # A Chinese character carries about as much information as three letters: weight it accordingly.
    weighted = {script: count * (3 if script in CHARACTER_SCRIPTS else 1) for script, count in counts.items() if count}
    total = sum(weighted.values())
    if not total:
        return Language(_("no letters"), True, {})
    shares = {script: count / total for script, count in Counter(weighted).most_common()}
    names = [_latin(sample) if script == "latin" else NAMES[script] for script, share in shares.items() if share >= 0.1]
    spaced = sum(share for script, share in shares.items() if script in CHARACTER_SCRIPTS) < 0.5
    return Language(" + ".join(_(name) for name in names), spaced, shares)


def _latin(sample: str) -> str:
    words = Counter(re.findall(r"[a-z\u00c0-\u024f]+", sample.lower()))
    votes = {name: sum(words[word] for word in common.split()) for name, common in COMMON.items()}
    best = max(votes, key=lambda name: votes[name])
    return best if votes[best] * 20 > words.total() else NAMES["latin"]
