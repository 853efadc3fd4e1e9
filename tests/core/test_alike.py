"""Failures with the same reason are one reason, with their rows."""

from core.alike import by_reason


def fail(row, message="Closed", **more):
    return {"row": row, "field": "Day", "message": message, "mend": "Reopen"} | more


def test_one_reason_counts_its_rows_and_keeps_the_order():
    first, second = by_reason([fail("line 2"), fail("line 4", "Odd"), fail("line 3"), fail("line 9")])

    assert (first.message, first.count, first.where) == ("Closed", 3, "Lines 2–3, 9")
    assert (second.message, second.count, second.where) == ("Odd", 1, "Line 4")


def test_many_lines_end_with_how_many_more():
    [reason] = by_reason(fail(f"line {number}") for number in range(2, 102, 2))

    assert reason.where == "Lines 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24 and 38 more"


def test_rows_that_are_no_lines_keep_their_names():
    [named] = by_reason([fail("INV-1", url="/1"), fail("INV-2")])
    [nameless] = by_reason([fail("")])

    assert (named.where, named.url, nameless.where) == ("INV-1, INV-2", "/1", "")
