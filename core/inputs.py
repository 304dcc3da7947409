"""Load the data that a person names on the command line or selects on a page."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from core.errors import UserError
from core.families import Family
from core.file_names import is_junk, natural_key
from core.i18n import _
from core.runs.store import find
from core.sources import EARLIER, Source, read_source

FILES_LIMIT = 100_000


def load_sources(given: Sequence[str], family: Family) -> tuple[list[Source], str]:
    """Return sources and a label for paths, `sample:NAME`, `download:NAME`, or `run:ID` (the data of that run).

    A folder yields all its files, named by their relative path, so that sub-folders can be classes. Raises UserError
    for data that does not exist or is too large.
    """
    limit = family.data.MAX_BYTES
    sources: list[Source] = []
    for item in given:
        if not item.strip():
            raise UserError(_("An empty name is no file: write which file, folder or sample."))
        kind, _colon, name = item.partition(":")
        if kind == "sample":
            sources += _sample(name, family)
        elif kind == "download":
            from core.samples.offers import load_offer

            sources += load_offer(name)
        elif kind == "run":
            sources += [source for source in find(name).sources() if source.role != EARLIER]
        elif Path(item).is_dir():
            sources += _folder(Path(item), limit)
        else:
            sources.append(read_source(item, limit))
    label = given[0].partition(":")[2] if ":" in given[0][:10] else Path(given[0]).stem
    return sources, label if len(given) == 1 else f"{label} +{len(given) - 1}"


def _sample(name: str, family: Family) -> list[Source]:
    from core.samples.registry import SAMPLES, sample

    found = sample(name)
    if SAMPLES[name].family != family.key:
        raise UserError(
            _("The sample “{name}” is for {other}, not for {family}.").format(
                name=name, other=SAMPLES[name].family, family=family.key
            )
        )
    return found


def _folder(folder: Path, limit: int) -> list[Source]:
    sources, size = list[Source](), 0
    for path in _files(folder, {folder.resolve()}):
        size += path.stat().st_size
        if size > limit or len(sources) >= FILES_LIMIT:
            raise UserError(
                _("The folder “{folder}” has more than {count} files or {size:.0f} MB: bring a part of it.").format(
                    folder=folder, count=FILES_LIMIT, size=limit / 1e6
                )
            )
        sources.append(Source(path.relative_to(folder).as_posix(), path.read_bytes()))
    if not sources:
        raise UserError(_("The folder “{folder}” is empty.").format(folder=folder))
    return sources


def _files(folder: Path, above: set[Path]) -> Iterator[Path]:
    """Files below `folder` in natural order, also behind links but never in a circle; without junk and hidden ones."""
    for path in sorted(folder.iterdir(), key=lambda path: natural_key(path.name)):
        if is_junk(path.name):
            continue
        if path.is_file():
            yield path
        elif path.is_dir() and path.resolve() not in above:
            yield from _files(path, above | {path.resolve()})
