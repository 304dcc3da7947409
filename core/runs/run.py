"""Access to one run folder from Python. All state is in the folder; the object caches only config.json."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.i18n import _
from core.runs import policy
from core.runs.files import is_number, read_json, write_json
from core.runs.metrics import read_metrics
from core.runs.names import clean_name, clean_tags
from core.runs.status import NUMBER_LIMIT, Status, is_alive
from core.schema import Options, parse_options
from core.sources import Source
from core.well_formed import well_formed

SCHEMA = 1
START = "start.npz"  # the weights that a branch starts from
SNAPSHOTS = "snapshots"
NOTE_LIMIT = 10_000
BASELINES_LIMIT = 20
REPORT_NOTES, REPORT_NOTE_LIMIT = 20, 1000  # of report.json: how many, and characters of each


class Run:
    """A run folder. `path.name` is the run's id."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @property
    def id(self) -> str:
        return self.path.name

    # Configuration ------------------------------------------------------------------------------------------------
    @cached_property
    def config(self) -> dict[str, Any]:
        """config.json: family, created, preset, options, data. Raises UserError where it is missing or invalid."""
        content = read_json(self.path / "config.json")
        data = content.get("data") if isinstance(content, dict) else None
        sound = (
            isinstance(content, dict)
            and content.get("schema") == SCHEMA
            and isinstance(content.get("family"), str)
            and isinstance(content.get("options"), dict)
            and isinstance(data, dict)
            and isinstance(data.get("files"), list)
            and all(isinstance(item, dict) for item in data["files"])
        )
        if not sound:
            raise UserError(
                _("The run “{run}” has no readable config.json: its folder was damaged or changed by hand.").format(
                    run=self.id
                )
            )
        return content

    @property
    def family(self) -> str:
        return self.config["family"]

    @cached_property
    def options(self) -> Options:
        """The validated options. Raises UserError where config.json holds invalid ones."""
        from core.families import family

        return parse_options(family(self.family).options, self.config["options"])

    @property
    def created(self) -> float:
        """Seconds since 1970."""
        value = self.config.get("created")
        return float(value) if is_number(value, NUMBER_LIMIT) else 0.0

    # Name, note and tags -------------------------------------------------------------------------------------------
    @property
    def about(self) -> dict[str, Any]:
        return self.read_object("about.json")

    @property
    def name(self) -> str:
        name = self.about.get("name")
        return (clean_name(name) if isinstance(name, str) else "") or self.id

    @property
    def note(self) -> str:
        note = self.about.get("note")
        return well_formed(note[:NOTE_LIMIT]) if isinstance(note, str) else ""

    @property
    def tags(self) -> list[str]:
        return clean_tags(self.about.get("tags"))

    def describe(self, *, name: str | None = None, note: str | None = None, tags: Sequence[str] | None = None) -> None:
        """Change name, note or tags, which have no influence on the training.

        Raises UserError where the name is empty, the note is too long, the current user may not change the run, or the
        folder is not writable.
        """
        policy.current().check_change(self.path)
        about: dict[str, Any] = {"name": self.name, "note": self.note, "tags": self.tags}
        if name is not None:
            if not clean_name(name):
                raise UserError(_("A run needs a name with at least one visible character."))
            about["name"] = clean_name(name)
        if note is not None:
            if len(note) > NOTE_LIMIT:
                raise UserError(_("A note holds at most {limit:,} characters.").format(limit=NOTE_LIMIT))
            about["note"] = well_formed(note)
        if tags is not None:
            about["tags"] = clean_tags(list(tags))
        try:
            self.write_json("about.json", about)
        except OSError as error:
            raise UserError(
                _("The run “{run}” cannot be described: {reason}.").format(run=self.id, reason=error.strerror or error)
            ) from None

    # Files that training writes ------------------------------------------------------------------------------------
    @property
    def model_path(self) -> Path:
        return self.path / "model.keras"

    @property
    def checkpoint_path(self) -> Path:
        return self.path / "checkpoint"

    @property
    def samples_path(self) -> Path:
        return self.path / "samples"

    @property
    def metrics_path(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def log_path(self) -> Path:
        return self.path / "log.txt"

    def read_json(self, name: str) -> Any:
        return read_json(self.path / name)

    def read_object(self, name: str) -> dict[str, Any]:
        """Return a JSON object of the run folder, or {} where the file is missing or holds no object."""
        content = self.read_json(name)
        return content if isinstance(content, dict) else {}

    def write_json(self, name: str, value: Any) -> None:
        write_json(self.path / name, value)

    def metrics(self) -> list[dict[str, Any]]:
        return read_metrics(self.metrics_path)

    @property
    def report(self) -> dict[str, Any]:
        return self.read_object("report.json")

    @property
    def report_notes(self) -> list[str]:
        """The sentences of report.json; what is none, or too many of them, is left out."""
        notes = self.report.get("notes")
        texts = [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []
        return [well_formed(note[:REPORT_NOTE_LIMIT]) for note in texts[:REPORT_NOTES]]

    @property
    def facts(self) -> dict[str, Any]:
        """facts.json, written when training starts: sizes of the data, parameters, and facts that the family adds."""
        return self.read_object("facts.json")

    @property
    def baselines(self) -> list[dict[str, Any]]:
        """Reference values for the run's figures: `name`, `label`, the `metric` it is compared by, a finite `value`."""
        content = self.read_json("baselines.json")
        sound = [item for item in content if isinstance(item, dict)] if isinstance(content, list) else []
        return [
            {key: clean_name(str(item.get(key, ""))) for key in ("name", "label", "metric")}
            | {"value": float(item["value"])}
            for item in sound[:BASELINES_LIMIT]
            if is_number(item.get("value"))
        ]

    def sample_steps(self) -> list[int]:
        """Return the steps at which samples were kept, in order."""
        names = (path.name for path in self.samples_path.glob("step-*") if path.is_dir())
        return sorted(int(name[5:]) for name in names if name[5:].isdigit())

    def sample(self, step: int, name: str) -> bytes | None:
        try:
            return (self.samples_path / f"step-{step:08d}" / name).read_bytes()
        except OSError:
            return None

    def sample_files(self, step: int) -> list[str]:
        """The names of the files of that step's sample, in order; empty where there is none."""
        folder = self.samples_path / f"step-{step:08d}"
        return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []

    def sources(self) -> list[Source]:
        """Return the input files. Raises UserError where one is missing or its SHA-256 has changed."""
        found = []
        for item in self.config["data"]["files"]:
            name, stored = str(item.get("name")), str(item.get("path"))
            path = self.path / "data" / Path(stored).name
            try:
                source = Source(name, path.read_bytes(), str(item.get("role", "train")))
            except OSError:
                raise UserError(
                    _("The data file “{name}” of the run “{run}” is gone: start a new run with it.").format(
                        name=name, run=self.id
                    )
                ) from None
            if source.sha256 != item.get("sha256"):
                raise UserError(
                    _(
                        "The data file “{name}” of the run “{run}” was changed since the run began: start a new run."
                    ).format(name=name, run=self.id)
                )
            found.append(source)
        return found

    # State ----------------------------------------------------------------------------------------------------------
    @property
    def status(self) -> Status:
        """The current status: "died" where the training process is gone, "broken" where config.json is invalid."""
        status = Status.read(self.path / "status.json")
        if status is None:
            status = Status(state="died", error=_("status.json is missing or damaged: the last checkpoint is there."))
        elif status.active:
            if is_alive(status):
                return status
            status.state = "died"
            status.error = status.error or _("The training process is gone without a word; see its log.")
        try:
            self.config  # noqa: B018
        except UserError as error:
            status.state, status.error = "broken", str(error)
        return status

    @property
    def active(self) -> bool:
        return self.status.active

    def request_stop(self) -> None:
        """Create the stop file: the training process ends after its current steps and saves its state."""
        (self.path / "stop").touch()

    def stop_requested(self) -> bool:
        return (self.path / "stop").exists()

    def clear_stop(self) -> None:
        (self.path / "stop").unlink(missing_ok=True)

    @property
    def has_checkpoint(self) -> bool:
        return any(self.checkpoint_path.glob("step-*.npz"))

    @property
    def usable(self) -> bool:
        """Whether there is a trained model."""
        return self.model_path.exists()

    def check_usable(self) -> None:
        """Raise a UserError where there is no trained model."""
        if not self.usable:
            text = _("There is no trained model in “{folder}” yet: let it train a little.")
            raise UserError(text.format(folder=self.id))

    def weights_stamp(self) -> tuple[int, int]:
        """Return the modification times (ns) of the model and of predictions.npz, for use as a cache key.

        predictions.npz calibrates a classifier and is written after the model; 0 stands for a missing one. Raises
        OSError where there is no model.
        """
        answers = self.path / "predictions.npz"
        return self.model_path.stat().st_mtime_ns, answers.stat().st_mtime_ns if answers.exists() else 0

    def size(self) -> int:
        """Return the size on the disk in bytes."""
        total = 0
        for path in files_below(self.path):
            with suppress(OSError):
                total += path.stat().st_size
        return total


def files_below(folder: Path) -> Iterator[Path]:
    """Yield all files below `folder`; unlike Path.rglob() it tolerates folders that are deleted meanwhile."""
    for parent, _folders, names in os.walk(folder):
        yield from (Path(parent, name) for name in names)


def new_config(
    family: str, preset: str, options: Options, files: Sequence[Mapping[str, Any]], label: str
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "family": family,
        "created": time.time(),
        "preset": preset,
        "options": options.model_dump(mode="json"),
        "data": {"name": label, "size": sum(int(item["size"]) for item in files), "files": list(files)},
    }
