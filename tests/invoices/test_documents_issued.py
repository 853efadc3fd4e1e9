"""What is issued for real can be printed, explained, paid by code and put into a calendar."""

from __future__ import annotations

import io

import pypdf
import pytest

from invoices.documents.calendar_file import calendar_file
from invoices.documents.explain import changes_since, explain
from invoices.documents.letters import missing_letters
from invoices.documents.qr import payment_code
from invoices.documents.render import render_invoice_pdf
from tests.world import make_world

pytestmark = pytest.mark.django_db


def test_an_issued_invoice_becomes_a_document():
    world = make_world()
    first = world.issued("100.00", "50.00").snapshot.content
    second = world.issued("100.00", "70.00", overrides={"duplicate": "a second order"}).snapshot.content
    pdf = pypdf.PdfReader(io.BytesIO(render_invoice_pdf(second, base_url="https://bills.example")))
    text = pdf.pages[0].extract_text()

    assert len(pdf.pages) == 1
    for said in (second["number"], second["seller"]["legal_name"], second["buyer"]["name"], "Work package 2"):
        assert said in text
    assert "https://bills.example/policy/" in text
    assert not missing_letters(second)
    assert second["number"] in "".join(explain(second))
    changes = changes_since(first, second)
    assert str(changes.difference) == "23.80"
    assert sum(change.amount for change in changes.items) == changes.difference
    assert payment_code(second).payload.startswith("BCD\n002\n1\nSCT\n")
    assert calendar_file(second).count(b"BEGIN:VEVENT") == len(second["instalments"])
