"""One run is one folder. This class is the folder seen from Python; it holds nothing that the folder does not."""

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

SCHEMA = 1
START = "start.npz"  # the weights that a branch begins from
SNAPSHOTS = "snapshots"
NOTE_LIMIT = 10_000
BASELINES_LIMIT = 20


class Run:
    """A run folder. `path.name` is the run's id."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @property
    def id(self) -> str:
        return self.path.name

    # What was asked for -------------------------------------------------------------------------------------------
    @cached_property
    def config(self) -> dict[str, Any]:
        """config.json: family, created, preset, options, data. Raises UserError where it is missing or broken."""
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
        """The options, validated anew. Raises UserError where somebody made nonsense of them."""
        from core.families import family

        return parse_options(family(self.family).options, self.config["options"])

    @property
    def created(self) -> float:
        """Seconds since 1970."""
        value = self.config.get("created")
        return float(value) if is_number(value, NUMBER_LIMIT) else 0.0

    # What people call it -------------------------------------------------------------------------------------------
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
        return note[:NOTE_LIMIT] if isinstance(note, str) else ""

    @property
    def tags(self) -> list[str]:
        return clean_tags(self.about.get("tags"))

    def describe(self, *, name: str | None = None, note: str | None = None, tags: Sequence[str] | None = None) -> None:
        """Change name, note or tags: only what people call the run, nothing that it computes from.

        Raises UserError where the name is empty, something is too long, the run is not theirs, or the folder refuses.
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
            about["note"] = note
        if tags is not None:
            about["tags"] = clean_tags(list(tags))
        try:
            self.write_json("about.json", about)
        except OSError as error:
            raise UserError(
                _("The run “{run}” cannot be described: {reason}.").format(run=self.id, reason=error.strerror or error)
            ) from None

    # What it makes --------------------------------------------------------------------------------------------------
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
        """A JSON object of the run; an empty one where there is none."""
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
    def facts(self) -> dict[str, Any]:
        """What was found when the run began: sizes of the data, parameters, and what its wing adds."""
        return self.read_object("facts.json")

    @property
    def baselines(self) -> list[dict[str, Any]]:
        """What the run is to be measured against: a `name`, a `label` and a finite `value` each."""
        content = self.read_json("baselines.json")
        sound = [item for item in content if isinstance(item, dict)] if isinstance(content, list) else []
        return [
            {key: clean_name(str(item.get(key, ""))) for key in ("name", "label")} | {"value": float(item["value"])}
            for item in sound[:BASELINES_LIMIT]
            if is_number(item.get("value"))
        ]

    def sample_steps(self) -> list[int]:
        """The steps at which samples were kept, in order."""
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
        """The input as given. Raises UserError where a file is missing or no longer what it was."""
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

    # What it is doing -----------------------------------------------------------------------------------------------
    @property
    def status(self) -> Status:
        """The last word of the run; "died" where its process is gone, "broken" where its config.json says nothing."""
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
        """Ask the training process to end after its present steps; it keeps what it has learned."""
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
        """Is there a trained model to use?"""
        return self.model_path.exists()

    def weights_stamp(self) -> tuple[int, int]:
        """Changes with the model, and with the answers that calibrate a classifier, which come later (before: 0).

        Raises OSError where there is no model.
        """
        answers = self.path / "predictions.npz"
        return self.model_path.stat().st_mtime_ns, answers.stat().st_mtime_ns if answers.exists() else 0

    def size(self) -> int:
        """Bytes on the disk."""
        total = 0
        for path in files_below(self.path):
            with suppress(OSError):
                total += path.stat().st_size
        return total

    def age(self) -> float:
        """Seconds since the run was created."""
        return max(0.0, time.time() - self.created)


def files_below(folder: Path) -> Iterator[Path]:
    """All files, also where folders come and go meanwhile, on which Path.rglob would break off."""
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
