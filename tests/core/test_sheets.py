"""Reading a file somebody sends: what it is written in, and what cannot be read."""

import pytest

from core import sheets
from core.cells import guess_day_order, guess_decimal
from core.errors import Invalid
from integrations.receivables import guess_columns


def file(tmp_path, content):
    path = tmp_path / "given.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("cp1252", "cp1252"), ("utf-16", "utf-16")],
)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encoding_and_separator_are_found(tmp_path, encoding, found, separator):
    text = separator.join(["Nummer", "Kunde"]) + "\n" + separator.join(["1", "Löwenbrück"]) + "\n"
    sheet = sheets.open_sheet(file(tmp_path, text.encode(encoding)))

    assert (sheet.encoding, sheet.separator, sheet.columns) == (found, separator, ("Nummer", "Kunde"))
    assert list(sheets.rows_of(sheet)) == [(2, ["1", "Löwenbrück"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n3,\x00\n", "Line 3: The text holds zero bytes"),
        (b"one column\n1\n", "Line 1: The first line does not name columns"),
        (b"a,a\n1,2\n", "Two columns are called"),
        ("a,b\nü,1\n".encode() + b"\xfc,2\n", "Line 3: The text is UTF-8 in some lines"),
        (b"a,b\n1,2\n\x81\x8d,2\n", "Line 3: The line holds bytes that are no text"),
        (b"\xff\xfea\x00,\x00b\x00\n\x00\x00\xd8", "bytes that are no text"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, content, message):
    with pytest.raises(Invalid, match=message):
        sheets.open_sheet(file(tmp_path, content))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,2\n3," + "x" * 10_000_000 + "\n", "Line 3: .* more than 10,000 characters"),
        ('1,2\n"3,4\n' + "5,6\n" * 9000, "Line 3"),
        ('1,2\n"3"4,5\n', "Line 3"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, rows, message):
    sheet = sheets.open_sheet(file(tmp_path, "a,b\n" + rows))

    with pytest.raises(Invalid, match=message):
        list(sheets.rows_of(sheet))


def test_too_large_a_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "LARGEST", 10)
    with pytest.raises(Invalid, match="at most"):
        sheets.open_sheet(file(tmp_path, "a,b\n1,2\n3,4\n"))


@pytest.mark.parametrize(
    ("days", "order"),
    [
        (["1/2/2013", "1/15/2013"], "mdy"),
        (["1/2/2013", "15/1/2013"], "dmy"),
        (["2013-01-02"], "ymd"),
        (["1/2/2013", "3/4/2013"], ""),
        (["1/15/2013", "15/1/2013"], ""),
        ([], "ymd"),
    ],
)
def test_days_that_can_be_read_two_ways_are_not_guessed(days, order):
    assert guess_day_order(days) == order


def test_the_decimal_mark():
    assert guess_decimal(["1.50", "1,234.50"]) == "."
    assert guess_decimal(["1,50", "1.234,50"]) == ","


@pytest.mark.parametrize(
    ("cells", "found"),
    [(("K-17", "1042"), "customer"), (("Acme", "Helios Solar"), "customer_name"), ((), "customer_name")],
)
def test_a_column_of_customers_is_their_number_where_it_looks_so(cells, found):
    columns = ["Invoice", "Customer", "Issued", "Due", "Total"]
    rows = [["1", cell, "2024-01-02", "2024-02-01", "5"] for cell in cells]

    guessed = guess_columns(columns, rows)

    assert [field for field, column in guessed.items() if column == "Customer"] == [found]
    assert guessed["issued_on"] == "Issued"


@pytest.mark.parametrize("heading", ["Issued", "Invoice date", "Date", "Date issued", "Document date"])
def test_the_day_of_the_invoice_has_many_headings(heading):
    assert guess_columns(["Number", heading])["issued_on"] == heading
