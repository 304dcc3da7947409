import numpy as np
import pytest

from core.errors import UserError
from core.lab import checks, digits
from core.lab.snippet import literal, printed


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.5367, "0.537"),
        (0.1, "0.1"),
        (-1.0, "-1"),
        (-1e-17, r"-1.00 \cdot 10^{-17}"),
        (0.0, "0"),
        (100.0, "100"),
        (0.00042, r"4.20 \cdot 10^{-4}"),
        (117_625.0, "117625"),
        (2.5e7, r"2.50 \cdot 10^{7}"),
        (float("inf"), r"\infty"),
    ],
)
def test_a_number_shows_three_decimals_or_three_significant_digits(x, text):
    assert digits.tex(x) == text


def test_a_formula_says_whether_rounding_changed_its_result():
    assert digits.equals(0.5) == "= 0.5"
    assert digits.equals(0.53705) == r"\approx 0.537"
    assert digits.equals(1.2345e-5).startswith(r"\approx ")


def test_ties_round_alike_however_they_were_summed():
    assert digits.rounded(0.0625 + 1e-17) == digits.rounded(0.06250000000000003) == 0.062
    assert str(digits.rounded(-1e-12)) == "0.0"


def test_literals_read_back_to_the_same_bits():
    x = np.random.default_rng(0).normal(size=(2, 3))
    assert np.array_equal(eval(literal(x)), x)


def test_printed_lines_are_what_show_gives():
    assert printed(("state", np.array([0.53705, 0.46212])), ("y", 1.56129)) == "state [0.537, 0.462]\ny 1.561\n"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1, 2], [3, float("nan")]], "W, cell 2, 2, is nan"),
        ([[1, 2], [3, float("inf")]], "W, cell 2, 2, is inf"),
        ([[1, 2], [3, 1e9]], "W, cell 2, 2"),
        ([[1, 2], [3, "x"]], "no number"),
        ([[1, 2], [3]], "no number"),
        ([[1, 2]], "W is 1 × 2: it has to be 2 × 2"),
        (5, "W is a single number"),
        ([[None, 2], [3, 4]], "W, cell 1, 1, is nan"),
    ],
)
def test_a_wrong_cell_is_named(values, message):
    with pytest.raises(UserError, match=message):
        checks.array(values, "W", (2, 2))


@pytest.mark.parametrize("value", ["nonsense", None, float("nan"), 11, -1, 2.5])
def test_a_size_must_be_whole_and_in_range(value):
    with pytest.raises(UserError, match="Hidden units"):
        checks.integer(value, "Hidden units", 1, 10)


def test_a_choice_must_be_known():
    with pytest.raises(UserError, match="choose one of max, mean"):
        checks.one_of("median", "Pooling", ["max", "mean"])
