"""The downloadable data sets of each family, and their conversion into the formats that the family reads."""

import csv
import gzip
import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.errors import UserError
from core.i18n import _
from core.samples.download import DOWNLOADS, fetch
from core.sources import Source

Progress = Callable[[int, int], None]
REVIEW_LIMIT = 100_000  # bytes of one review


@dataclass(frozen=True)
class Offer:
    """One data set: its downloads, and the function that converts them into sources."""

    family: str
    title: str
    parts: tuple[str, ...]
    join: Callable[[list[Source]], list[Source]]

    @property
    def what(self) -> str:
        return DOWNLOADS[self.parts[0]].what

    @property
    def licence(self) -> str:
        return DOWNLOADS[self.parts[0]].licence

    @property
    def size(self) -> int:
        return sum(DOWNLOADS[part].size for part in self.parts)


def load_offer(name: str, progress: Progress | None = None) -> list[Source]:
    """Return the sources of the offer `name`, downloading what is not cached. Raises UserError as fetch() does."""
    if name not in OFFERS:
        message = _("There is no download “{name}”: choose one of {names}.")
        raise UserError(message.format(name=name, names=", ".join(OFFERS)))
    offer, done = OFFERS[name], 0
    sources = []
    for part in offer.parts:
        before = done
        tell = None if progress is None else (lambda got, _size, before=before: progress(before + got, offer.size))
        sources.append(fetch(part, tell))
        done += DOWNLOADS[part].size
    return offer.join(sources)


def _unchanged(sources: list[Source]) -> list[Source]:
    return sources


def _fashion(sources: list[Source]) -> list[Source]:
    """Convert the IDX files (header of big-endian sizes, then uint8 values) to one .npz with Keras' names."""
    arrays = {}
    for key, source in zip(("x_train", "y_train", "x_test", "y_test"), sources, strict=True):
        raw = gzip.decompress(source.data)
        rank = raw[3]
        shape = tuple(int.from_bytes(raw[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(rank))
        arrays[key] = np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return [Source("fashion-mnist.npz", buffer.getvalue())]


def _imdb(sources: list[Source]) -> list[Source]:
    """Convert the archive's labelled reviews to two CSV tables, for training and for testing."""
    tables = {"train": io.StringIO(), "test": io.StringIO()}
    writers = {part: csv.writer(table) for part, table in tables.items()}
    for writer in writers.values():
        writer.writerow(["text", "label"])
    with tarfile.open(fileobj=io.BytesIO(sources[0].data), mode="r:gz") as archive:
        for member in archive:
            place = member.name.split("/")
            if len(place) == 4 and place[1] in tables and place[2] in ("pos", "neg") and member.isfile():
                file = archive.extractfile(member)
                if file is not None:
                    text = file.read(REVIEW_LIMIT).decode("utf-8", "replace").replace("<br />", "\n")
                    writers[place[1]].writerow([text, place[2]])
    return [Source(f"imdb-{part}.csv", table.getvalue().encode(), part) for part, table in tables.items()]


OFFERS = {
    "tinyshakespeare": Offer("charlm", "Tiny Shakespeare", ("tinyshakespeare",), _unchanged),
    "imdb": Offer("classifier", "IMDB", ("imdb",), _imdb),
    "mnist": Offer("gan", "MNIST", ("mnist",), _unchanged),
    "fashion-mnist": Offer(
        "gan",
        "Fashion-MNIST",
        tuple(f"fashion-mnist-{part}-{kind}" for part in ("train", "test") for kind in ("images", "labels")),
        _fashion,
    ),
}
