"""What a run keeps of the run that it goes on from: the vocabulary, and the validation part of the earlier text."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.charlm.data.vocabulary import MAX_SYMBOLS, Vocabulary
from core.errors import UserError
from core.i18n import _
from core.runs.names import clean_name
from core.sources import EARLIER, Source


@dataclass(frozen=True)
class Earlier:
    """run: the earlier run's name; validation: ids (v,) of its validation part, None where its data was gone."""

    run: str
    vocabulary: Vocabulary
    validation: np.ndarray | None

    @classmethod
    def of(cls, sources: Sequence[Source]) -> "Earlier | None":
        """Return what is kept among `sources`, None for a run that began anew. Raises UserError for a damaged file."""
        kept = next((source for source in sources if source.role == EARLIER), None)
        if kept is None:
            return None
        try:
            value = json.loads(kept.data)
        except (ValueError, RecursionError):
            value = None
        vocabulary = Vocabulary.from_json(value)
        text = value.get("validation")
        ids = vocabulary.encode(text) if isinstance(text, str) else None
        return cls(clean_name(str(value.get("run", ""))), vocabulary, ids if ids is not None and len(ids) > 1 else None)

    def extended(self, vocabulary: Vocabulary, notes: list[str]) -> Vocabulary:
        """Return the earlier vocabulary with the symbols that only `vocabulary` holds behind it."""
        known = set(self.vocabulary.symbols)
        new = [symbol for symbol in vocabulary.symbols if symbol not in known]
        if len(known) + len(new) > MAX_SYMBOLS + 1:
            text = _("Together with those of “{run}” the text has {count:,} characters, more than {limit:,}.")
            raise UserError(text.format(run=self.run, count=len(known) + len(new) - 1, limit=MAX_SYMBOLS))
        text = _("The vocabulary of “{run}” goes on: {kept:,} characters kept, {new:,} new.")
        notes.append(text.format(run=self.run, kept=len(known) - 1, new=len(new)))
        return Vocabulary((*self.vocabulary.symbols, *new))
