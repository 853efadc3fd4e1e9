"""A scanner reads the right account, amount and reference; where no code fits, the reason is said."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from PIL import Image

from invoices.documents.qr import NoPaymentCode, epc_code, payment_code, upi_code
from tests.invoices.snapshots import credit_note, gst, reverse_charge, snapshot

EPC: dict[str, Any] = {
    "holder": "Nörthwind Energy Ireland Ltd",
    "iban": "IE64 IRCE 9205 0112 3456 78",
    "bic": "IRCEIE2D",
    "amount": Decimal("12840.50"),
    "currency": "EUR",
    "reference": "INV-2026-04219",
}
UPI: dict[str, Any] = {
    "upi_id": "northwind@examplebank",
    "name": "Northwind & Söhne India",
    "amount": Decimal("271281.50"),
    "currency": "INR",
    "reference": "INV/2026-27/0042",
}


def scanned(png: bytes) -> str:
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"))
    return bytes(found.bytes).decode("utf-8")


def test_a_banking_app_reads_the_sepa_transfer():
    assert scanned(epc_code(**EPC).png()).split("\n") == [
        "BCD",
        "002",
        "1",
        "SCT",
        "IRCEIE2D",
        "Nörthwind Energy Ireland Ltd",
        "IE64IRCE92050112345678",
        "EUR12840.50",
        "",
        "",
        "INV-2026-04219",
    ]


def test_a_creditor_reference_goes_into_the_structured_field():
    lines = epc_code(**{**EPC, "reference": "RF18 5390 0754 7034"}).payload.split("\n")
    assert lines[9:] == ["RF18539007547034"]


def test_a_upi_app_reads_the_payment():
    address = urlsplit(scanned(upi_code(**UPI).png()))
    fields = {key: values[0] for key, values in parse_qs(address.query).items()}

    assert (address.scheme, address.netloc) == ("upi", "pay")
    assert fields == {
        "pa": "northwind@examplebank",
        "pn": "Northwind & Söhne India",
        "am": "271281.50",
        "cu": "INR",
        "tr": "INV2026270042",
        "tn": "INV/2026-27/0042",
    }


def test_the_code_of_a_document_asks_for_what_is_open():
    assert "EUR12840.50" in payment_code(snapshot()).payload
    assert "EUR40.50" in payment_code(snapshot(), amount=Decimal("40.50")).payload
    assert "am=2712819.00" in payment_code(gst()).payload


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"currency": "USD"}, "carries euro, not USD"),
        ({"iban": ""}, "no valid IBAN"),
        ({"iban": "IE64IRCE92050112345679"}, "no valid IBAN"),
        ({"iban": "BR1800360305000010009795493C1"}, "outside the SEPA area"),
        ({"bic": "IRCE"}, "8 or 11"),
        ({"amount": Decimal(0)}, "0.01 to"),
        ({"amount": Decimal(1_000_000_000)}, "0.01 to"),
        ({"amount": Decimal("0.015")}, "two decimals"),
        ({"holder": "A\nB"}, "line break"),
        ({"reference": "A\rB"}, "line break"),
        ({"holder": " "}, "no name"),
        ({"reference": "x" * 141}, "140 characters"),
        ({"holder": "ü" * 70, "reference": "ü" * 140}, "331 bytes"),
    ],
)
def test_a_transfer_that_does_not_fit_is_refused_with_the_reason(change, reason):
    with pytest.raises(NoPaymentCode, match=reason):
        epc_code(**{**EPC, **change})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"currency": "EUR"}, "carries rupees"),
        ({"upi_id": "not a vpa"}, "name@bank"),
        ({"upi_id": "a@b&am=1"}, "name@bank"),
        ({"amount": Decimal(0)}, "nothing to pay"),
        ({"name": "A\nB"}, "line break"),
    ],
)
def test_a_upi_payment_that_does_not_fit_is_refused_with_the_reason(change, reason):
    with pytest.raises(NoPaymentCode, match=reason):
        upi_code(**{**UPI, **change})


def test_documents_without_a_payment_have_no_code():
    with pytest.raises(NoPaymentCode, match="asks for no payment"):
        payment_code(credit_note())
    with pytest.raises(NoPaymentCode, match="carries euro, not USD"):
        payment_code(reverse_charge())
    with pytest.raises(NoPaymentCode, match="nothing to pay"):
        payment_code(snapshot(), amount=Decimal(0))
