"""Export a run as one file and import it elsewhere. Imported files are untrusted and validated completely.

A bundle is a zip of the run's files that another machine needs (PATTERNS) and a manifest, bundle.json, that lists them.
Checkpoint and log are not exported: an imported run can be used, compared and trained again, but not continued. See
archive_validation.py and core/runs/keras_file.py for the checks.
"""

import hashlib
import re
import shutil
import time
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.bundles import archive_validation, contents
from core.bundles.program import use_script
from core.errors import UserError
from core.families import FAMILIES
from core.i18n import _
from core.runs import policy
from core.runs.files import json_bytes, write_atomic, write_json
from core.runs.keras_file import ForeignFileError, check_file
from core.runs.metrics import FILE_LIMIT as METRICS_LIMIT
from core.runs.metrics import within_limits
from core.runs.names import clean_name, clean_tags, slug
from core.runs.placement import FILE as PLACEMENT
from core.runs.run import NOTE_LIMIT, SCHEMA, Run, files_below
from core.runs.status import Status
from core.runs.store import draft_folder, move_into_place, runs_dir
from core.schema import parse_options
from core.sources import EARLIER
from core.version import release

FORMAT, VERSION = "hidden-state-run", 1
LIMIT = 1_500_000_000  # bytes, compressed and uncompressed
MANIFEST, USE = "bundle.json", "use.py"  # use.py is exported for people and ignored on import
HOME = (USE, PLACEMENT)  # never taken in; on which devices a run trained is of no use elsewhere
SECONDS = 300.0
# The files that a bundle may hold, with the largest size of each in bytes.
PATTERNS = {
    r"bundle\.json": 20_000_000,
    r"config\.json": 20_000_000,
    r"(about|status|plan|report|baselines|facts|labels|vocabulary|[a-z_]{1,30})\.json": 16_000_000,
    r"use\.py": 100_000,
    r"metrics\.jsonl": METRICS_LIMIT,
    r"model\.keras": 1_000_000_000,
    r"[a-z_]{1,30}\.npz": 500_000_000,
    r"samples/step-\d{8,10}/[a-z0-9_-]{1,40}\.(txt|json|png|npz)": 5_000_000,
    r"snapshots/step-\d{10}\.npz": 200_000_000,
    r"data/\d{5}[a-z0-9.]{0,10}": LIMIT,
}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    name: str = Field(max_length=1000)
    path: str = Field(pattern=r"^\d{5}[a-z0-9.]{0,10}$")
    size: int = Field(ge=0, le=LIMIT)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    role: Literal["train", "validation", "test", "earlier"] = "train"


class _Data(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    name: str = Field(max_length=1000)
    size: int = Field(ge=0)
    files: list[_Entry] = Field(max_length=archive_validation.ENTRIES)


class _Config(BaseModel):
    """Schema of an imported config.json; other keys are dropped."""

    model_config = ConfigDict(extra="ignore", strict=True)
    version: Literal[1] = Field(alias="schema")
    family: str
    created: float = Field(ge=0, le=1e11, allow_inf_nan=False)
    preset: str = Field(max_length=40)
    options: dict[str, Any] = Field(max_length=1000)
    data: _Data


# Export ---------------------------------------------------------------------------------------------------------------
def export(run: Run, target: Path | BinaryIO, data: bool = False) -> None:
    """Write `run` as one file to a path or an open binary file; with `data` including its training data.

    Raises UserError where the run is damaged or too large for a bundle, or the file cannot be written.
    """
    run.options  # noqa: B018  # raises for a damaged run before anything is written
    if data:
        run.sources()
    try:
        if isinstance(target, Path):
            write_atomic(target, lambda file: _write(run, file, data))
        else:
            _write(run, target, data)
    except OSError as error:
        raise UserError(
            _("The run “{run}” cannot be exported: {reason}.").format(run=run.id, reason=error.strerror or error)
        ) from None


def _write(run: Run, file: BinaryIO, data: bool) -> None:
    paths = {str(path.relative_to(run.path).as_posix()): path for path in sorted(files_below(run.path))}
    left = {*HOME, MANIFEST} | (set() if data else {name for name in paths if name.startswith("data/")})
    kept = {name: path for name, path in paths.items() if _limit(name) and name not in left}
    total = sum(path.stat().st_size for path in kept.values())
    if len(kept) > archive_validation.ENTRIES - 10 or total > LIMIT - 10**6:
        raise UserError(_("The run “{run}” is too large for one file: export it without its data.").format(run=run.id))
    files: dict[str, Any] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
        for name, path in kept.items():
            content = json_bytes(_public_status(run.status)) if name == "status.json" else path.read_bytes()
            files[name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            archive.writestr(_entry(name), content)
        if lines := _use_script(run):
            files[USE] = {"size": len(lines), "sha256": hashlib.sha256(lines).hexdigest()}
            archive.writestr(_entry(USE), lines)
        about = {"format": FORMAT, "version": VERSION, "id": run.id, "exported": time.time(), "files": files}
        about["written_by"] = release()
        archive.writestr(_entry(MANIFEST), json_bytes(about))


def _use_script(run: Run) -> bytes:
    """Return use.py; empty where there is no model or its vocabulary cannot be read."""
    try:
        return use_script(run).encode() if run.usable else b""
    except UserError:
        return b""


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    packed = name.endswith((".keras", ".npz", ".png"))
    entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    return entry


def _public_status(status: Status) -> dict[str, Any]:
    """Return the results in a status, without the host and the process that trained the run."""
    state = status.state if status.state in ("finished", "failed") else "stopped"
    known = {"step", "total", "epoch", "seconds", "throughput", "unit", "loss", "best", "best_metric", "best_step"}
    return {"state": state, **{name: value for name, value in vars(status).items() if name in known}}


# Import ---------------------------------------------------------------------------------------------------------------
def import_bundle(file: Path, directory: str | Path | None = None) -> Run:
    """Import the bundle `file` as a new run. Raises UserError where the policy refuses or any check fails.

    All files are extracted into a hidden folder and validated there; the folder is renamed to a run only if all are
    valid.
    """
    policy.current().check_import()
    parent = runs_dir(directory)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        draft = draft_folder(parent)
        try:
            name = _unpack(Path(file), draft)
            return Run(move_into_place(draft, parent, slug(name)))
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except ForeignFileError as error:
        raise UserError(
            _("“{file}” is not taken as a run: {reason}.").format(file=Path(file).name[:80], reason=error)
        ) from None
    except OSError as error:
        raise UserError(
            _("“{file}” cannot be imported: {reason}.").format(
                file=Path(file).name[:80], reason=error.strerror or error
            )
        ) from None


def _unpack(file: Path, draft: Path) -> str:
    """Validate and extract everything in `file` into `draft`; return the name of the run."""
    deadline, budget = time.monotonic() + SECONDS, contents.Budget(file.stat().st_size)
    with archive_validation.open_archive(file, LIMIT) as archive:
        names = {entry.filename for entry in archive.infolist()}
        manifest = _manifest(archive, file.name)  # first: what a newer format may hold is not known here
        for entry in archive.infolist():
            limit = _limit(entry.filename)
            if not limit:
                raise ForeignFileError(f"it holds {entry.filename!r}, which no run has")
            if entry.file_size > limit:
                raise ForeignFileError(f"{entry.filename!r} is too large")
            budget.spend(entry.filename, entry.file_size)
        contents.check_steps(names)
        files = manifest.get("files")
        if not isinstance(files, dict) or set(files) != names - {MANIFEST}:
            raise ForeignFileError("bundle.json lists other files than the archive holds")
        config = _config(archive, names, file.name)
        for entry in archive.infolist():
            if entry.filename not in (MANIFEST, *HOME, "config.json"):
                archive_validation.extract(archive, entry, draft / entry.filename, deadline)
                _validate_file(draft / entry.filename, entry.filename, manifest, budget)
    contents.check_equal_arrays(draft / "samples")
    config["imported"] = {"at": time.time(), "id": clean_name(str(manifest.get("id", "")))}
    write_json(draft / "config.json", config)
    for item in config["data"]["files"]:
        path = draft / "data" / item["path"]
        if path.exists() and _sha256(path) != item["sha256"]:
            raise ForeignFileError("its data is not what config.json says")
    status = Status.read(draft / "status.json") or Status(state="stopped")
    Status.parse({**_public_status(status), "message": _("It was imported.")}).write(draft / "status.json")  # type: ignore[union-attr]
    return _describe(draft, config)


def _limit(name: str) -> int:
    """Return the largest allowed size of a file with that name in bytes; 0 for an unknown name."""
    return next((limit for pattern, limit in PATTERNS.items() if re.fullmatch(pattern, name)), 0)


def _manifest(archive: zipfile.ZipFile, file: str) -> dict[str, Any]:
    """Return bundle.json. Raises UserError where it is of a newer format, ForeignFileError where it is none."""
    manifest = archive_validation.validated_json(
        archive_validation.read_entry(archive, MANIFEST, PATTERNS[r"bundle\.json"]), MANIFEST
    )
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ForeignFileError("bundle.json does not describe a run")
    _check_format(manifest.get("version"), VERSION, file, manifest.get("written_by"))
    return manifest


def _check_format(found: object, known: int, file: str, written_by: object) -> None:
    """Raise UserError for a format newer than `known`, ForeignFileError for anything else that is not `known`.

    written_by: what the manifest says under that name; it is from outside.
    """
    if type(found) is int and found > known:
        by = written_by.get("hidden-state") if isinstance(written_by, dict) else None
        raise UserError(
            _(
                "“{file}” is of format {found}, from a newer Hidden State ({theirs}); this one, {ours}, reads format "
                "{known}: update it, then import the file again."
            ).format(
                file=file[:80],
                found=found if found < 10**6 else "?",
                theirs=clean_name(by)[:20] if isinstance(by, str) and clean_name(by) else _("version unknown"),
                ours=release()["hidden-state"],
                known=known,
            )
        )
    if type(found) is not int or found != known:
        raise ForeignFileError(f"it is of format {found!r:.20}, which does not exist")


def _config(archive: zipfile.ZipFile, names: set[str], file: str) -> dict[str, Any]:
    raw = archive_validation.validated_json(
        archive_validation.read_entry(archive, "config.json", PATTERNS[r"config\.json"]), "config.json"
    )
    if isinstance(raw, dict) and type(raw.get("schema")) is int and raw["schema"] > SCHEMA:
        _check_format(raw["schema"], SCHEMA, file, None)
    try:
        config = _Config.model_validate(raw)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])[:80] or "it"
        raise ForeignFileError(f"config.json is wrong at {where!r}") from None
    if config.family not in FAMILIES:
        raise ForeignFileError(f"there is no model family {config.family[:40]!r}")
    options = parse_options(FAMILIES[config.family].options, config.options)
    if any(item.role == EARLIER for item in config.data.files) and not FAMILIES[config.family].fine_tunes:
        raise ForeignFileError("its family goes on from no other run")
    listed = {f"data/{item.path}" for item in config.data.files}
    given = {name for name in names if name.startswith("data/")}
    if len(listed) != len(config.data.files) or (given and given != listed):
        raise ForeignFileError("its data files are not those that config.json lists")
    data = config.data.model_dump()
    for item in [data, *data["files"]]:
        item["name"] = archive_validation.one_line(item["name"])
    return {
        "schema": SCHEMA,
        "family": config.family,
        "created": config.created,
        "preset": clean_name(config.preset),
        "options": options.model_dump(mode="json"),
        "data": data,
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _validate_file(path: Path, name: str, manifest: dict[str, Any], budget: contents.Budget) -> None:
    """Validate one extracted file by its type; JSON is rewritten from its parsed value."""
    listed = manifest["files"][name]
    content_hash = listed.get("sha256") if isinstance(listed, dict) else None
    if _sha256(path) != content_hash:
        raise ForeignFileError(f"{name!r} is not what bundle.json says")
    if name.startswith("data/"):
        return  # data files are validated like every upload when the family reads them
    if name.endswith(".json"):
        value = archive_validation.validated_json(path.read_bytes(), name)
        if name == "report.json" and not isinstance(value, dict):
            raise ForeignFileError("report.json is no report")
        write_json(path, value)
    elif name.endswith(".npz"):
        archive_validation.check_npz(path, _limit(name))
        budget.spend_arrays(path, name, _limit(name))
    elif name == "metrics.jsonl":
        if not within_limits(path):
            raise ForeignFileError("metrics.jsonl holds more lines or values than a run has")
    elif name.endswith(".png"):
        archive_validation.check_png(path.read_bytes(), name)
    elif name.endswith(".keras"):
        check_file(path)


def _describe(draft: Path, config: dict[str, Any]) -> str:
    given = Run(draft).about
    name = given.get("name")
    name = (clean_name(name) if isinstance(name, str) else "") or clean_name(config["data"]["name"]) or config["family"]
    note = given.get("note")
    about = {"name": name, "note": note[:NOTE_LIMIT] if isinstance(note, str) else "", "tags": given.get("tags")}
    write_json(draft / "about.json", about | {"tags": clean_tags(about["tags"])})
    return name
