"""Bank files are read whole or refused whole, with the line and the reason."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from banking import reading, rules
from banking.reading import Columns
from banking.rules import BrokenFile
from tests.banking.statements import OURS, camt

DATA = Path(__file__).parent / "data"


def sample(name: str) -> bytes:
    return (DATA / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "account", "currency", "counts", "sums"),
    [
        (
            "genkgo_camt053.v2.multi.statement.xml",
            "NL26VAYB8060476890",
            "EUR",
            [1, 1],
            ["8.85", "-7.00"],
        ),
        ("ofxparse_bank_medium.ofx", "12300 000012345678", "CAD", [3], ["-345.27"]),
        ("ofxparse_checking.ofx", "1452687~7", "USD", [3], ["-59.50"]),
        ("wolph_jejik_abnamro.sta", "517852257", "EUR", [8, 2], ["-321.44", "-24.49"]),
        ("wolph_jejik_ing.sta", "0001234567", "EUR", [7], ["-45.59"]),
    ],
)
def test_samples_of_banks_are_read(name, account, currency, counts, sums):
    found = reading.read(sample(name))

    assert [one.account for one in found] == [account] * len(counts)
    assert {one.currency for one in found} == {currency}
    assert [len(one.lines) for one in found] == counts
    assert [rules.prove(one).moved for one in found] == [Decimal(text) for text in sums]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("genkgo_camt053.v2.minimal.xml", "Line 54: The account is in EUR, but this balance is in SEK."),
        ("genkgo_camt053.v4.xml", "Line 74: The account is in EUR, but this balance is in SEK."),
        ("wolph_self-provided_sparkassen.sta", "Line 1: No message begins here"),
    ],
)
def test_a_broken_sample_is_refused_with_its_line(name, words):
    with pytest.raises(BrokenFile, match=words):
        reading.read(sample(name))


@pytest.mark.parametrize("version", ["02", "04", "08"])
def test_each_version_of_camt_tells_payer_text_and_account(version):
    [found] = reading.read(
        camt(("119.00", "Invoice DE-1", "Kestrel & Co", "NL56AGDH9619008421"), version=version)
    )

    [line] = found.lines
    assert (line.amount, line.text, line.party_name) == (Decimal("119.00"), "Invoice DE-1", "Kestrel & Co")
    assert line.party_account == "NL56AGDH9619008421"
    assert found.account == OURS
    assert rules.prove(found).holds


def test_a_collective_booking_is_opened_where_its_parts_add_up():
    data = camt(("300.00", "x", "y")).decode()
    part = (
        "<TxDtls><Refs><EndToEndId>E{0}</EndToEndId></Refs><Amt Ccy='EUR'>{1}</Amt>"
        "<RmtInf><Ustrd>INV {0}</Ustrd></RmtInf></TxDtls>"
    )
    start, end = data.index("<TxDtls>"), data.index("</NtryDtls>")
    both = data[:start] + part.format(1, "100.00") + part.format(2, "200.00") + data[end:]
    odd = data[:start] + part.format(1, "100.00") + part.format(2, "150.00") + data[end:]

    [opened] = reading.read(both.encode())
    [kept] = reading.read(odd.encode())

    assert [(line.amount, line.text, line.bank_reference) for line in opened.lines] == [
        (Decimal("100.00"), "INV 1", "R1-1/1"),
        (Decimal("200.00"), "INV 2", "R1-1/2"),
    ]
    assert [line.amount for line in kept.lines] == [Decimal("300.00")]


def test_what_is_only_pending_is_counted_and_left_out():
    data = camt(("5.00", "a", "b"), closing="1000.00").replace(b"<Cd>BOOK</Cd>", b"<Cd>PDNG</Cd>")

    [found] = reading.read(data)

    assert (found.lines, found.pending) == ((), 1)
    assert rules.prove(found).holds


XML = b'<?xml version="1.0"?>'
MT940 = b"""\
:20:STARTUMS
:25:DE89370400440532013000
:28C:1/1
:60F:C261115EUR1000,00
:61:2611161116C5,00NTRFNONREF//REF1
:86:166?00TRANSFER?20Invoice 1?31DE02120300000000202051?32Kestrel
:62F:C261116EUR1005,00
-
"""
OFX = b"""\
OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>1<ACCTID>DE89370400440532013000
</BANKACCTFROM><BANKTRANLIST><DTSTART>20261101<DTEND>20261130<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261116
<TRNAMT>5.00<FITID>1<NAME>Kestrel &amp; Sons</STMTTRN></BANKTRANLIST>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""


def _said(amount: str) -> bytes:
    """A statement in which the bank writes the amount of its line like that."""
    return camt(("5.00", "a", "b")).replace(b'"EUR">5.00<', f'"EUR">{amount}<'.encode())


ISO = b"urn:iso:std:iso:20022:tech:xsd:"
HOSTILE = {
    "external entity": XML
    + b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>',
    "laughs": XML + b'<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><Document>&b;</Document>',
    "remote dtd": XML + b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><Document/>',
    "utf-16 dtd": (XML + b'<!DOCTYPE d [<!ENTITY a "ha">]><Document>&a;</Document>')
    .decode()
    .encode("utf-16"),
    "another root": XML + b'<html xmlns="http://www.w3.org/1999/xhtml"><p>no</p></html>',
    "a payment order": XML + b'<Document xmlns="' + ISO + b'pain.001.001.03"/>',
    "cut": camt(("5.00", "a", "b"))[:-40],
    "no statement": XML + b'<Document xmlns="' + ISO + b'camt.053.001.02"/>',
    "zip": b"PK\x03\x04" + b"\0" * 100,
    "gzip": b"\x1f\x8b\x08" + b"\0" * 100,
    "pdf": b"%PDF-1.7",
    "empty": b"  \n",
    "negative amount": camt(("5.00", "a", "b")).replace(b'<Amt Ccy="EUR">5.00', b'<Amt Ccy="EUR">-5.00'),
    "no number": camt(("5.00", "a", "b")).replace(b'<Amt Ccy="EUR">5.00', b'<Amt Ccy="EUR">5,00'),
    "nan": camt(("5.00", "a", "b")).replace(b'<Amt Ccy="EUR">5.00', b'<Amt Ccy="EUR">NaN'),
    "no side": camt(("5.00", "a", "b")).replace(b"<CdtDbtInd>CRDT</CdtDbtInd>\n<Sts>", b"<Sts>"),
    "no day": camt(("5.00", "a", "b")).replace(
        b"<Dt>2026-11-16</Dt></BookgDt>", b"<Dt>yesterday</Dt></BookgDt>"
    ),
    "an amount of thirty digits": _said("1" + "0" * 30),
    "an endless amount": _said("1e9999999"),
    "digits with a line": _said("5_0.00"),
    "the year 1": camt(("5.00", "a", "b")).replace(b"2026-11-16", b"0001-01-01"),
    "mt940 of two currencies": MT940.replace(b":62F:C261116EUR", b":62F:C261116USD"),
    "mt940 with a zero byte": MT940.replace(b"Invoice", b"In\0voice"),
    "ofx with a zero byte": OFX.replace(b"Kestrel", b"Kest\0rel"),
    "ofx of an endless amount": OFX.replace(b"5.00", b"1e9999999"),
    "mt940 cut": b":20:X\n:25:123\n:28C:1\n:60F:C261116EUR1,00\n:61:2611161116C1,00NTRFNONREF\n",
    "mt940 line nobody reads": (
        b":20:X\n:25:123\n:28C:1\n:60F:C261116EUR1,00\n:61:rubbish\n:62F:C261116EUR1,00\n-"
    ),
    "ofx without account": (
        b"OFXHEADER:100\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    ),
}


@pytest.mark.soak("T48", "T49")
@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_statement_is_refused_whole(name):
    with pytest.raises(BrokenFile) as refusal:
        reading.read(HOSTILE[name])

    assert refusal.value.rule
    assert refusal.value.mend
    assert "passwd" not in str(refusal.value)


def test_a_reversal_of_a_credit_takes_money_and_an_account_is_no_part_of_a_name():
    data = MT940.replace(b"C5,00", b"RC5,00").replace(b"1005,00", b"995,00")
    [[line]] = [found.lines for found in reading.read(data)]
    [[usual]] = [found.lines for found in reading.read(MT940)]

    assert (line.amount, line.is_return) == (Decimal("-5.00"), True)
    assert (usual.amount, usual.party_name) == (Decimal("5.00"), "Kestrel")
    assert usual.party_account == "DE02120300000000202051"


def test_a_remark_inside_an_amount_does_not_end_it():
    [found] = reading.read(_said("5<!-- thousand -->00.00"))

    assert found.lines[0].amount == Decimal("500.00")


def test_the_escapes_of_ofx_are_read():
    [found] = reading.read(OFX)

    assert found.lines[0].party_name == "Kestrel & Sons"


COLUMNS = Columns(
    {"booked_on": "Buchung", "amount": "Betrag", "text": "Zweck", "balance": "Saldo"}, "dmy", ","
)


def test_a_document_type_is_refused_in_every_encoding():
    data = camt(("5.00", "a", "b")).decode().replace('encoding="UTF-8"', 'encoding="UTF-16"')
    data = data.replace("<Document", '<!DOCTYPE d [<!ENTITY a "5.00">]><Document', 1)

    with pytest.raises(BrokenFile, match="document type"):
        reading.read(data.encode("utf-16"))


def test_a_table_is_read_by_its_columns_newest_first_or_last():
    rows = ["16.11.2026;1.119,00;Rechnung 7;2.119,00", "17.11.2026;-19,00;Gebühr;2.100,00"]
    head = "Buchung;Betrag;Zweck;Saldo"

    for order in (rows, rows[::-1]):
        [found] = reading.read(
            "\n".join([head, *order]).encode(), columns=COLUMNS, account=OURS, currency="EUR"
        )
        assert [line.amount for line in found.lines] == [Decimal("1119.00"), Decimal("-19.00")]
        assert (found.opening, found.closing) == (Decimal("1000.00"), Decimal("2100.00"))
        assert found.lines[0].booked_on == date(2026, 11, 16)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Buchung;Betrag;Zweck;Saldo\n31.02.2026;1,00;x;1,00", "Line 2: “31.02.2026” is no day"),
        ("Buchung;Betrag;Zweck;Saldo\n16.11.2026;1.5;x;1,00", "Line 2: “1.5” is not an amount"),
        ("Buchung;Betrag;Zweck\n16.11.2026;1,00;x", "No column is called “Saldo”"),
        ("Buchung;Betrag;Zweck;Saldo\n16.11.2026;1,00;x", "Line 2: It has 3 cells"),
    ],
)
def test_a_table_with_a_fault_is_refused_with_its_line(text, words):
    with pytest.raises(BrokenFile, match=words):
        reading.read(text.encode(), columns=COLUMNS, account=OURS, currency="EUR")


def test_a_table_nobody_explained_is_refused():
    with pytest.raises(BrokenFile, match="nobody said yet what its columns mean"):
        reading.read(b"a,b\n1,2\n")


def test_equal_lines_of_a_day_stay_two_and_keep_their_keys():
    data = camt(("5.00", "coffee", "b"), ("5.00", "coffee", "b"), ("5.00", "tea", "b"), references=False)
    [found] = reading.read(data)

    keys = rules.line_keys(found.lines)

    assert len(set(keys)) == 3
    assert rules.line_keys(found.lines) == keys
    assert rules.line_keys(found.lines[:1]) == keys[:1]
