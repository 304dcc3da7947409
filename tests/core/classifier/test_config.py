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
    assert cost(options, rows=1000, median_tokens=10, classes=4).parameters == build(options, 13, 4).count_params()


@pytest.mark.parametrize(("min_count", "tokens"), [(1, 900), (2, 300), (3, 40), (9, 40)])
def test_the_cost_counts_the_tokens_that_there_are_and_not_those_that_texts_usually_have(min_count, tokens):
    options = ClassifierConfig(min_count=min_count, vocabulary=100_000)
    sizes = {"rows": 10, "median_tokens": 2, "classes": 2, "kinds": [900, 300, 40]}
    assert cost(options, **sizes).parameters == build(options, tokens + 3, 2).count_params()


def test_a_batch_is_as_wide_as_its_longest_text():
    options, sizes = ClassifierConfig(max_tokens=1024), {"rows": 1000, "median_tokens": 2, "classes": 2}
    some = [cost(options, **sizes, longest_tokens=longest).activations for longest in (2, 500, 1024, 5000)]
    assert some[0] == cost(options, **sizes).activations
    assert some[0] < some[1] < some[2] == some[3]
