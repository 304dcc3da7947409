"""The embedded samples by name: data sets for a first training without any data of one's own."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import UserError
from core.i18n import N_, _, translated_fields
from core.sources import Source

HERE = Path(__file__).resolve().parent
NOTES_SENTENCE = "这是一个示例文本。LSTM将学会预测下一个字符。"
CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Demo:
    """The trained run that ships for a sample: its id, its changes to the preset quick, and whether its weight
    snapshots are shipped too, for the screens that show weights over time."""

    run: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    snapshots: bool = False


@translated_fields("title", "description", "licence")
@dataclass(frozen=True)
class Sample:
    """One embedded sample: its family, title, description, language and licence.

    language: language tags separated by commas, empty for images. load: returns the sources. demo: the trained run that
    ships for this sample.
    """

    name: str
    family: str
    title: str
    description: str
    language: str
    licence: str
    load: Callable[[], list[Source]]
    demo: Demo | None = None


def sample(name: str) -> list[Source]:
    """Return the sources of that sample. Raises UserError that lists the known samples."""
    if name not in SAMPLES:
        raise UserError(
            _("There is no sample “{name}”; there are: {known}.").format(name=name, known=", ".join(SAMPLES))
        )
    return SAMPLES[name].load()


def sample_names(family: str | None = None) -> list[str]:
    """Return the names of a family's samples, or of all; the default sample comes first."""
    return [name for name, one in SAMPLES.items() if family in (None, one.family)]


def _text(name: str) -> list[Source]:
    return [Source(name, (HERE / "text" / name).read_bytes())]


def _notes() -> list[Source]:
    return [Source("notes.txt", NOTES_SENTENCE.encode())]


def _reviews(name: str, chinese: bool | None = None) -> list[Source]:
    """Return the table of reviews, or only its rows with (True) or without (False) Chinese characters, in order."""
    data = (HERE / "reviews" / "reviews.csv").read_bytes()
    if chinese is None:
        return [Source(name, data)]
    header, *rows = csv.reader(io.StringIO(data.decode()))
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(row for row in rows if bool(CHINESE.search(row[0])) is chinese)
    return [Source(name, table.getvalue().encode())]


def _digits() -> list[Source]:
    """Return 1,797 handwritten digits: x_train (1797, 8, 8) uint8 from 0 (paper) to 16 (ink), y_train (1797,) uint8."""
    from core.scikit import load_digits

    digits = load_digits()
    file = io.BytesIO()
    # Uncompressed: the bytes, and with them the recorded sha256, must not depend on the zlib that is installed.
    np.savez(file, x_train=digits.images.astype(np.uint8), y_train=digits.target.astype(np.uint8))
    return [Source("digits.npz", file.getvalue())]


_OWN = N_("Written for this project.")

SAMPLES: dict[str, Sample] = {
    one.name: one
    for one in (
        Sample(
            "lighthouse",
            "charlm",
            N_("The Light at Marrow Point"),
            N_("Eight tales of a lighthouse, told by the girl who counted its stairs: 51,000 characters."),
            "en",
            _OWN,
            partial(_text, "lighthouse.txt"),
            Demo(
                "demo-lighthouse",
                {
                    "seconds": None,
                    "steps": 4000,
                    "units": 160,
                    "dropout": 0.4,
                    "weight_dropout": 0.4,
                    "sample_prompt": "The lamp ",
                },
                snapshots=True,
            ),
        ),
        Sample(
            "ferry",
            "charlm",
            N_("The ferry at Pear Blossom Crossing"),
            N_("A year at a river crossing in short pieces and poems, in Chinese: 4,900 characters."),
            "zh",
            _OWN,
            partial(_text, "ferry.txt"),
        ),
        Sample(
            "notes",
            "charlm",
            N_("The notes' own sentence"),
            N_("24 characters: too few to learn writing from, and that is worth seeing."),
            "zh",
            N_("The example of the source notes."),
            _notes,
        ),
        Sample(
            "reviews",
            "classifier",
            N_("Small reviews"),
            N_("1,200 reviews of everyday things in English and Chinese, half positive and half negative."),
            "en, zh",
            _OWN,
            partial(_reviews, "reviews.csv"),
            Demo("demo-reviews"),
        ),
        Sample(
            "reviews-english",
            "classifier",
            N_("Small reviews, English"),
            N_("The 600 English ones."),
            "en",
            _OWN,
            partial(_reviews, "reviews-english.csv", chinese=False),
        ),
        Sample(
            "reviews-chinese",
            "classifier",
            N_("Small reviews, Chinese"),
            N_("The 600 Chinese ones."),
            "zh",
            _OWN,
            partial(_reviews, "reviews-chinese.csv", chinese=True),
        ),
        Sample(
            "digits",
            "gan",
            N_("Handwritten digits"),
            N_("1,797 real digits of 8×8 points, about 180 of each, with their labels."),
            "",
            N_("E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, CC BY 4.0; with scikit-learn."),
            _digits,
            Demo("demo-digits", {"seconds": None, "steps": 3000, "generator": "128-256", "discriminator": "256-128"}),
        ),
    )
}
