"""The PDF says what the snapshot says: languages, currencies, taxes, pages, and the same bytes again."""

from __future__ import annotations

import io
import re
from typing import Any
from xml.etree import ElementTree

import pypdf
import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from invoices.documents.labels import LANGUAGES
from invoices.documents.render import STATIC, render_invoice_html, render_invoice_pdf
from tests.invoices.snapshots import (
    credit_note,
    gst,
    in_currency,
    many_lines,
    reverse_charge,
    snapshot,
)


def read(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf))


def text_of(pdf: bytes) -> str:
    pages = (page.extract_text() for page in read(pdf).pages)
    return re.sub(r"\s+", " ", " ".join(pages))


def html_text(document: dict[str, Any]) -> str:
    return re.sub(r"\s+", " ", "".join(ElementTree.fromstring(render_invoice_html(document)).itertext()))


def test_the_invoice_says_who_what_how_much_and_when():
    pdf = render_invoice_pdf(snapshot())
    text = text_of(pdf)

    for said in (
        "Invoice",
        "INV-2026-04219",
        "Northwind Energy Ireland Ltd",
        "Brightwater Logistics",
        "€12,840.50",
        "due Monday 9 November 2026",
        "VAT 23% on 8,500.00",
        "1,955.00",
        "13.5%",
        "40 h",
        "IE64 IRCE 9205 0112 3456 78",
        "BL-2208",
        "Standard terms, version 7",
        "within 15 days",
        "Page 1 of 1",
    ):
        assert said in text
    assert len(read(pdf).pages) == 1


def test_the_file_names_itself_for_readers_and_screen_readers():
    pdf = read(render_invoice_pdf(snapshot(language="de")))
    root: Any = pdf.trailer["/Root"]
    (bookmark,) = pdf.outline

    assert pdf.metadata is not None
    assert pdf.metadata.title == "Rechnung INV-2026-04219"
    assert pdf.metadata.author == "Northwind Energy Ireland Ltd"
    assert root["/Lang"] == "de"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert bookmark["/Title"] == "Rechnung"


def test_the_same_snapshot_gives_the_same_bytes_and_another_one_does_not():
    once, again = render_invoice_pdf(snapshot()), render_invoice_pdf(snapshot())

    assert once == again
    assert render_invoice_pdf(snapshot(notes="Thank you")) != once


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "document", [snapshot(), credit_note(), gst(), reverse_charge()], ids=["vat", "credit", "gst", "reverse"]
)
def test_every_language_uses_our_fonts_alone_and_misses_no_letter(language, document):
    pages: Any = read(render_invoice_pdf({**document, "language": language})).pages
    fonts = {
        font.get_object()["/BaseFont"].partition("+")[2]
        for page in pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert fonts
    assert all(re.match(r"Inter|Noto-Sans", name) for name in fonts), fonts

    known = set().union(*(TTFont(path).getBestCmap() for path in (STATIC / "fonts/pdf").glob("*.ttf")))
    printed = set(html_text({**document, "language": language})) - {"\n"}
    assert not {letter for letter in printed if ord(letter) not in known}


def test_languages_have_the_same_phrases_with_the_same_places():
    places = {
        language: {key: sorted(re.findall(r"\{(\w+)\}", text)) for key, text in texts.items()}
        for language, texts in LANGUAGES.items()
    }
    assert all(found == places["en"] for found in places.values())


def test_an_unknown_language_reads_as_english():
    assert "Total due" in text_of(render_invoice_pdf(snapshot(language="xx")))


def test_a_credit_note_names_the_invoice_and_asks_for_nothing():
    text = text_of(render_invoice_pdf(credit_note()))

    assert "Credit note" in text
    assert "INV-2026-04219 of 9 October 2026" in text
    assert "Commissioning finished early" in text
    assert "Total credited" in text
    assert "€1,259.52" in text
    assert "Bank transfer" not in text
    assert "Total due" not in text


def test_gst_within_the_state_shows_both_halves_with_hsn_and_place_of_supply():
    text = text_of(render_invoice_pdf(gst()))

    for said in (
        "Tax invoice",
        "27AAPFU0939F1ZV",
        "854143",
        "CGST",
        "SGST",
        "9%",
        "CGST 9% on 22,99,000.00",
        "2,06,910.00",
        "Maharashtra",
        "Tax payable on reverse charge: no",
        "Rounding −1.00",
        "₹27,12,819.00",
        "HDFC0000240",
        "northwind@examplebank",
    ):
        assert said in text
    assert "IGST" not in text


def test_gst_between_states_shows_igst():
    text = text_of(render_invoice_pdf(gst(interstate=True)))

    assert "IGST" in text
    assert "4,13,820.00" in text
    assert "CGST" not in text


def test_reverse_charge_says_so_and_shows_the_tax_in_national_currency():
    text = text_of(render_invoice_pdf(reverse_charge("en")))

    for said in (
        "Reverse charge",
        "VAT in EUR: €17.43 (1 USD = 0.9174 EUR; ECB, 8 October 2026)",
        "Volume rebate −343.76",
        "Freight 85.00",
        "Already paid −1,000.00",
        "in 3 instalments, the first due Monday, 9 November 2026",
        "2 of 3",
        "US$3,034.66",
        "Paid by Monday, 19 October 2026, US$8,921.92 settles this invoice (2% discount).",
        "interest of 11.27% a year and a fixed sum of US$40.00",
    ):
        assert said in text


def test_the_german_reverse_charge_text_is_the_one_of_the_law():
    assert "Steuerschuldnerschaft des Leistungsempfängers" in html_text(reverse_charge("de"))


def test_no_tax_is_explained_in_the_words_of_the_sellers_law():
    document = snapshot()
    document["tax_groups"] = [{**document["tax_groups"][0], "rate": "0", "tax": "0.00"}]
    group = document["tax_groups"][0]

    group.update(category="E", reason="Art. 132(1)(i)")
    assert "Exempt from VAT: Art. 132(1)(i)" in html_text(document)
    group.update(category="G", reason="Export outside the EU")
    assert "VAT exempt export outside the European Union" in html_text(document)
    document["seller"]["country"] = "IN"
    group.update(category="G", reason="Supply meant for export under LUT")
    assert "Supply meant for export under LUT" in html_text(document)
    assert "European Union" not in html_text(document)


def test_a_british_reverse_charge_names_the_tax_office():
    document = reverse_charge("en")
    document["seller"]["country"] = "GB"
    assert "Reverse charge: customer to pay the VAT to HMRC" in html_text(document)


def test_american_sales_tax_is_named_by_its_jurisdiction():
    document = snapshot()
    document["seller"]["country"] = "US"
    document["tax_groups"][0]["label"] = "California state tax"
    assert "California state tax 23% on 8,500.00" in html_text(document)


@pytest.mark.parametrize(
    ("currency", "amount", "printed"),
    [
        ("JPY", "1234567", "JP¥1,234,567"),
        ("BHD", "1234.567", "BHD 1,234.567"),
        ("CLF", "1.2345", "CLF 1.2345"),
    ],
)
def test_amounts_keep_the_decimals_of_their_currency(currency, amount, printed):
    text = html_text(in_currency(currency, amount)).replace("\N{NO-BREAK SPACE}", " ")

    assert printed in text
    assert f"{printed.split('¥')[-1].removeprefix(currency).strip()}" in text


def test_a_small_unit_price_keeps_its_decimals_and_its_base():
    document = snapshot()
    document["lines"][0].update(unit_price="0.012500", base_quantity="1000")
    text = html_text(document)

    assert "0.0125" in text
    assert "per 1,000" in text


def test_a_long_invoice_repeats_its_head_and_counts_its_pages():
    pages = read(render_invoice_pdf(many_lines(120))).pages
    texts = [re.sub(r"\s+", " ", page.extract_text()) for page in pages]

    assert len(pages) > 5
    assert all("Description" in text and "Net, EUR" in text for text in texts[:-1])
    assert all(f"Page {n} of {len(pages)}" in text for n, text in enumerate(texts, 1))
    assert all("Invoice INV-2026-04219" in text for text in texts[1:])
    assert "no. 120" in " ".join(texts)


def test_a_draft_is_marked_on_every_page():
    pages = read(render_invoice_pdf(many_lines(40), watermark="draft")).pages

    assert len(pages) > 1
    assert all("DRAFT" in page.extract_text() for page in pages)
    assert "DRAFT" not in text_of(render_invoice_pdf(snapshot()))


def test_a_pro_forma_says_that_it_is_no_tax_invoice():
    assert "Pro-forma - not a tax invoice" in html_text(snapshot(document_type="proforma"))


@pytest.mark.parametrize(
    ("clause", "printed"),
    [
        (
            {"regime": "EU", "margin": "8", "fixed_sum": "EU"},
            "8 percentage points above the reference rate (Directive 2011/7/EU) and a fixed sum of €40.00",
        ),
        ({"regime": "UK", "margin": "8", "fixed_sum": "UK"}, "and the fixed sum set by law"),
        ({"regime": "MSMED", "margin": "0", "fixed_sum": ""}, "three times the bank rate (MSMED Act 2006"),
        ({"regime": "contract", "margin": "12.5", "fixed_sum": ""}, "interest of 12.5% a year"),
        ("as agreed", "Late payment: as agreed"),
        ("", ""),
        (None, ""),
    ],
)
def test_the_price_of_paying_late_is_said_in_words(clause, printed):
    document = snapshot()
    document["policy"]["late_interest"] = clause
    text = html_text(document)

    assert printed in text
    assert ("Late payment" in text) == bool(clause)


def test_the_policy_link_is_completed_with_the_public_address():
    document = snapshot()
    document["policy"]["path"] = "/policy/abc/"
    html = render_invoice_html(document, base_url="https://bills.example/")

    assert 'href="https://bills.example/policy/abc/"' in html


def test_a_stored_logo_is_printed_when_its_bytes_are_given():
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (300, 80), "#336699").save(picture, "PNG")
    document = snapshot()
    document["seller"]["logo"] = "logos/northwind.png"

    with_logo = read(render_invoice_pdf(document, logo=picture.getvalue()))
    without = read(render_invoice_pdf(document))

    assert len(with_logo.pages[0].images) == len(without.pages[0].images) + 1
