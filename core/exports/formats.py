"""The table of export formats."""

import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from core.errors import UserError
from core.families import FAMILIES
from core.i18n import N_, _
from core.runs.run import Run

Writer = Callable[[Run, Path], list[str]]


@dataclass(frozen=True)
class Written:
    """What export() wrote: the file or folder, the names of the files in it, and their size in bytes."""

    path: Path
    files: list[str]
    size: int


@dataclass(frozen=True)
class Format:
    """One row. `writer` is `module:function`, which writes a run to a path and returns the names of its files."""

    title: str  # on the page, marked for translation as is `label`
    label: str
    suffix: str  # of the file; "" for a folder
    writer: str
    part: str = ""  # the module of a family that it needs; "": every family has it
    model: bool = True  # whether it needs a trained model

    def check(self, run: Run) -> None:
        """Raise a UserError where `run` has not trained as far as this format needs."""
        run.options  # noqa: B018  # raises for a damaged run
        if self.model:
            run.check_usable()

    def file_name(self, run: Run, name: str) -> str:
        """What the file or folder is called where nobody names it; `name`: of the format."""
        return f"{run.id}{self.suffix}" if self.suffix else f"{run.id}-{name}"

    def write(self, run: Run, path: Path) -> list[str]:
        module, name = self.writer.split(":")
        writer: Writer = getattr(import_module(module), name)
        return writer(run, path)


FORMATS: Mapping[str, Format] = {
    "zip": Format(
        N_("The run as one file"),
        N_("Options, model, report and samples; the Runs page of another machine reads it."),
        ".zip",
        "core.exports.formats:_bundle",
        model=False,
    ),
    "program": Format(
        N_("A program of its own"),
        N_("Trains this very network on this data in plain Keras, without the studio."),
        "",
        "core.bundles.program:write_script",
        model=False,
    ),
    "page": Format(
        N_("One page that works offline"),
        N_("The trained network in one HTML file: it opens in any browser, without Python and without a network."),
        ".html",
        "core.exports.page:write",
        part="exports.page",
    ),
    "hub": Format(
        N_("A folder for a model hub"),
        N_("The model, a model card with its figures and how they were measured, and a few lines that use it."),
        "",
        "core.exports.hub:write",
        part="card",
    ),
    "tensorboard": Format(
        N_("Curves for TensorBoard"),
        N_("Event files with all figures and samples of the training: `tensorboard --logdir FOLDER` shows them."),
        "",
        "core.exports.tensorboard:write",
        model=False,
    ),
}


def formats_of(family: str) -> dict[str, Format]:
    """The formats that runs of `family` can be exported as, by name."""
    return {name: row for name, row in FORMATS.items() if not row.part or FAMILIES[family].has(row.part)}


def export(run: Run, name: str, path: Path | None = None) -> Written:
    """Write `run` as `name` to `path`; without one, into the current folder under the run's id.

    A file that is there is replaced once the new one is complete; a folder must be new or empty. Raises UserError for
    a format that the family lacks, a run without what the format needs, and a path that cannot be written.
    """
    known = formats_of(run.family)
    if name not in known:
        raise UserError(
            _("A run of the family “{family}” cannot be exported as “{name}”: choose from {names}.").format(
                family=run.family, name=name, names=", ".join(known)
            )
        )
    row = known[name]
    target = path or Path(row.file_name(run, name))
    if row.suffix and target.is_dir():
        raise UserError(
            _("“{path}” is a folder: name a file that ends in {suffix}.").format(path=target, suffix=row.suffix)
        )
    if not row.suffix and target.exists() and not target.is_dir():
        raise UserError(_("“{path}” is a file: name a new folder.").format(path=target))
    row.check(run)
    files = row.write(run, target)
    paths = [target] if row.suffix else [target / file for file in files]
    return Written(target, files, sum(item.stat().st_size for item in paths))


def packed(run: Run, name: str) -> bytes:
    """The content of a download: the file, or a zip of the folder. Raises UserError as export() does."""
    with tempfile.TemporaryDirectory() as folder:
        written = export(run, name, Path(folder) / FORMATS[name].file_name(run, name))
        if FORMATS[name].suffix:
            return written.path.read_bytes()
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in written.files:
                archive.write(written.path / file, file)
        return out.getvalue()


def _bundle(run: Run, path: Path) -> list[str]:
    from core.bundles.bundle import export

    export(run, path)
    return [path.name]
