"""What the customer sees behind the link."""

from datetime import timedelta
from decimal import Decimal
from unittest import mock

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from core.errors import Refused
from correspondence import links
from correspondence.models import PublicLink
from invoices import operations as invoices
from invoices.documents.qr import payment_code
from invoices.documents.sample import SAMPLE
from invoices.models import Document, Invoice
from portal.words import LANGUAGES, TEXTS
from tests.portal.bills import NOW, make_bill, make_contact, make_customer, make_entity, pay

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def path_of(invoice, *, contact=None, purpose=links.INVOICE, **lasting):
    link = links.create_link(invoice, purpose=purpose, contact=contact, actor=None, now=NOW, **lasting)
    return links.path_of(link)


def read(client, invoice, query="", **options):
    page = client.get(path_of(invoice, **options) + query)
    assert page.status_code == 200
    return " ".join(page.content.decode().split())


def test_the_page_says_what_is_owed_until_when_and_how_to_pay(client):
    said = read(client, make_bill())

    assert "€12,840.50" in said
    assert "due Monday 9 November 2026" in said
    assert "IE64 IRCE 9205 0112 3456 78" in said
    assert "data:image/png;base64," in said
    assert "Charging depot commissioning" in said
    assert "40 h × 128.00 · VAT 23%" in said
    assert "Only transfer to the account shown on this page." in said


def test_the_code_asks_for_what_is_open_now(client):
    bill = make_bill()
    pay(bill, "2840.50")

    with mock.patch("portal.queries.payment_code", wraps=payment_code) as code:
        said = read(client, bill)

    assert code.call_args.kwargs["amount"] == Decimal("10000.00")
    assert "€10,000.00" in said
    assert "Partly paid" in said
    assert "Already settled" in said


def test_a_paid_invoice_asks_for_nothing_and_shows_no_account(client):
    bill = make_bill()
    pay(bill, "12840.50")

    said = read(client, bill)

    assert "Paid on 19 October 2026. Thank you." in said
    assert "IE64" not in said
    assert "data:image/png" not in said


def test_a_late_invoice_says_since_when(client, clock):
    bill = make_bill()
    path = path_of(bill)
    clock.move_to(NOW + timedelta(days=21))

    said = client.get(path).content.decode()

    assert "Overdue" in said
    assert "1 day late, was due Monday 9 November 2026" in said


def test_the_day_is_the_sellers_not_the_servers(client, clock):
    """At 23:30 in London it is already tomorrow in Kolkata."""
    bill = make_bill(make_customer(make_entity(time_zone="Asia/Kolkata")))
    path = path_of(bill)
    clock.move_to("2026-11-09T23:30:00+00:00")

    assert "1 day late" in client.get(path).content.decode()


@pytest.mark.parametrize(
    ("changes", "word", "sentence"),
    [
        ({"document_status": "cancelled"}, "Cancelled", "This invoice was cancelled. Please do not pay it."),
        ({"settlement_status": "credited"}, "Credited", "credited in full. Please do not pay it."),
        ({"settlement_status": "written_off"}, "Closed", "This invoice is closed."),
    ],
)
def test_a_credited_or_cancelled_invoice_says_so(client, changes, word, sentence):
    bill = make_bill()
    Invoice.objects.filter(pk=bill.pk).update(**changes)

    said = read(client, bill)

    assert word in said
    assert sentence in said
    assert "written" not in said.lower()


def test_a_held_part_is_not_asked_for(client):
    bill = make_bill()
    invoices.hold(bill, Decimal("840.50"), reason="The kerb is missing.", actor=None, now=NOW)

    said = read(client, bill)

    assert "€12,000.00" in said
    assert "€840.50 is under review." in said


def test_instalments_ask_for_the_next_one_only(client):
    bill = make_bill(parts=[("2026-11-09", "6000.00"), ("2026-12-09", "6840.50")])
    pay(bill, "1000.00")

    said = read(client, bill)

    assert "€5,000.00" in said
    assert "Instalment 2 of 2" in said
    assert "€11,840.50" in said


def test_the_discount_is_offered_while_it_stands(client, clock):
    offer = {"pct": "2", "days": 14, "until": "2026-10-23", "amount_if_paid": "12583.69"}
    bill = make_bill(early_discount=offer)
    path = path_of(bill)

    assert "€12,583.69" in client.get(path).content.decode()
    clock.move_to("2026-10-24T09:00:00+00:00")
    assert "12,583.69" not in client.get(path).content.decode()


def test_what_changed_since_the_last_invoice(client):
    customer = make_customer(make_entity())
    before = make_bill(customer)
    lines = [{**SAMPLE["lines"][0], "net": "5120.00"}]
    totals = {**SAMPLE["totals"], "gross": "6297.60", "due": "6297.60", "net": "5120.00", "tax": "1177.60"}

    said = read(client, make_bill(customer, lines=lines, totals=totals))

    assert f"What changed since {before.number}" in said
    assert "No longer billed: Load management licence" in said
    assert "What changed" not in read(client, before)


def test_an_invoice_of_another_customer_is_never_compared(client):
    entity = make_entity()
    make_bill(make_customer(entity))

    assert "What changed" not in read(client, make_bill(make_customer(entity)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_readers_language(client, language):
    bill = make_bill()
    chosen = read(client, bill, f"?lang={language}")
    theirs = read(client, bill, contact=make_contact(bill.customer, language=language))

    for said in (chosen, theirs):
        assert f'<html lang="{language}"' in said
        assert TEXTS[language]["how_to_pay"] in said


def test_every_language_has_every_word_with_the_same_placeholders():
    import string

    fields = {
        language: {
            key: sorted(f[1] or "" for f in string.Formatter().parse(text)) for key, text in texts.items()
        }
        for language, texts in TEXTS.items()
    }
    names = {lang: {key: set(f) - {""} for key, f in found.items()} for lang, found in fields.items()}
    assert all(found == names["en"] for found in names.values())


def test_an_unknown_language_is_ignored(client):
    assert '<html lang="en"' in read(client, make_bill(), '?lang="><script>')


def test_the_pdf_is_the_stored_file(client):
    bill = make_bill()
    name = default_storage.save("documents/a.pdf", ContentFile(b"%PDF-1.7 the document"))
    Document.objects.create(invoice=bill, state="ready", stored_name=name, sha256="0" * 64)

    answer = client.get(path_of(bill) + "invoice.pdf")

    assert b"".join(answer.streaming_content) == b"%PDF-1.7 the document"
    assert answer["Content-Type"] == "application/pdf"
    assert f'filename="{bill.number}.pdf"' in answer["Content-Disposition"]


def test_a_pdf_nobody_asked_for_yet_is_made_now(client):
    bill = make_bill()

    answer = client.get(path_of(bill) + "invoice.pdf")

    assert b"".join(answer.streaming_content).startswith(b"%PDF-")
    assert Document.objects.get(invoice=bill).state == "ready"


def test_a_pdf_that_cannot_be_made_says_so_on_the_page(client):
    bill = make_bill()
    with mock.patch("portal.views.render_document", side_effect=Refused("lost")):
        answer = client.get(path_of(bill) + "invoice.pdf", follow=True)

    assert answer.status_code == 200
    assert "Please try again in a minute." in answer.content.decode()


def test_the_logo_is_the_one_of_the_document(client):
    name = default_storage.save("logos/a.png", ContentFile(b"\x89PNG the logo"))
    bill = make_bill(seller={**SAMPLE["seller"], "logo": name})
    path = path_of(bill)

    assert f'src="{path}logo"' in client.get(path).content.decode()
    answer = client.get(path + "logo")
    assert (answer.content, answer["Content-Type"]) == (b"\x89PNG the logo", "image/png")
    assert client.get(path_of(make_bill()) + "logo").status_code == 404


def test_the_calendar_file_has_what_is_still_to_be_paid(client):
    bill = make_bill(parts=[("2026-11-09", "6000.00"), ("2026-12-09", "6840.50")])
    pay(bill, "6000.00")
    path = path_of(bill)

    file = client.get(path + "due.ics").content.decode()

    assert "DTSTART;VALUE=DATE:20261209" in file
    assert "20261109" not in file
    assert "6\\,840.50" in file
    assert path not in file


def test_the_policy_that_was_pinned_is_linked(client):
    bill = make_bill(policy={**SAMPLE["policy"], "path": "/policies/p/abc/"})

    assert 'href="/policies/p/abc/"' in read(client, bill)
    for path in ("javascript:alert(1)", "//evil.example/", "data:text/html,x"):
        assert path not in read(client, make_bill(policy={**SAMPLE["policy"], "path": path}))


@pytest.mark.parametrize(
    "payload", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ p }}"]
)
def test_texts_of_the_document_stay_text(client, payload):
    """T45."""
    line = {**SAMPLE["lines"][0], "description": payload, "detail": payload}
    bill = make_bill(
        buyer={**SAMPLE["buyer"], "name": payload, "legal_name": payload},
        lines=[line],
        notes=payload,
        po_number=payload,
    )

    said = read(client, bill)

    assert "<script>alert" not in said
    assert "<img src=x" not in said
    assert "alert(1)" in said or "{{ p }}" in said


def test_the_first_visit_is_recorded_and_looks_by_programs_are_not(client):
    path = path_of(make_bill())

    client.head(path)
    client.get(path, headers={"Sec-Purpose": "prefetch"})
    assert PublicLink.objects.get().opened == 0
    client.get(path)
    client.get(path + "due.ics")
    assert PublicLink.objects.get().opened == 1


def test_staff_who_look_are_told_that_it_is_the_customers_page(client):
    bill = make_bill()

    said = read(client, bill, purpose=links.PREVIEW, minutes=15)

    assert "You see the customer&#x27;s page. This view closes at 10:45." in said
    assert "You see the customer" not in read(client, bill)


def test_a_link_to_a_draft_opens_nothing(client):
    bill = make_bill()
    path = path_of(bill)
    draft = Invoice.objects.create(
        public_ref="d",
        entity=bill.entity,
        customer=bill.customer,
        currency="EUR",
        created_at=NOW,
        edited_at=NOW,
    )

    assert client.get(path_of(draft)).status_code == 404
    assert client.get(path).status_code == 200


def test_the_page_is_cheap(client, django_assert_max_num_queries):
    path = path_of(make_bill())

    with django_assert_max_num_queries(21):
        client.get(path)
