import subprocess
import sys

import pytest

from core.classifier.config import PRESETS, ClassifierConfig, cost, preset
from core.classifier.training.model import build
from core.errors import UserError
from core.schema import parse_options


def test_forms_and_help_need_no_tensorflow():
    code = "import sys, core.classifier.config as c; sys.exit(any(m in sys.modules for m in ('tensorflow', 'pandas')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("sizes", [(30, 5, 2), (7000, 18, 2), (25_000, 230, 2), (400_000, 12, 100)])
def test_presets_are_valid_for_every_table_and_survive_json(name, sizes):
    options = preset(name, *sizes)
    assert parse_options(ClassifierConfig, options.model_dump(mode="json")) == options


def test_pairs_are_for_characters_and_for_many_texts():
    found = {
        (rows, unit): preset("balanced", rows, 20, 2, unit).bigram_buckets
        for rows in (500, 7000, 25_000)
        for unit in (0, 1)
    }
    assert [found[rows, 0] > 0 for rows in (500, 7000, 25_000)] == [False, False, True]
    assert [found[rows, 1] > 0 for rows in (500, 7000, 25_000)] == [False, True, True]


def test_longer_texts_and_better_presets_read_more_tokens():
    lengths = [[preset(name, 7000, median, 2).max_tokens for median in (5, 18, 100, 900)] for name in PRESETS]
    assert all(row == sorted(row) for row in lengths)
    assert all(list(column) == sorted(column) for column in zip(*lengths, strict=True))


def test_an_unknown_preset_lists_the_known_ones():
    with pytest.raises(UserError, match="quick, balanced, best"):
        preset("fast", 100, 10, 2)


def test_the_cost_counts_the_weights_of_the_network():
    options = ClassifierConfig(blocks=3, width=32, vocabulary=10)
    assert cost(options, rows=1000, median_tokens=10, classes=4).parameters == build(options, 10, 4).count_params()
