"""A class: an address under which everybody's runs of one lesson are seen together, if a teacher made one."""

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
    """`token` is its address: whoever has it sees the runs that were made under it, and nothing else of anybody."""

    token: str
    name: str


def create(root: Path, name: str) -> Class:
    """A new class. Raises UserError for a name without a visible character, or where there are too many."""
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
    """The class of that address. Raises UserError where nobody made it, or it is gone."""
    content = read_json(root / FOLDER / f"{token}.json") if re.fullmatch(r"[0-9a-f]{20}", token or "") else None
    if not isinstance(content, dict) or not isinstance(content.get("name"), str):
        raise UserError(
            _("This address names a class that does not exist here: ask for the link again; the page works without it.")
        )
    return Class(token, clean_name(content["name"]))


def members(root: Path, group: Class) -> list[Run]:
    """Everybody's runs of the class, the oldest first."""
    found = []
    for path in run_folders(root):
        run = Run(path)
        try:
            if run.config.get("class") == group.token:
                found.append(run)
        except UserError:
            continue  # a damaged run belongs to nobody
    return sorted(found, key=lambda run: (run.created, run.id))


def remove_expired(root: Path, now: float) -> None:
    """Forget the classes of a hosted demo after a week."""
    for path in (root / FOLDER).glob("*.json"):
        content = read_json(path)
        made = content.get("created") if isinstance(content, dict) else None
        if not is_number(made) or now - made > LIMITS.class_seconds:
            path.unlink(missing_ok=True)
