import numpy as np
import pytest

from core.errors import UserError
from core.lab.concept import CONCEPTS, MODULES
from ui.learn import figures as draw
from ui.learn.concept_map import concept_map, places
from ui.learn.inputs import cells, decode, encode
from ui.learn.matrix_panels import starts
from ui.learn.page import split


def test_a_formula_is_split_at_wide_spaces_outside_of_everything():
    assert split(r"a = b \qquad c = d") == ["a = b", "c = d"]
    inside = r"\begin{aligned} a &= 1, \qquad b \\ c &= \left( x \qquad y \right) \end{aligned}"
    assert split(inside) == [inside]
    assert split(r"w \leftarrow w \qquad b \rightarrow b \qquad \{ x \}") == [
        r"w \leftarrow w",
        r"b \rightarrow b",
        r"\{ x \}",
    ]
    assert split(r"\frac{a \qquad b}{c}") == [r"\frac{a \qquad b}{c}"]


def test_no_concepts_formula_is_torn():
    for key in MODULES:
        try:
            formula = CONCEPTS[key].formula
        except ModuleNotFoundError:
            continue
        for part in split(formula):
            assert part.count("{") == part.count("}"), key
            assert part.count(r"\begin") == part.count(r"\end"), key


@pytest.mark.parametrize("table", [[[1, 2.5], [-3, 0.1]], [[1e-7]], [[0.1, 1 / 3, 12345.678]]])
def test_a_table_in_the_address_reads_back(table):
    values = np.asarray(table, float)
    columns = [str(n) for n in range(values.shape[1])]
    assert np.allclose(decode(encode(values), columns, None, 1e6, len(values)), values, rtol=1e-11)


@pytest.mark.parametrize("text", ["", "1", "1,2;3", "nan,1", "inf,1", "1e9,1", "a,b", "1,2,3", "1,2;" * 41, ";"])
def test_a_table_that_is_none_is_refused(text):
    with pytest.raises(UserError):
        decode(text, ["one", "two"], None, 100, None)


def test_a_table_of_another_size_is_refused():
    with pytest.raises(UserError, match="is 2 × 2: it has to be 1 × 2"):
        decode("1,2;3,4", ["one", "two"], None, 100, 1)
    assert decode("1,2;3,4", ["one", "two"], None, 100, None).tolist() == [[1, 2], [3, 4]]


def test_a_wrong_cell_is_called_by_its_row_and_column():
    with pytest.raises(UserError, match="W, row b, column two is 'x'"):
        cells([["1", "2"], ["3", "x"]], ["one", "two"], ["a", "b"], "W", 100)
    with pytest.raises(UserError, match="row 1, column one is empty"):
        cells([[None, "2"]], ["one", "two"], None, "W", 100)
    with pytest.raises(UserError, match="address, row b, column two is 'x'"):
        decode("1,2;3,x", ["one", "two"], ["a", "b"], 100, 2)
    assert cells([["-1e1", " 2 "]], ["one", "two"], None, "W", 100).tolist() == [[-10, 2]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (0.5, "0.5"),
        (-1.23456, "−1.235"),
        (1e-7, "1e−7"),
        (-3.2e-12, "−3e−12"),
        (12345.6, "1.23e+04"),
    ],
)
def test_numbers_in_little_room(value, text):
    assert draw.format_number(value) == text


def test_the_half_plane_is_cut_where_the_sum_is_zero():
    cut = draw._clipped([1, 1], -1, (0, 0), (1, 1))
    assert set(cut) == {(0, 1), (1, 0), (1, 1)}

    assert draw._clipped([1, 0], -5, (0, 0), (1, 1)) == []
    whole = draw._clipped([1, 0], 5, (0, 0), (1, 1))
    assert sorted(whole) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_both_halves_together_are_the_whole_box():
    def area(corners):
        x, y = np.array(corners).T
        return 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))

    draws = np.random.default_rng(0).normal(size=(50, 3))
    for w1, w2, b in draws:
        parts = [draw._clipped([s * w1, s * w2], s * b, (-1, -1), (2, 1)) for s in (1, -1)]
        assert sum(area(part) for part in parts if len(part) > 2) == pytest.approx(6)


def test_matrices_stand_side_by_side():
    assert starts([np.zeros((2, 3)), np.zeros((5, 1)), np.zeros((1, 4))]) == [0, 4, 6]


def test_on_the_map_everything_stands_below_what_it_needs():
    concepts = {key: CONCEPTS[key] for key in ("perceptron", "backpropagation", "activations", "losses", "rnn")}
    where = places(concepts)
    for key, concept in concepts.items():
        for before in concept.prerequisites:
            assert where[before][1] > where[key][1]
    assert len(set(where.values())) == len(where)
    chart = concept_map(concepts, dict.fromkeys(concepts, "A title"), {"rnn"})
    assert len(chart.layout.annotations) == 4  # what an arrow through another concept says needs no arrow of its own
