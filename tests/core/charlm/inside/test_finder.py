import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from core.charlm.inside import features, finder
from core.charlm.inside.finder import CellActivity, peaks, record_activity, roc_auc, search_cells
from core.charlm.inside.numpy_network import NumpyNetwork
from core.errors import UserError
from tests.core.charlm.inside.conftest import LETTERS, trained

TEXT = "Abc de. (f gh)\n"


def smooth(rng, *shape, memory=60):
    """Noise that keeps its value for about `memory` characters, like a cell state."""
    noise = rng.normal(size=shape)
    result = np.empty(shape)
    for t in range(shape[1]):
        result[:, t] = noise[:, t] if t == 0 else (1 - 1 / memory) * result[:, t - 1] + noise[:, t] / memory**0.5
    return result


@pytest.fixture(scope="module")
def planted():
    """Thirty cells of smooth noise; cell 7 of layer 2 follows capitals, cell 3 of layer 1 the line, backwards."""
    rng = np.random.default_rng(0)
    symbols = [rng.choice(list("ABcdefgh .\n"), 1500).tolist() for _stretch in range(8)]
    values = smooth(rng, 8, 1500, 30)
    for stretch, row in enumerate(symbols):
        measured = features.compute_features(row)
        values[stretch, :, 22] = measured["capital"] + rng.normal(0, 0.8, 1500)
        values[stretch, :, 3] = -measured["line"] + rng.normal(0, 2, 1500)
    return CellActivity("c", 15, np.arange(8) * 2000, symbols, values.astype(np.float32))


def test_the_planted_cells_are_found_and_confirmed_on_the_other_half(planted):
    found = search_cells(planted)
    best = found.findings["capital"][0]
    assert (best.layer, best.unit) == (2, 7)
    assert best.p == pytest.approx(len(found.findings) / (found.shifts + 1))
    assert best.rho_held_out == pytest.approx(best.rho, abs=0.05)
    assert best.yes - best.no == pytest.approx(1, abs=0.1)
    line = found.findings["line"][0]
    assert (line.layer, line.unit, line.auc) == (1, 3, None)
    assert line.rho < -0.7
    assert line.yes < line.no


def test_the_statistic_is_spearmans_and_the_area_that_of_scikit_learn(planted):
    best = search_cells(planted).findings["capital"][0]
    courses = [
        np.concatenate([features.compute_features(row)["capital"] for row in planted.symbols[half::2]])
        for half in (0, 1)
    ]
    values = [planted.values[half::2, :, 22].ravel() for half in (0, 1)]
    assert best.rho == pytest.approx(spearmanr(values[0], courses[0]).statistic, abs=1e-4)
    assert best.rho_held_out == pytest.approx(spearmanr(values[1], courses[1]).statistic, abs=1e-4)
    assert best.auc == pytest.approx(roc_auc_score(courses[1], values[1]), abs=1e-6)


def test_the_area_counts_equal_values_half():
    values, yes = np.array([1, 1, 2, 2, 3.0]), np.array([0, 1, 1, 0, 1], bool)
    assert roc_auc(values, yes) == pytest.approx(roc_auc_score(yes, values))


def test_cells_that_follow_nothing_are_called_chance():
    """Cells and feature run smoothly: a test that takes every character for evidence finds wonders in each of them."""
    ours, naive = [], []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        course = smooth(rng, 4, 1500, 1, memory=30)[:, :, 0] > 0
        cells = smooth(rng, 4, 1500, 40).astype(np.float32)
        found = search_cells(
            CellActivity("c", 40, np.arange(4), [["A" if yes else "a" for yes in row] for row in course], cells)
        )
        best = found.findings["capital"][0]
        ours.append(best.p)
        naive.append(spearmanr(cells[::2, :, best.unit].ravel(), course[::2].ravel()).pvalue * 40)
    assert max(naive) < 1e-4
    assert np.mean(np.array(ours) <= 0.05) <= 0.2
    assert np.median(ours) > 0.2


def test_features_that_do_not_occur_are_named_and_not_tested(planted):
    found = search_cells(planted)
    assert {"quotes", "brackets", "digit"} <= set(found.absent)
    assert not set(found.absent) & set(found.findings)


def test_chosen_words_are_one_more_feature(planted):
    assert "words" in {*search_cells(planted, ("cd",)).findings, *search_cells(planted, ("cd",)).absent}


def test_a_survey_holds_what_the_network_computes_at_its_places(cell):
    model, config = trained(cell)
    network = NumpyNetwork.from_keras(model, cell)
    text = "".join(np.random.default_rng(1).choice(list(LETTERS.symbols[1:]), 9000))
    ids = LETTERS.encode(text)
    found = record_activity(network, LETTERS, ids, "h")
    assert found.values.shape[2] == 2 * config.units
    for stretch in (0, len(found.starts) - 1):
        begin, L = found.starts[stretch], len(found.symbols[stretch])
        assert "".join(found.symbols[stretch]) == text[begin : begin + L]
        lead = min(finder.WARM, begin)
        state = network.read(ids[None, begin - lead : begin]).state
        for layer in (1, 2):
            theirs = network.read(ids[None, begin : begin + L], state, layer, ("h",)).signals["h"][0]
            columns = slice((layer - 1) * config.units, layer * config.units)
            np.testing.assert_allclose(found.values[stretch, :, columns], theirs, atol=1e-4)
            np.testing.assert_allclose(found.cell(layer, 3)[stretch], theirs[:, 3], atol=1e-4)


def test_a_survey_of_a_short_text_is_refused_in_one_sentence():
    model, _config = trained()
    with pytest.raises(UserError, match="at least 2,000"):
        record_activity(NumpyNetwork.from_keras(model, "lstm"), LETTERS, np.ones(1999, int), "c")
    with pytest.raises(UserError, match="no cell state"):
        record_activity(NumpyNetwork.from_keras(trained("gru")[0], "gru"), LETTERS, np.ones(5000, int), "c")


def test_a_survey_of_the_shortest_text_works():
    found = record_activity(NumpyNetwork.from_keras(trained()[0], "lstm"), LETTERS, np.arange(2000) % 12 + 1, "c")
    assert found.values.shape[:2] == (2, 900)
    assert search_cells(found).shifts > 100


def test_peaks_are_the_extremes_and_lie_apart(planted):
    values = planted.cell(2, 7)
    high, low = peaks(planted, 2, 7, 4), peaks(planted, 2, 7, 4, lowest=True)
    assert high[0][1] == pytest.approx(values.max())
    assert low[0][1] == pytest.approx(values.min())
    assert [value for _place, value in high] == sorted((value for _place, value in high), reverse=True)
    places = sorted(place for place, _value in high)
    assert min(np.diff(places)) >= finder.APART
    stretch, offset = divmod(high[0][0], 2000)
    assert values[stretch, offset] == pytest.approx(high[0][1])
