"""What a page asks of a table before training: its columns, and the report under a preset."""

from collections.abc import Sequence
from typing import Any

from core.classifier.config import ClassifierConfig, preset
from core.classifier.data.columns import guess_columns
from core.classifier.data.prepare import Report, prepare, sizes
from core.classifier.data.rows import read_role
from core.classifier.data.table import Header
from core.errors import UserError
from core.schema import merged
from core.sources import Source


def columns(sources: Sequence[Source], header: Header, sheet: str) -> tuple[list[str], str, str, str]:
    """All columns of the table to learn from, the guessed text and label column, and the reason where there is no
    guess. Raises UserError."""
    table = read_role(sources, "train", header, sheet)[0][0]
    try:
        return table.columns, *guess_columns(table), ""
    except UserError as error:
        return table.columns, "", "", str(error)


def examine(
    sources: Sequence[Source], chosen: str, reading: ClassifierConfig, given: list[str]
) -> tuple[Report, dict[str, Any]]:
    """The report under the preset `chosen`, and the arguments of preset(). Raises UserError for unusable data.

    given: names of the options of `reading` that stand above the preset's.
    """
    known = sizes(sources, reading)
    config = merged(preset(chosen, **known), {name: getattr(reading, name) for name in given})
    assert isinstance(config, ClassifierConfig)
    return prepare(sources, config).report, known
