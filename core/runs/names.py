"""Names that strangers give: shown as one harmless line, turned into folder names that no system trips over."""

import re
import unicodedata

from core.terminal import visible

ID_LIMIT = 60
NAME_LIMIT = 120
TAG_LIMIT, TAGS_LIMIT = 40, 20
DEVICE_NAMES = {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}


def slug(name: str) -> str:
    """A folder name out of anything: ASCII letters, digits and dashes, never empty and never a device's name."""
    plain = unicodedata.normalize("NFKD", name[: 4 * ID_LIMIT]).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:ID_LIMIT].strip("-")
    return f"run-{text}".rstrip("-") if text in DEVICE_NAMES | {""} else text


def clean_name(name: str) -> str:
    """A name as people may give it: one line, no control or direction characters, at most NAME_LIMIT characters."""
    shown = "".join(char if visible(char) else " " for char in name[: 4 * NAME_LIMIT])
    return " ".join(shown.split())[:NAME_LIMIT]


def clean_tags(tags: object) -> list[str]:
    """Tags as names are, in order, none twice; at most TAGS_LIMIT. What is no list of texts has none."""
    texts = tags if isinstance(tags, list) else []
    names = [clean_name(tag)[:TAG_LIMIT].strip() for tag in texts if isinstance(tag, str)]
    return [name for name in dict.fromkeys(names) if name][:TAGS_LIMIT]
