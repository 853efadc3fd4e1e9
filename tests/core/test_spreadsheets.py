"""XLSX files: what goes in comes out, nothing is computed, and a long list is never held whole."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.spreadsheets import workbook
from tests.sheets import sheet


def made(head, rows, **options):
    return sheet(b"".join(workbook(head, rows, **options)))


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_text_comes_back_or_loses_only_what_xml_cannot_hold(text):
    [_head, [found]] = made(["a"], [[text]])

    wanted = "".join(one if one in "\t\n\r" or ord(one) >= 32 else "\ufffd" for one in text)
    assert found == wanted.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "_x0041_", "&lt;<b>", "]]>", " a "]
)
def test_what_looks_like_a_formula_or_markup_is_a_text(text):
    assert made(["a"], [[text]])[1] == [text]


def test_numbers_days_and_nothing_keep_their_kind():
    row = [Decimal("-1190.50"), 7, date(2026, 11, 16), None, "", Decimal("0.00"), date(1900, 3, 1)]

    assert made(list("abcdefg"), [row])[1] == [
        Decimal("-1190.50"), 7, date(2026, 11, 16), None, None, Decimal(0), date(1900, 3, 1),
    ]  # fmt: skip


def test_a_number_a_spreadsheet_would_change_is_a_text():
    long = Decimal("123456789012345678.90")

    assert made(["a"], [[long], [10**16]])[1:] == [["123456789012345678.90"], [str(10**16)]]


def test_it_leaves_row_by_row_and_ends_where_it_must():
    asked = 0

    def rows():
        nonlocal asked
        for number in range(100_000):
            asked += 1
            yield [number, "x" * 80]

    pieces = workbook(["n", "text"], rows(), most=50_000)
    next(pieces)

    assert asked < 5_000, "it read far ahead of what it sent"
    rest = b"".join(pieces)
    assert asked == 50_001
    assert len(rest) > 10_000


def test_a_cut_list_says_so():
    assert made(["n"], [[1], [2], [3]], most=2)[1:] == [
        [1], [2], ["Only the first 2 rows are in this file; narrow the list."],
    ]  # fmt: skip
