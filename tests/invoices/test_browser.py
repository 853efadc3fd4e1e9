"""The editor in a browser, by keyboard: the draft saves itself, conflicts are shown, words typed are kept."""

import pytest
from django.utils import timezone

from invoices import operations
from invoices.models import Invoice
from tests.invoices.scene import make_scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(transactional_db):
    return make_scene()


def test_an_invoice_is_written_and_submitted_by_keyboard_alone(open_page, scene):
    page = open_page("/invoices/", user=scene.clerk)
    page.keyboard.press("c")
    page.wait_for_url("**/invoices/new/")
    page.keyboard.type("kestr")
    page.wait_for_selector("#found a:has-text('Kestrel')")
    page.focus("#found a")
    page.keyboard.press("Enter")
    page.wait_for_url("**customer=**")
    page.focus("#id_lines-0-description")
    page.keyboard.type("CONS")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    page.keyboard.type("Travel, at cost")
    page.keyboard.press("Tab")
    page.keyboard.type("1")
    page.keyboard.press("Tab")
    page.keyboard.type("418.36")
    page.wait_for_url("**/edit/")
    page.wait_for_selector("#money:has-text('€2,325.69')")
    page.wait_for_selector("#due:has-text('30 days later')")
    page.wait_for_selector("#checks:has-text('Nothing stops it')")
    assert page.frame_locator("#preview iframe").locator("h1").inner_text() == "Invoice"

    page.focus("button[name=then]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".rec-head")
    invoice = Invoice.objects.get()
    assert invoice.document_status == Invoice.Status.PENDING
    assert invoice.lines.first().item == scene.item


def test_a_conflict_is_shown_where_one_types_and_both_texts_are_kept(open_page, scene):
    invoice = scene.draft()
    page = open_page(f"/invoices/{invoice.pk}/edit/", user=scene.clerk)
    operations.edit_draft(invoice, scene.input(po_number="PO-THEIRS"), actor=scene.lead, now=timezone.now())
    page.fill("#id_po_number", "PO-MINE")
    page.wait_for_selector("#notice:has-text('PO-THEIRS')")
    assert page.input_value("#id_po_number") == "PO-MINE"
    page.click("text=Save mine over it")
    page.wait_for_selector(".rec-head")
    invoice.refresh_from_db()
    assert invoice.po_number == "PO-MINE"


def test_a_reason_being_typed_survives_the_save_it_causes(open_page, scene):
    scene.issued("3000")
    again = scene.draft("3000")
    page = open_page(f"/invoices/{again.pk}/edit/", user=scene.clerk)
    page.click("#checks input")
    page.keyboard.type("A second delivery, agreed by mail", delay=40)
    page.wait_for_selector("#saved svg")
    assert page.input_value("#checks input") == "A second delivery, agreed by mail"
    page.click("button[name=then]")
    page.wait_for_selector(".rec-head")
    again.refresh_from_db()
    assert again.document_status == Invoice.Status.PENDING
