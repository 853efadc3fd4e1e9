"""The pages of payments: who may open them, what they show, what their forms do and refuse."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from invoices.models import Invoice
from ledger.models import Allocation, Entry, OpenItem
from ledger.queries import faults
from payments import operations
from payments.models import Payment, Refund, WriteOff
from tests.factories import make_user
from tests.world import NOW, TODAY, make_world

pytestmark = pytest.mark.django_db
CASH = {"cash_applier"}
EXPORTERS = {
    "specialist",
    "lead",
    "controller",
    "director",
    "manager",
    "collector",
    "cash_applier",
    "auditor",
}
READERS = {
    "specialist", "lead", "controller", "director", "manager", "collector", "cash_applier", "auditor",
    "compliance_officer",
}  # fmt: skip
STRANGERS = {"legal_adviser", "administrator"}
WRITERS_OFF = {"lead", "controller"}


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world():
    return make_world()


@pytest.fixture(autouse=True)
def book_is_sound(db):
    yield
    assert faults() == []


@pytest.fixture
def as_(client):
    """Sign in as a role, or as a person."""

    def sign_in(who):
        user = make_user(who) if isinstance(who, str) else who
        client.force_login(user)
        return client

    return sign_in


def url(name, *args):
    return reverse(f"payments:{name}", args=args)


def item_of(invoice):
    return invoice.instalments.get().open_item_id


def form(world, **values):
    """A filled in receipt."""
    return {
        "customer": world.customer.number,
        "amount": "119.00",
        "currency": "EUR",
        "received_on": TODAY.isoformat(),
        "method": "bank_transfer",
        "reference": "",
        "entity": world.entity.pk,
    } | values


def counts():
    """Everything a refused act must leave as it was."""
    return (
        Payment.objects.count(),
        Entry.objects.count(),
        Allocation.objects.count(),
        Refund.objects.count(),
        WriteOff.objects.count(),
    )


# ------------------------------------------------------------------------------------------------- rights
def pages(world):
    """Page -> roles that may open it."""
    invoice = world.issued("100.00")
    payment = world.pay(invoice, "19.00")
    spare = world.received("50.00")
    unknown = world.received("5.00", customer=None)
    write_off = operations.request_write_off(
        invoice, Decimal("10.00"), reason="Customer cannot pay it", actor=world.lead, now=NOW
    )
    refund = operations.request_refund(
        spare.open_item, Decimal("20.00"), reason="Asked by mail", actor=world.controller, now=NOW
    )
    return {
        url("list"): READERS,
        url("totals"): READERS,
        url("export"): EXPORTERS,
        url("detail", payment.pk): READERS,
        url("account", world.customer.pk): READERS,
        url("account_summary", world.customer.pk): READERS,
        url("statement", world.customer.pk): READERS,
        url("customer_names") + "?customer=e": READERS,
        url("refund_detail", refund.pk): READERS,
        url("write_off_detail", write_off.pk): READERS,
        url("record"): CASH,
        url("allocate", spare.pk): CASH,
        url("undo", Allocation.objects.first().pk): CASH,
        url("bounce", payment.pk): CASH,
        url("identify", unknown.pk): CASH,
        url("refund_request", spare.open_item_id): CASH | {"controller"},
        url("write_off_request", invoice.pk): WRITERS_OFF,
        url("small_difference", invoice.pk): WRITERS_OFF | CASH,
    }


@pytest.mark.parametrize("role", sorted(READERS | STRANGERS))
def test_each_page_opens_for_its_roles_and_for_nobody_else(world, as_, role):
    addresses = pages(world)
    client = as_(role)

    found = {address: client.get(address).status_code for address in addresses}

    assert found == {address: 200 if role in roles else 403 for address, roles in addresses.items()}


def test_pages_of_another_company_do_not_exist(world, as_):
    from entities.models import Access

    payment = world.received("50.00")
    other = make_world()
    Access.objects.create(user=other.cash, entity=other.entity)
    client = as_(other.cash)

    for address in (
        url("detail", payment.pk),
        url("allocate", payment.pk),
        url("bounce", payment.pk),
        url("account", world.customer.pk),
        url("refund_request", payment.open_item_id),
    ):
        assert client.get(address).status_code == 404, address
    assert payment.number not in client.get(url("list")).content.decode()


# ---------------------------------------------------------------------------------------------- recording
def test_a_receipt_is_recorded_and_used_in_one_go(world, as_):
    invoice = world.issued("100.00")

    answer = as_(world.cash).post(url("record"), form(world, **{f"part-{item_of(invoice)}": "119.00"}))

    payment = Payment.objects.get()
    assert answer.status_code == 302
    assert answer.url == payment.get_absolute_url()
    assert (payment.amount, payment.open_item.open_amount) == (119, 0)
    assert Invoice.objects.get(pk=invoice.pk).settlement_status == "paid"


def test_fee_and_withheld_tax_are_credited_too(world, as_):
    as_(world.cash).post(url("record"), form(world, amount="107.00", fee="2.00", withheld="10.00"))

    payment = Payment.objects.get()
    assert (payment.amount, payment.fee, payment.withheld) == (119, 2, 10)


def test_without_parts_the_proposal_follows(world, as_):
    answer = as_(world.cash).post(url("record"), form(world))

    assert answer.url == url("allocate", Payment.objects.get().pk)


def test_sent_twice_it_is_recorded_once(world, as_):
    invoice = world.issued("100.00")
    sent = form(world, token="once", **{f"part-{item_of(invoice)}": "119.00"})
    client = as_(world.cash)

    client.post(url("record"), sent)
    with time_machine.travel(NOW + timedelta(seconds=2), tick=False):
        client.post(url("record"), sent)

    assert (Payment.objects.count(), Allocation.objects.count()) == (1, 1)


def test_nobody_knows_who_paid(world, as_):
    as_(world.cash).post(url("record"), form(world, customer="", payer_name="ACME"))

    assert Payment.objects.get().customer is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"amount": ""}, "Enter what arrived"),
        ({"amount": "abc"}, "number"),
        ({"amount": "0"}, "more than nothing"),
        ({"amount": "1.001"}, "decimals"),
        ({"received_on": "2026-12-01"}, "has not come yet"),
        ({"customer": "Nobody at all"}, "No customer has this name"),
        ({"currency": "XXX"}, "“XXX” is not on the list"),
        ({"entity": "0"}, "Choose one that is shown"),
    ],
)
def test_what_cannot_be_recorded_says_why(world, as_, values, words):
    before = counts()

    answer = as_(world.cash).post(url("record"), form(world, **values))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert counts() == before


@pytest.mark.parametrize("typed", ["200.00", "much"])
def test_a_part_that_cannot_be_takes_the_receipt_back_too(world, as_, typed):
    invoice = world.issued("100.00")
    before = counts()

    answer = as_(world.cash).post(
        url("record"), form(world, amount="500.00", **{f"part-{item_of(invoice)}": typed})
    )

    assert answer.status_code == 422
    assert counts() == before
    assert typed in answer.content.decode()


def test_an_amount_that_cannot_be_read_is_told_while_one_types(world, as_):
    client = as_(world.cash)

    wrong = client.post(url("proposal"), form(world, amount="1.700,00")).content.decode()
    empty = client.post(url("proposal"), form(world, amount="")).content.decode()

    assert "“1.700,00” is not a number here. Write 1,700.00." in wrong
    assert 'class="err"' not in empty


def test_the_proposal_says_why_and_what_is_earned(world, as_):
    first = world.issued("1000.00", now=NOW - timedelta(days=5))
    client = as_(world.cash)

    shown = client.post(
        url("proposal"), form(world, amount="1166.20", reference=f"Payment of {first.number}")
    ).content.decode()

    assert "reference quoted" in shown
    assert "23.80" in shown
    assert counts()[0] == 0


def test_a_small_rest_can_be_let_go_with_the_receipt(world, as_):
    invoice = world.issued("100.00", now=NOW - timedelta(days=12))
    item = item_of(invoice)
    client = as_(world.cash)

    shown = client.post(url("proposal"), form(world, amount="118.50")).content.decode()
    assert f"letgo-{item}" in shown

    client.post(
        url("record"),
        form(world, amount="118.50", **{f"part-{item}": "118.50", f"letgo-{item}": "on"}),
    )
    assert Invoice.objects.get(pk=invoice.pk).balance == 0


def test_a_rest_above_the_tolerance_is_not_let_go(world, as_):
    invoice = world.issued("100.00")
    item = item_of(invoice)
    before = counts()

    answer = as_(world.cash).post(
        url("record"), form(world, amount="100.00", **{f"part-{item}": "100.00", f"letgo-{item}": "on"})
    )

    assert answer.status_code == 422
    assert counts() == before


def test_the_page_opened_from_an_invoice_knows_it(world, as_):
    invoice = world.issued("100.00")

    shown = as_(world.cash).get(url("record") + f"?invoice={invoice.pk}").content.decode()

    assert world.customer.number in shown
    assert 'value="119.00"' in shown
    assert "chosen by you" in shown


def test_customer_suggestions(world, as_):
    shown = (
        as_(world.cash).get(url("customer_names") + f"?customer={world.customer.name[:7]}").content.decode()
    )

    assert f"{world.customer.number} · {world.customer.name}" in shown


# --------------------------------------------------------------------------------------------- allocating
def test_allocating_a_recorded_receipt(world, as_):
    invoice, payment = world.issued("100.00"), world.received("119.00")

    answer = as_(world.cash).post(url("allocate", payment.pk), {f"part-{item_of(invoice)}": "119.00"})

    assert answer.status_code == 302
    assert Invoice.objects.get(pk=invoice.pk).balance == 0


@pytest.mark.parametrize(("typed", "status"), [("119.01", 409), ("-1", 422), ("x", 422), ("", 422)])
def test_a_wrong_allocation_is_refused_on_the_page(world, as_, typed, status):
    invoice, payment = world.issued("100.00"), world.received("500.00")
    before = counts()

    answer = as_(world.cash).post(url("allocate", payment.pk), {f"part-{item_of(invoice)}": typed})

    assert answer.status_code == status
    assert counts() == before


def test_a_preview_writes_nothing(world, as_):
    invoice, payment = world.issued("100.00"), world.received("119.00")
    before = counts()

    answer = as_(world.cash).post(
        url("allocate", payment.pk),
        {f"part-{item_of(invoice)}": "19.00", "typed": "1"},
        headers={"HX-Request": "true"},
    )

    assert answer.status_code == 200
    assert b"<html" not in answer.content
    assert counts() == before


def test_undoing_with_a_reason(world, as_):
    invoice = world.issued("100.00")
    payment = world.pay(invoice, "119.00")
    allocation = Allocation.objects.get()
    client = as_(world.cash)

    assert client.post(url("undo", allocation.pk), {"reason": ""}).status_code == 422
    assert Allocation.objects.count() == 1
    answer = client.post(url("undo", allocation.pk), {"reason": "Wrong invoice"})

    assert answer.url == payment.get_absolute_url()
    assert Invoice.objects.get(pk=invoice.pk).balance == 119
    assert client.post(url("undo", allocation.pk), {"reason": "Again"}).status_code == 409


def test_using_a_credit_note(world, as_):
    from invoices.operations import credit_in_full

    paid = world.issued("100.00")
    world.pay(paid, "119.00")
    note = credit_in_full(paid, reason_code="PRC", reason="All of it came back", actor=world.clerk, now=NOW)
    note = world.approve(note) if note.document_status == "draft" else note
    if note.document_status == "approved":
        from invoices.operations import issue_invoice

        issue_invoice(note, actor=world.clerk, now=NOW)
    credit = OpenItem.objects.get(side="credit", kind="credit_note")
    other = world.issued("50.00")
    client = as_(world.cash)

    assert client.get(url("credit_use", credit.pk)).status_code == 200
    assert client.post(url("credit_use", credit.pk), {f"part-{item_of(other)}": "60.00"}).status_code == 409
    assert Invoice.objects.get(pk=other.pk).balance == Decimal("59.50")
    assert client.post(url("credit_use", credit.pk), {f"part-{item_of(other)}": "59.50"}).status_code == 302
    assert Invoice.objects.get(pk=other.pk).balance == 0


def test_a_receipt_as_credit_goes_to_its_own_page(world, as_):
    payment = world.received("50.00")

    answer = as_(world.cash).get(url("credit_use", payment.open_item_id))

    assert answer.url == url("allocate", payment.pk)


# Returned receipts, and those nobody knows the payer of.
def test_a_returned_receipt(world, as_):
    invoice = world.issued("100.00")
    payment = world.pay(invoice, "119.00")
    client = as_(world.cash)
    sent = {"on": TODAY.isoformat(), "reason": "No funds"}

    assert client.post(url("bounce", payment.pk), sent | {"reason": ""}).status_code == 422
    assert client.post(url("bounce", payment.pk), sent).status_code == 302

    assert Payment.objects.get().state == "bounced"
    assert Invoice.objects.get(pk=invoice.pk).balance == 119
    before = counts()
    assert client.post(url("bounce", payment.pk), sent).status_code == 409
    assert counts() == before
    assert "No funds" in client.get(payment.get_absolute_url()).content.decode()


def test_a_receipt_that_was_paid_back_says_before_that_it_cannot_be_returned(world, as_):
    payment = world.received("50.00")
    refund = operations.request_refund(
        payment.open_item, Decimal("20.00"), reason="Asked by mail", actor=world.cash, now=NOW
    )
    operations.approve_refund(refund, actor=world.lead, now=NOW)
    client, before = as_(world.cash), counts()

    page = client.get(url("bounce", payment.pk)).content.decode()
    refused = client.post(url("bounce", payment.pk), {"on": TODAY.isoformat(), "reason": "No funds"})

    assert f"20.00 EUR of {payment} was refunded to the customer." in page
    assert "Everything below is reversed" not in page
    assert refused.status_code == 409
    assert counts() == before


def test_saying_who_paid(world, as_):
    payment = world.received("50.00", customer=None)
    client = as_(world.cash)

    assert client.post(url("identify", payment.pk), {"customer": "Nobody"}).status_code == 422
    answer = client.post(url("identify", payment.pk), {"customer": world.customer.name})

    assert answer.url == url("allocate", payment.pk)
    assert Payment.objects.get().customer == world.customer
    assert client.post(url("identify", payment.pk), {"customer": world.customer.number}).status_code == 409


# ------------------------------------------------------------------------------------ refunds, write-offs
def test_a_refund_needs_a_second_person(world, as_):
    payment = world.received("50.00")
    client = as_(world.cash)

    sent = {"amount": "50.00", "reason": "Paid twice, asked by mail"}
    assert (
        client.post(url("refund_request", payment.open_item_id), sent | {"amount": "51"}).status_code == 409
    )
    assert client.post(url("refund_request", payment.open_item_id), sent | {"reason": ""}).status_code == 422
    answer = client.post(url("refund_request", payment.open_item_id), sent)
    refund = Refund.objects.get()
    assert answer.url == url("refund_detail", refund.pk)
    assert client.post(url("refund_approve", refund.pk)).status_code == 403

    client = as_(world.lead)
    assert client.post(url("refund_approve", refund.pk)).status_code == 302
    refund.refresh_from_db()
    assert refund.state == "paid"
    assert OpenItem.objects.get().open_amount == 0


def test_a_refund_is_rejected_with_a_reason(world, as_):
    payment = world.received("50.00")
    refund = operations.request_refund(
        payment.open_item, Decimal("50.00"), reason="Asked by mail", actor=world.cash, now=NOW
    )
    client = as_(world.lead)

    assert client.post(url("refund_reject", refund.pk), {"reason": ""}).status_code == 422
    assert client.post(url("refund_reject", refund.pk), {"reason": "They owe us more"}).status_code == 302
    assert client.post(url("refund_approve", refund.pk)).status_code == 409
    refund.refresh_from_db()
    assert refund.state == "rejected"


def test_a_refused_refund_says_amounts_as_written_and_what_waits(world, as_):
    payment = world.received("50.00")
    client, address = as_(world.cash), url("refund_request", payment.open_item_id)
    sent = {"amount": "50.00", "reason": "Paid twice, asked by mail"}

    nothing = client.post(address, sent | {"amount": "0"})
    above = client.post(address, sent | {"amount": "51"})
    client.post(address, sent)
    again = client.post(address, sent)

    assert "A refund is more than nothing" in nothing.content.decode()
    assert "50.00 EUR can be refunded; 51.00 was asked for. Undo" in above.content.decode()
    assert "0.00 EUR can be refunded" in again.content.decode()
    assert "Decide the refund of 50.00 EUR that waits" in again.content.decode()
    assert Refund.objects.count() == 1


def test_nobody_decides_their_own_write_off(world, as_):
    invoice = world.issued("100.00")
    client = as_(world.lead)
    sent = {"amount": "119.00", "reason": "Insolvent, nothing to get"}

    assert "6800" in client.get(url("write_off_request", invoice.pk)).content.decode()
    assert client.post(url("write_off_request", invoice.pk), sent | {"amount": "120"}).status_code == 409
    assert client.post(url("write_off_request", invoice.pk), sent | {"reason": "no"}).status_code == 422
    assert client.post(url("write_off_request", invoice.pk), sent).status_code == 302
    row = WriteOff.objects.get()
    assert client.post(url("write_off_approve", row.pk)).status_code == 409

    client = as_(world.controller)
    assert client.post(url("write_off_approve", row.pk)).status_code == 302
    assert Invoice.objects.get(pk=invoice.pk).settlement_status == "written_off"
    assert client.post(url("write_off_reject", row.pk), {"reason": "Too late now"}).status_code == 409

    assert as_(world.cash).post(url("write_off_recover", row.pk)).status_code == 302
    assert Invoice.objects.get(pk=invoice.pk).balance == 119


def test_a_write_off_is_rejected(world, as_):
    invoice = world.issued("100.00")
    row = operations.request_write_off(
        invoice, Decimal("10.00"), reason="Customer cannot pay it", actor=world.lead, now=NOW
    )

    answer = as_(world.controller).post(url("write_off_reject", row.pk), {"reason": "Ask them once more"})

    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.state, Invoice.objects.get(pk=invoice.pk).balance) == ("rejected", 119)


def test_the_invoice_leads_to_giving_up_its_rest(world, as_):
    invoice = world.issued("100.00")
    addresses = [url("small_difference", invoice.pk), url("write_off_request", invoice.pk)]

    page = as_("controller").get(invoice.get_absolute_url()).content.decode()
    assert all(f'href="{address}"' in page for address in addresses)
    page = as_("auditor").get(invoice.get_absolute_url()).content.decode()
    assert not any(f'href="{address}"' in page for address in addresses)


def test_a_refused_write_off_names_the_most_as_it_is_written(world, as_):
    invoice = world.issued("100.00")
    address = url("write_off_request", invoice.pk)

    for amount in ("0", "120"):
        said = as_(world.lead).post(address, {"amount": amount, "reason": "Insolvent, nothing to get"})
        assert said.status_code == 409
        assert "119.00 EUR is open. Enter more than 0 and at most 119.00." in said.content.decode()
    assert not WriteOff.objects.exists()


def test_a_small_difference_within_the_policy(world, as_):
    invoice = world.issued("100.00")
    world.pay(invoice, "118.20")
    client = as_(world.cash)

    assert "0.80" in client.get(url("small_difference", invoice.pk)).content.decode()
    assert client.post(url("small_difference", invoice.pk)).status_code == 302
    assert Invoice.objects.get(pk=invoice.pk).balance == 0


def test_a_difference_above_the_policy_is_refused(world, as_):
    invoice = world.issued("100.00")
    before = counts()

    assert as_(world.cash).post(url("small_difference", invoice.pk)).status_code == 409
    assert counts() == before


# ------------------------------------------------------------------------------------------ list, account
def test_the_list_sums_what_it_shows(world, as_):
    world.received("100.00")
    world.received("50.00", customer=None)
    back = world.received("7.00")
    operations.bounce_payment(back, on=TODAY, reason="No funds", actor=world.cash, now=NOW)
    client = as_("auditor")

    totals = client.get(url("list")).context["totals"]
    assert [(t.count, t.amount, t.left, t.returned) for t in totals] == [(3, 150, 150, 7)]
    for tab, number in (("unallocated", 1), ("unidentified", 1), ("returned", 1)):
        page = client.get(url("list") + f"?tab={tab}").context["page"]
        assert len(page.items) == number, tab


@pytest.mark.parametrize("text", ["PAY-{pk:06d}", "{pk}", "77.77", "abc-1", "{name}"])
def test_a_receipt_is_found_by(world, as_, text):
    world.received("5.00", reference="other", customer=None)
    payment = world.received("77.77", reference="XABC-123")

    asked = text.format(pk=payment.pk, name=world.customer.name)
    page = as_("auditor").get(url("list"), {"q": asked}).context["page"]

    assert [one.pk for one in page.items] == [payment.pk]


def test_export_is_safe_in_a_spreadsheet(world, as_):
    world.received("5.00", reference="=HYPERLINK(1)")

    text = b"".join(as_("auditor").get(url("export"))).decode("utf-8-sig")

    assert "'=HYPERLINK(1)" in text
    assert "5.00" in text


def test_the_export_says_the_states_of_the_page(world, as_):
    world.pay(world.issued("100.00"), "119.00")
    more = world.received("130.00")
    item = world.issued("50.00").instalments.get().open_item_id
    operations.allocate_payment(more, [operations.Part(item, Decimal("59.50"))], actor=world.cash, now=NOW)
    world.received("5.00")
    world.received("6.00", customer=None)
    operations.bounce_payment(world.received("7.00"), on=TODAY, reason="No funds", actor=world.cash, now=NOW)
    client = as_("auditor")

    text = b"".join(client.get(url("export"))).decode("utf-8-sig")

    states = [row["state"] for row in csv.DictReader(io.StringIO(text))]
    assert states == ["Returned", "Unidentified", "Unallocated", "Part allocated", "Allocated"]
    page = client.get(url("list")).content.decode()
    assert all(f"{word}</span>" in page for word in states)


def test_the_account_adds_up_today_and_on_any_day(world, as_):
    early = NOW - timedelta(days=60)
    late = world.issued("1000.00", now=early)
    world.issued("100.00")
    world.pay(late, "190.00", now=NOW - timedelta(days=3))
    world.received("40.00")
    client = as_("auditor")

    [now] = [one["account"] for one in client.get(url("account", world.customer.pk)).context["accounts"]]
    assert (now.outstanding, now.overdue, now.credit, now.closing) == (1119, 1000, 40, 1079)
    assert now.difference == 0
    assert sum(row.open_amount for row in now.items) == now.outstanding
    assert now.opening + sum(row.amount for row in now.movements) == now.closing

    before = (NOW - timedelta(days=10)).date()
    answer = client.get(url("account", world.customer.pk), {"as_of": before.isoformat()})
    [then] = [one["account"] for one in answer.context["accounts"]]
    assert (then.outstanding, then.overdue, then.credit, then.difference) == (1190, 1190, 0, 0)


def test_the_statement_file_ends_with_the_balance(world, as_):
    world.issued("100.00")

    text = b"".join(as_("auditor").get(url("statement", world.customer.pk))).decode("utf-8-sig")

    rows = text.strip().splitlines()
    assert rows[1].startswith("EUR,2026-08-18,opening")
    assert rows[-1].endswith("Closing balance,,119.00")


def test_pages_ask_few_questions(world, as_, django_assert_max_num_queries):
    for number in range(7, -1, -1):
        invoice = world.issued(f"{100 + number}.00", now=NOW - timedelta(days=number * 15))
        world.pay(invoice, f"{10 + number}.00")
    payment = Payment.objects.first()
    client = as_(world.cash)
    for address in (
        url("list"),
        url("detail", payment.pk),
        url("account", world.customer.pk),
        url("record"),
    ):
        client.get(address)
        with django_assert_max_num_queries(30):
            assert client.get(address).status_code == 200


# ------------------------------------------------------------------------------ the same form sent again
MARK = {"once": "0" * 31 + "1"}


def test_an_allocation_sent_again_is_one_allocation(world, as_):
    invoice, payment = world.issued("100.00"), world.received("119.00")
    sent = {f"part-{item_of(invoice)}": "40.00"} | MARK
    client = as_(world.cash)

    first = client.post(url("allocate", payment.pk), sent)
    before, left = counts(), Invoice.objects.get(pk=invoice.pk).balance
    again = client.post(url("allocate", payment.pk), sent)

    assert (first.status_code, again.status_code) == (302, 302)
    assert again["Location"] == first["Location"]
    assert counts() == before
    assert Invoice.objects.get(pk=invoice.pk).balance == left < 119
    other = client.post(url("allocate", payment.pk), sent | {f"part-{item_of(invoice)}": "41.00"})
    assert other.status_code == 422
    assert counts() == before


def test_a_refund_asked_again_by_the_same_form_is_one_refund(world, as_):
    payment = world.received("50.00")
    sent = {"amount": "20.00", "reason": "Paid twice, asked by mail"} | MARK
    client = as_(world.cash)
    page = client.get(url("refund_request", payment.open_item_id))
    assert 'name="once"' in page.content.decode()

    answers = [client.post(url("refund_request", payment.open_item_id), sent) for _ in range(2)]

    assert {answer["Location"] for answer in answers} == {url("refund_detail", Refund.objects.get().pk)}


def test_a_write_off_asked_again_by_the_same_form_is_one_request(world, as_):
    invoice = world.issued("100.00")
    sent = {"amount": "20.00", "reason": "Insolvent, asked twice by mail"} | MARK
    client = as_(world.lead)
    address = url("write_off_request", invoice.pk)
    assert 'name="once"' in client.get(address).content.decode()

    answers = [client.post(address, sent) for _ in range(2)]

    assert {answer["Location"] for answer in answers} == {url("write_off_detail", WriteOff.objects.get().pk)}


def test_a_refused_form_is_mended_and_sent_under_the_same_mark(world, as_):
    payment = world.received("50.00")
    sent = {"amount": "51.00", "reason": "Paid twice, asked by mail"} | MARK
    client = as_(world.cash)

    assert client.post(url("refund_request", payment.open_item_id), sent).status_code == 409
    assert not Refund.objects.exists()
    mended = client.post(url("refund_request", payment.open_item_id), sent | {"amount": "50.00"})

    assert mended.status_code == 302
    assert Refund.objects.get().amount == 50


def test_too_much_of_a_receipt_names_its_number_and_amounts_as_written(world, as_):
    invoice, payment = world.issued("100.00"), world.received("40.00")

    answer = as_(world.cash).post(url("allocate", payment.pk), {f"part-{item_of(invoice)}": "60.00"})

    assert answer.status_code == 409
    assert f"40.00 EUR is left of {payment.number}; 60.00 is too much." in answer.content.decode()
