import pytest

from core.csv_safety import escape_formula


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =x", "'  =x"),
        ("\u00a0=x", "'\u00a0=x"),
        ("\ufeff\u200b=x", "'\ufeff\u200b=x"),
        ("\x00=x", "'\x00=x"),
        ("\t=x", "'\t=x"),
        ("\r=x", "'\r=x"),
        ("＝1+1", "'＝1+1"),
        ("-good", "'-good"),
        ("-inf", "'-inf"),
        ("-1_000", "'-1_000"),
        ("-２", "'-２"),
        ("-2+3", "'-2+3"),
        ("-2", "-2"),
        ("-3.5e2", "-3.5e2"),
        ("a=b", "a=b"),
        ("", ""),
        (" ", " "),
        (-2.5, -2.5),
        (None, None),
        ([1, 2], "[1, 2]"),
    ],
)
def test_a_spreadsheet_never_calculates_what_a_stranger_wrote(cell, shown):
    assert escape_formula(cell) == shown
