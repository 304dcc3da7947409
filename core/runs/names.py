"""Sanitize user-given names: for display on one line, and as folder names that are valid on every system."""

import re
import unicodedata

from core.terminal import visible

ID_LIMIT = 60
NAME_LIMIT = 120
TAG_LIMIT, TAGS_LIMIT = 40, 20
DEVICE_NAMES = {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}


def slug(name: str) -> str:
    """Return a folder name made from `name`: ASCII letters, digits and dashes, not empty, not a Windows device name."""
    plain = unicodedata.normalize("NFKD", name[: 4 * ID_LIMIT]).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:ID_LIMIT].strip("-")
    return f"run-{text}".rstrip("-") if text in DEVICE_NAMES | {""} else text


def clean_name(name: str) -> str:
    """Return `name` as one line without control or direction characters, of at most NAME_LIMIT characters."""
    shown = "".join(char if visible(char) else " " for char in name[: 4 * NAME_LIMIT])
    return " ".join(shown.split())[:NAME_LIMIT]


def clean_tags(tags: object) -> list[str]:
    """Return at most TAGS_LIMIT sanitized tags without duplicates, in order; an empty list for anything but a list."""
    texts = tags if isinstance(tags, list) else []
    names = [clean_name(tag)[:TAG_LIMIT].strip() for tag in texts if isinstance(tag, str)]
    return [name for name in dict.fromkeys(names) if name][:TAGS_LIMIT]
