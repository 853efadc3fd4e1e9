"""The editor: customer first, a draft that saves itself, conflicts, faults, requirements, terms."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from catalogue.queries import TaxDecision
from customers import operations as customers
from customers.models import RequirementAcknowledgement
from invoices import operations
from invoices.models import Invoice
from invoices.views import _editing
from tests.factories import make_user
from tests.invoices.scene import make_scene

pytestmark = pytest.mark.django_db
AUTOSAVE = "invoices:autosave"


@pytest.fixture
def scene():
    return make_scene()


def form(scene, *lines, **changes):
    """What the page sends; each line is a dict of controls."""
    rows = lines or (
        {"description": "Travel, at cost", "quantity": "2", "unit_price": "418.36", "tax": "standard"},
    )
    data = {
        "customer": scene.customer.pk,
        "entity": scene.entity.pk,
        "currency": "EUR",
        "token": "a-page",
        "lines-TOTAL_FORMS": len(rows),
        "lines-INITIAL_FORMS": 0,
        "charges-TOTAL_FORMS": 0,
        "charges-INITIAL_FORMS": 0,
    }
    for number, row in enumerate(rows):
        data |= {f"lines-{number}-{name}": value for name, value in row.items()}
    return data | changes


def test_first_whom_to_bill_then_what(client, scene):
    client.force_login(scene.clerk)
    page = client.get(reverse("invoices:new"), {"q": "kestrel"}).content.decode()
    assert f"?customer={scene.customer.pk}" in page
    found = client.get(reverse("invoices:pick"), {"q": "zzz", "target": "https://evil.example"})
    assert "No customer matches" in found.content.decode()
    editor = client.get(reverse("invoices:new"), {"customer": scene.customer.pk})
    assert editor.status_code == 200
    assert "data-autosave" in editor.content.decode()


def test_the_editor_stays_within_its_queries(client, scene, django_assert_max_num_queries):
    invoice = scene.draft()
    client.force_login(scene.clerk)
    client.get(reverse("invoices:edit", args=[invoice.pk]))
    with django_assert_max_num_queries(30):
        client.get(reverse("invoices:edit", args=[invoice.pk]))


def test_only_writers_come_in(client, scene):
    client.force_login(make_user("auditor"))
    assert client.get(reverse("invoices:new")).status_code == 403
    assert client.post(reverse(AUTOSAVE), form(scene)).status_code == 403
    assert not Invoice.objects.exists()


def test_the_first_valid_save_creates_the_draft_and_a_lost_answer_does_not_repeat_it(client, scene):
    client.force_login(scene.clerk)
    answer = client.post(reverse(AUTOSAVE), form(scene))
    invoice = Invoice.objects.get()
    assert answer.status_code == 200
    assert answer.headers["X-Version"] == str(invoice.lock_version)
    assert f'id="draft-id" value="{invoice.pk}"' in answer.content.decode()
    assert "€995.70" in answer.content.decode()
    assert invoice.payable == Decimal("995.70")

    again = client.post(reverse(AUTOSAVE), form(scene, version=invoice.lock_version))
    assert again.status_code == 200
    assert Invoice.objects.count() == 1


def test_totals_the_browser_sends_do_not_count(client, scene):
    client.force_login(scene.clerk)
    client.post(reverse(AUTOSAVE), form(scene, gross="1.00", payable="1.00", net_total="1.00"))
    assert Invoice.objects.get().payable == Decimal("995.70")


def test_a_code_alone_becomes_the_item_with_its_price(client, scene):
    client.force_login(scene.clerk)
    client.post(reverse(AUTOSAVE), form(scene, {"description": "cons", "quantity": "3", "tax": "standard"}))
    line = Invoice.objects.get().lines.get()
    assert (line.description, line.unit_price, line.list_price, line.unit) == (
        "Consulting",
        Decimal(128),
        Decimal(128),
        "h",
    )


def test_numbers_are_read_as_the_writer_writes_them(client, scene):
    scene.clerk.language = "de"
    scene.clerk.save(update_fields=["language"])
    client.force_login(scene.clerk)
    row = {"description": "Reise", "quantity": "1,5", "unit_price": "1.234,56", "tax": "standard"}
    assert client.post(reverse(AUTOSAVE), form(scene, row)).status_code == 200
    assert Invoice.objects.get().net_total == Decimal("1851.84")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"description": "Ok text", "quantity": "many", "unit_price": "1"}, "is not a number"),
        (
            {"description": "Ok text", "quantity": "1", "unit_price": "-5"},
            "Line 1, price: -5.00 is too little. Enter 0.00 or more.",
        ),
        ({"description": "Ok text", "quantity": "-1", "unit_price": "5"}, "the quantity is negative"),
        ({"description": "x", "quantity": "1", "unit_price": "5"}, "says too little"),
        ({"description": "Exempt care", "quantity": "1", "unit_price": "5", "tax": "exempt"}, "exempt"),
        ({"description": "y" * 400, "quantity": "1", "unit_price": "5"}, "at most 300"),
    ],
)
def test_a_line_that_cannot_be_right_is_named_and_nothing_is_saved(client, scene, row, said):
    client.force_login(scene.clerk)
    for answer in (
        client.post(reverse(AUTOSAVE), form(scene, row)),
        client.post(reverse("invoices:new"), form(scene, row)),
    ):
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert not Invoice.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"currency": "XXX"}, "currency"),
        ({"terms": "soon"}, "terms"),
        ({"discount_pct": "5"}, "needs a reason"),
        ({"supply_from": "2026-02-02", "supply_to": "2026-01-01"}, "ends before it begins"),
        ({"lines-TOTAL_FORMS": 0}, "no lines"),
    ],
)
def test_a_head_that_cannot_be_right_is_named(client, scene, changes, said):
    client.force_login(scene.clerk)
    answer = client.post(reverse("invoices:new"), form(scene, **changes))
    assert answer.status_code == 422
    assert said in answer.content.decode().lower()
    assert not Invoice.objects.exists()


def test_terms_with_two_readings_need_a_choice(client, scene):
    client.force_login(scene.clerk)
    asked = client.post(reverse(AUTOSAVE), form(scene, terms="30 days end of month"))
    assert asked.status_code == 422
    assert 'value="+30D EOM"' in asked.content.decode()
    assert 'value="EOM +30D"' in asked.content.decode()
    chosen = form(scene, terms="30 days end of month", terms_reading="EOM +30D")
    assert client.post(reverse(AUTOSAVE), chosen).status_code == 200
    assert Invoice.objects.get().terms == "EOM +30D"


def test_editing_keeps_the_policys_terms_the_policys(client, scene):
    invoice = scene.draft()
    assert invoice.terms == "NET 30"
    assert operations.as_input(invoice).terms == ""


def test_a_stale_page_shows_who_changed_what_and_keeps_what_was_typed(client, scene):
    invoice = scene.draft()
    operations.edit_draft(
        invoice, scene.input(po_number="PO-2"), actor=scene.lead, now=timezone.now(), expected_version=1
    )
    client.force_login(scene.clerk)
    data = form(scene, draft=invoice.pk, version="1", po_number="PO-3")
    auto = client.post(reverse(AUTOSAVE), data)
    full = client.post(reverse("invoices:edit", args=[invoice.pk]), data)
    for answer in (auto, full):
        assert answer.status_code == 409
        text = answer.content.decode()
        assert str(scene.lead) in text
        assert "PO-2" in text
        assert "PO-3" in text
    invoice.refresh_from_db()
    assert invoice.po_number == "PO-2"

    forced = client.post(
        reverse("invoices:edit", args=[invoice.pk]), data | {"force": str(invoice.lock_version)}
    )
    assert forced.status_code == 302
    invoice.refresh_from_db()
    assert invoice.po_number == "PO-3"


def test_an_approved_document_that_is_edited_loses_its_approval(client, scene):
    invoice = scene.approved("3000")
    client.force_login(scene.clerk)
    client.post(
        reverse("invoices:edit", args=[invoice.pk]),
        form(scene, draft=invoice.pk, version=invoice.lock_version),
    )
    invoice.refresh_from_db()
    assert invoice.document_status == Invoice.Status.DRAFT
    assert invoice.approved_hash == ""


def test_an_issued_document_has_no_editor(client, scene):
    invoice = scene.issued("3000")
    client.force_login(scene.clerk)
    assert client.get(reverse("invoices:edit", args=[invoice.pk])).status_code == 409
    data = form(scene, draft=invoice.pk, version=invoice.lock_version)
    assert client.post(reverse(AUTOSAVE), data).status_code in (409, 422)
    assert client.post(reverse("invoices:edit", args=[invoice.pk]), data).status_code == 409


def test_check_and_submit_in_one_step_and_what_stops_it(client, scene):
    client.force_login(scene.clerk)
    assert client.post(reverse("invoices:new"), form(scene, then="submit")).status_code == 302
    assert Invoice.objects.get().document_status == Invoice.Status.PENDING

    customers.add_requirement(
        customer=scene.customer,
        kind="po_required",
        severity="block",
        parameters={},
        valid_from=timezone.localdate(),
        actor=scene.clerk,
        now=timezone.now(),
    )
    stopped = client.post(reverse("invoices:new"), form(scene, then="submit", token="another"))
    assert stopped.status_code == 422
    assert "purchase order" in stopped.content.decode().lower()
    assert Invoice.objects.order_by("-pk").first().document_status == Invoice.Status.DRAFT


def test_requirements_are_read_on_first_use(client, scene):
    requirement = customers.add_requirement(
        customer=scene.customer,
        kind="po_required",
        severity="warn",
        parameters={},
        valid_from=timezone.localdate(),
        actor=scene.lead,
        now=timezone.now(),
    )
    client.force_login(scene.clerk)
    page = client.get(reverse("invoices:new"), {"customer": scene.customer.pk}).content.decode()
    assert "I have read it" in page
    data = {
        "customer": scene.customer.pk,
        "entity": scene.entity.pk,
        "requirement": requirement.pk,
        "revision": requirement.revision,
    }
    part = client.post(reverse("invoices:acknowledge"), data, headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "I have read it" not in part.content.decode()
    assert RequirementAcknowledgement.objects.get().user == scene.clerk
    assert client.post(reverse("invoices:acknowledge"), data).status_code == 302
    assert client.post(reverse("invoices:acknowledge"), data | {"revision": 99}).status_code == 409


@pytest.mark.parametrize(
    ("category", "rate", "said"),
    [("AE", "0", "Reverse charge"), ("Z", "0", "VAT 0%"), ("G", "0", "Export 0%"), ("S", "19", "VAT 19%")],
)
def test_a_tax_class_says_how_it_falls(category, rate, said):
    words = _editing._tax_words(TaxDecision(category, Decimal(rate), "VAT"), "Standard rate")
    assert words.replace("\N{NO-BREAK SPACE}", "") == said


def test_classes_that_fall_alike_keep_their_names_apart(client, scene, monkeypatch):
    def alike(*_args):
        return TaxDecision("AE", Decimal(0), "VAT")

    monkeypatch.setattr(_editing.Book, "tax", alike)
    on = date(2026, 3, 2)
    labels = [tax["label"] for tax in _editing._taxes_now(scene.customer.entity, scene.customer, on)]
    assert len(set(labels)) == len(labels) > 1
    assert all(label.startswith("Reverse charge · ") for label in labels)


def test_a_date_in_the_past_without_reason_is_told_when_it_is_saved(client, scene):
    client.force_login(scene.clerk)
    past = {"planned_on": (timezone.localdate() - timedelta(days=2)).isoformat()}
    said = "dated back"

    typing = client.post(reverse(AUTOSAVE), form(scene, **past)).content.decode()
    draft = Invoice.objects.get()
    saved = client.post(
        reverse("invoices:edit", args=[draft.pk]),
        form(scene, **past, version=draft.lock_version),
        follow=True,
    ).content.decode()
    draft.refresh_from_db()
    reason = {"backdate_reason": "The work was done then", "version": draft.lock_version}
    given = client.post(
        reverse("invoices:edit", args=[draft.pk]), form(scene, **past, **reason), follow=True
    ).content.decode()

    assert said in typing
    assert "without a reason. Say why under" in saved
    assert said not in given
    assert Invoice.objects.get().backdate_reason == "The work was done then"
