"""Classes: an address, created by a teacher, under which all runs of one lesson are listed together."""

import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.hosting.limits import LIMITS
from core.hosting.refusals import counted
from core.hosting.visitors import current_user
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
    """Create a class.

    Raises UserError for a name without a visible character, or where a visitor or all of them have too many classes.
    """
    name, folder = clean_name(name), root / FOLDER
    if not name:
        raise UserError(_("A class needs a name with at least one visible character."))
    creator = _creator()
    if is_demo():
        _check_share(root, creator)
    made = Class(secrets.token_hex(10), name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / f"{made.token}.json", {"name": name, "created": time.time(), "creator": creator})
    except OSError as error:
        raise UserError(_("The class cannot be made: {reason}.").format(reason=error.strerror or error)) from None
    return made


def _creator() -> str:
    """Return a digest of the visitor's token, which opens nothing; "" for the owner."""
    token = current_user().visitor
    return hashlib.sha256(token.encode()).hexdigest()[:20] if token else ""


@counted("classes")
def _check_share(root: Path, creator: str) -> None:
    """Raise UserError where the visitor has too many classes, or all have and none of them is idle.

    A visitor may come as another one again and again, so a class under which nobody trains gives way to a new one.
    """
    known = {path: read_json(path) for path in (root / FOLDER).glob("*.json")}
    if creator and sum(isinstance(item, dict) and item.get("creator") == creator for item in known.values()) >= (
        LIMITS.visitor_classes
    ):
        raise UserError(
            _("You have made {n} classes, which is all that one visitor may have: use one of them.").format(
                n=LIMITS.visitor_classes
            )
        )
    if len(known) < LIMITS.classes:
        return
    configs = (read_json(path / "config.json") for path in run_folders(root))
    used = {config.get("class") for config in configs if isinstance(config, dict)}
    idle = time.time() - LIMITS.class_idle_seconds
    empty = [path for path in known if path.stem not in used and _made_at(known[path]) < idle]
    if not empty:
        raise UserError(_("This hosted demo has {n} classes already: try again later.").format(n=LIMITS.classes))
    min(empty, key=lambda path: _made_at(known[path])).unlink(missing_ok=True)


def _made_at(content: object) -> float:
    made = content.get("created") if isinstance(content, dict) else None
    return float(made) if is_number(made) else 0.0


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
        if now - _made_at(read_json(path)) > LIMITS.class_seconds:
            path.unlink(missing_ok=True)
