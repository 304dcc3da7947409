"""Classes: an address, created by a teacher, under which all runs of one lesson are listed together."""

import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.hosting.limits import LIMITS
from core.i18n import _
from core.runs.files import is_number, read_json, write_json
from core.runs.folders import run_folders
from core.runs.names import clean_name
from core.runs.policy import is_demo
from core.runs.run import Run

FOLDER = ".classes"


@dataclass(frozen=True)
class Class:
    """A class. Its `token` gives access to the runs that were created under it, and to nothing else."""

    token: str
    name: str


def create(root: Path, name: str) -> Class:
    """Create a class. Raises UserError for a name without a visible character, or where there are too many classes."""
    name, folder = clean_name(name), root / FOLDER
    if not name:
        raise UserError(_("A class needs a name with at least one visible character."))
    if is_demo() and sum(1 for _file in folder.glob("*.json")) >= LIMITS.classes:
        raise UserError(_("This hosted demo has {n} classes already: try again later.").format(n=LIMITS.classes))
    made = Class(secrets.token_hex(10), name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / f"{made.token}.json", {"name": name, "created": time.time()})
    except OSError as error:
        raise UserError(_("The class cannot be made: {reason}.").format(reason=error.strerror or error)) from None
    return made


def find(root: Path, token: str) -> Class:
    """Return the class with that token. Raises UserError where it does not exist."""
    content = read_json(root / FOLDER / f"{token}.json") if re.fullmatch(r"[0-9a-f]{20}", token or "") else None
    if not isinstance(content, dict) or not isinstance(content.get("name"), str):
        raise UserError(
            _("This address names a class that does not exist here: ask for the link again; the page works without it.")
        )
    return Class(token, clean_name(content["name"]))


def members(root: Path, group: Class) -> list[Run]:
    """Return all runs of the class, the oldest first."""
    found = []
    for path in run_folders(root):
        run = Run(path)
        try:
            if run.config.get("class") == group.token:
                found.append(run)
        except UserError:
            continue  # a damaged run has no class
    return sorted(found, key=lambda run: (run.created, run.id))


def remove_expired(root: Path, now: float) -> None:
    """Delete the classes of a hosted demo that are older than LIMITS.class_seconds."""
    for path in (root / FOLDER).glob("*.json"):
        content = read_json(path)
        made = content.get("created") if isinstance(content, dict) else None
        if not is_number(made) or now - made > LIMITS.class_seconds:
            path.unlink(missing_ok=True)
