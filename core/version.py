"""Which Hidden State this is: the release, the commit of its checkout, and the packages that it runs on."""

import os
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

VERSION = "0.1.0"  # pyproject.toml says the same; a test holds them equal
ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "numpy")


@cache
def commit() -> str:
    """Return the commit in 12 hex digits, with "-dirty" after it where tracked files differ from it.

    It is "" where the project's folder is no git checkout of its own, or where git is absent, refuses or is too slow.
    """
    if not (ROOT / ".git").exists():  # a repository further up would be another project's
        return ""
    words = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    quiet = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(words, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def release() -> dict[str, str]:
    """Return the release under "hidden-state" and, where it is known, the commit under "commit"."""
    return {"hidden-state": VERSION} | ({"commit": commit()} if commit() else {})


def label() -> str:
    """Return `Hidden State 0.1.0`, with the commit in brackets where it is known."""
    return f"Hidden State {VERSION}" + (f" ({commit()})" if commit() else "")


def versions(more: tuple[str, ...] = ()) -> dict[str, str]:
    """Return release(), Python's version and those of PACKAGES and `more`, as far as they are installed."""
    found = release() | {"python": platform.python_version()}
    for package in PACKAGES + more:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
