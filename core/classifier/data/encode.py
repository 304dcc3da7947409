"""Encode token lists as token numbers, truncated to the network's maximum length."""

from collections.abc import Sequence

import numpy as np

from core.classifier.config import ClassifierConfig
from core.classifier.data.tokenizer import GATHER, UNKNOWN, Vocabulary, kept


def encode(tokens: Sequence[Sequence[str]], vocabulary: Vocabulary, config: ClassifierConfig) -> list[np.ndarray]:
    """Numbers of each text, (T,) int32 with 1 ≤ T ≤ max_tokens (+ 1 where a first token gathers).

    A text without tokens becomes one unknown token.
    """
    first = [GATHER] if config.pooling == "first" else []
    found = []
    for text in tokens:
        stretches = kept(len(text), config.max_tokens, config.truncation)
        numbers = [vocabulary.encode(text[start:stop]) for start, stop in stretches]
        whole = np.concatenate([np.array(first, np.int32), *numbers])
        found.append(whole if len(whole) > len(first) else np.array([*first, UNKNOWN], np.int32))
    return found
