"""Create, list, find and delete runs. The run folders are the only record, so no index can disagree with them."""

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.i18n import _
from core.runs import folders, policy
from core.runs.files import write_bytes, write_json
from core.runs.names import clean_name, slug
from core.runs.run import Run, new_config
from core.runs.status import Status
from core.schema import Options
from core.sources import Source

BIN = folders.TRASH
DEFAULT_DIR = Path(__file__).resolve().parents[2] / "saved_models"


def root_dir() -> Path:
    """Return the folder of all runs: HIDDEN_STATE_RUNS, or saved_models."""
    return Path(os.environ.get("HIDDEN_STATE_RUNS") or DEFAULT_DIR)


def runs_dir(given: str | Path | None = None) -> Path:
    """Return `given`, or the folder of the current user's runs: root_dir(), or a visitor's folder in it."""
    return Path(given) if given else policy.current().runs_folder(root_dir())


def check_root() -> None:
    """Raise UserError where the folder of all runs exists but cannot be listed; a missing one is made later."""
    try:
        os.scandir(root_dir()).close()
    except FileNotFoundError:
        pass
    except OSError as error:
        reason = error.strerror or str(error)
        if policy.current().visitor:  # do not show visitors the paths of the server
            raise UserError(_("The runs cannot be read: {reason}.").format(reason=reason)) from None
        raise UserError(
            _("The runs cannot be read from “{folder}”: {reason}.").format(folder=root_dir(), reason=reason)
        ) from None


def create(
    options: Options,
    sources: Sequence[Source],
    *,
    name: str = "",
    preset: str = "",
    label: str = "",
    directory: str | Path | None = None,
    files: Mapping[str, bytes] | None = None,
    more_config: Mapping[str, Any] | None = None,
) -> Run:
    """Create the folder of a new run with its data, without training it.

    files: further files to put beside config.json; more_config: further keys for it. The folder is built under a hidden
    name and renamed when it is complete. Raises UserError where the policy refuses or the disk cannot be written.
    """
    parent, rules = runs_dir(directory), policy.current()
    rules.check_new(options, sources, parent)
    label = clean_name(label or (sources[0].name if sources else ""))
    name = clean_name(name) or label or options.family
    try:
        parent.mkdir(parents=True, exist_ok=True)
        draft = draft_folder(parent)
        try:
            (draft / "data").mkdir()
            stored = [_store(draft / "data", number, source) for number, source in enumerate(sources)]
            config = new_config(options.family, preset, options, stored, label)
            seen = {"class": rules.group} if rules.group else {}
            write_json(draft / "config.json", config | seen | dict(more_config or {}))
            for file, content in (files or {}).items():
                write_bytes(draft / file, content)
            write_json(draft / "about.json", {"name": name, "note": "", "tags": []})
            Status(state="stopped", message=_("It has not been started yet.")).write(draft / "status.json")
            # Runs of several visitors are listed together in a class, so their ids must be unique across visitors.
            wanted = slug(name) if not rules.visitor else f"my-{slug(name)}-{secrets.token_hex(3)}"
            return Run(move_into_place(draft, parent, wanted))
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        if rules.visitor:  # do not show visitors the paths of the server
            raise UserError(_("The run cannot be written: {reason}.").format(reason=reason)) from None
        raise UserError(
            _("The run cannot be written to “{folder}”: {reason}.").format(folder=parent, reason=reason)
        ) from None


def draft_folder(parent: Path) -> Path:
    """A new hidden folder in which a run is built; what a killed process leaves of it, the bin's purge removes."""
    draft = parent / f".new-{os.getpid()}-{time.monotonic_ns()}"
    draft.mkdir()
    return draft


def _store(folder: Path, number: int, source: Source) -> dict[str, Any]:
    suffix = re.sub(r"[^a-z0-9.]", "", Path(source.name).suffix.lower())[:10]
    path = folder / f"{number:05d}{suffix}"
    write_bytes(path, source.data)
    entry: dict[str, Any] = {
        "name": source.name,
        "path": path.name,
        "size": len(source.data),
        "sha256": source.sha256,
    }
    return entry if source.role == "train" else entry | {"role": source.role}


def move_into_place(draft: Path, parent: Path, wanted: str) -> Path:
    """Rename the folder `draft` to the id `wanted`, or to the first free `wanted-2`, `wanted-3` …; return its path.

    Safe when several processes want the same id. Raises UserError where no id is free, OSError where renaming fails.
    """
    for number in range(1, 100_000):
        target = parent / (wanted if number == 1 else f"{wanted}-{number}")
        if target.exists():  # rename() would silently replace an empty folder
            continue
        try:
            draft.rename(target)
            return target
        except OSError:
            if not target.exists():
                raise
    raise UserError(_("There are too many runs called “{name}”: choose another name.").format(name=wanted))


def list_runs(directory: str | Path | None = None, family: str | None = None) -> list[Run]:
    """Return all visible runs, or those of a family, the newest first.

    Runs with an invalid config.json come last, so that they can be deleted.
    """
    sound, broken = [], []
    for path in _visible_run_folders(directory):
        run = Run(path)
        try:
            run_family = run.family
        except UserError:
            broken.append(run)
            continue
        if family is None or run_family == family:
            sound.append(run)
    sound.sort(key=lambda run: (run.created, run.id), reverse=True)
    return sound + (sorted(broken, key=lambda run: run.id) if family is None else [])


def _visible_run_folders(directory: str | Path | None) -> Iterator[Path]:
    """Yield the run folders that the current user may see: a visitor sees their own runs and the demo runs."""
    parent = runs_dir(directory)
    if directory is None and parent != root_dir():
        yield from (path for path in folders.visible(root_dir()) if path.name.startswith(folders.DEMO_PREFIX))
    yield from folders.visible(parent)


def find_of(family: str, run_id: str) -> Run:
    """Return the run with that id. Raises UserError where it is of another family, or as find() does."""
    run = find(run_id)
    if run.family != family:
        text = _("The run “{run}” is of the family {found}, but this needs one of the family {family}.")
        raise UserError(text.format(run=run.id, found=run.family, family=family))
    return run


def find(run_id: str, directory: str | Path | None = None) -> Run:
    """Return the run with that id. Raises UserError where it does not exist or the current user may not see it."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", run_id or ""):
        demo = directory is None and run_id.startswith(folders.DEMO_PREFIX)
        path = (root_dir() if demo else runs_dir(directory)) / run_id
        if os.path.isdir(path):  # Path.is_dir() would raise for a name that is too long
            return Run(path)
    shown = clean_name(run_id or "")[:80]
    raise UserError(
        _("There is no run “{run}”: `runs list` and the Runs page show those that exist.").format(run=shown)
    )


def delete(run: Run) -> str:
    """Move the run into the bin; return its key there. Raises UserError where it is active or cannot be moved."""
    policy.current().check_change(run.path)
    if run.active:
        raise UserError(_("The run “{run}” is still active: stop it first.").format(run=run.id))
    folder = run.path.parent / BIN
    key = f"{round(time.time() * 1e9)}-{run.id}"
    try:
        folder.mkdir(exist_ok=True)
        run.path.rename(folder / key)
    except OSError as error:
        raise UserError(
            _("The run “{run}” cannot be deleted: {reason}.").format(run=run.id, reason=error.strerror or error)
        ) from None
    return key
