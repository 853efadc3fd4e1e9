"""Four eyes at the operations: limits, who never decides, splitting, flags, voiding."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.errors import DomainError, Refused
from customers.models import ChangeRequest
from invoices import operations
from invoices.inputs import LineInput
from invoices.models import Invoice
from invoices.operations import InvoiceNotIssuable
from ledger.queries import faults
from team.models import User
from tests.factories import make_customer, make_user
from tests.world import NOW, TODAY, furnish, make_item, make_world
from trail.queries import entries_of
from work import operations as work
from work.models import Approval
from work.operations import AlreadyDecided, NotYours, Unconfirmed
from work.queries import approvals_of, waiting_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = make_world()
    # Known already, so that size alone decides about the rest.
    world.issued("1.00", now=NOW - timedelta(days=100))
    return world


@pytest.fixture(autouse=True)
def book_is_sound():
    yield
    assert faults() == []


def d(text: str) -> Decimal:
    return Decimal(text)


def priced(world, net: str, **values) -> Invoice:
    """A draft at list price: net of exempt hours, so that net is what is payable."""
    hours = LineInput(
        f"Consulting hours for {net}",
        d(net) / 100,
        d("100"),
        item=make_item("LIST-1", "100"),
        tax_class="exempt",
        exemption_reason="Art. 132(1)(i)",
    )
    return operations.write_draft(world.draft(lines=(hours,), **values), actor=world.clerk, now=NOW)


def typed(world, net: str, **values) -> Invoice:
    """A draft with a price typed in."""
    given = LineInput(
        f"Work for {net}", d("1"), d(net), tax_class="exempt", exemption_reason="Art. 132(1)(i)"
    )
    values = {"overrides": {"unusual-amount": "A large project", "near-duplicate": "Two sites"}} | values
    return operations.write_draft(world.draft(lines=(given,), **values), actor=world.clerk, now=NOW)


def note(world, net: str) -> Invoice:
    """A draft credit note to an invoice of twice the amount."""
    invoice = operations.issue_invoice(
        world.approve(typed(world, str(2 * d(net)))), actor=world.clerk, now=NOW
    )
    return operations.write_credit_note(
        invoice, {1: d(net)}, reason_code="PRC", reason="Price", actor=world.clerk, now=NOW
    )


def asked(world, invoice: Invoice, *, actor: User | None = None) -> Approval:
    invoice = operations.submit_invoice(invoice, actor=actor or world.clerk, now=NOW)
    return approvals_of(invoice)[0]


def yes(invoice: Invoice, actor: User, *, now=NOW) -> Invoice:
    keys = [flag["key"] for flag in operations.pending_approval(invoice).flags]
    return operations.approve_invoice(invoice, actor=actor, now=now, confirmed=keys)


def refused(act, error=NotYours, match=None):
    before = list(Approval.objects.order_by("pk").values("pk", "state", "decided_by", "confirmed"))
    with pytest.raises(error, match=match) as refusal:
        act()
    assert list(Approval.objects.order_by("pk").values("pk", "state", "decided_by", "confirmed")) == before
    return refusal.value


# ---------------------------------------------------------------------------------------------- the table


@pytest.mark.parametrize(
    ("make", "kind", "amount", "needs"),
    [
        (priced, "standard_invoice", "10000.00", "auto"),
        (priced, "standard_invoice", "10001.00", "specialist"),
        (priced, "standard_invoice", "25000.00", "specialist"),
        (priced, "standard_invoice", "25001.00", "lead"),
        (priced, "standard_invoice", "100000.00", "lead"),
        (priced, "standard_invoice", "100001.00", "controller"),
        (typed, "manual_invoice", "0.01", "specialist"),
        (typed, "manual_invoice", "500.00", "specialist"),
        (typed, "manual_invoice", "500.01", "lead"),
        (typed, "manual_invoice", "5000.00", "lead"),
        (typed, "manual_invoice", "5000.01", "controller"),
        (typed, "manual_invoice", "50000.01", "director"),
        (note, "credit_note", "500.00", "specialist"),
        (note, "credit_note", "500.01", "lead"),
        (note, "credit_note", "5000.01", "controller"),
        (note, "credit_note", "50000.01", "director"),
    ],
)
def test_the_lowest_role_that_suffices_is_asked(world, make, kind, amount, needs):
    make_user("specialist")  # somebody besides the author

    approval = asked(world, make(world, amount))

    assert (approval.kind, approval.needed_role, approval.automatic) == (kind, needs, needs == "auto")
    assert approval.amount_functional == d(amount)


def test_a_small_invoice_at_list_price_passes_and_that_is_recorded(world):
    invoice = operations.submit_invoice(priced(world, "10000.00"), actor=world.clerk, now=NOW)

    approval = approvals_of(invoice).get()
    assert (invoice.document_status, approval.state, approval.decided_by) == ("approved", "approved", None)
    assert invoice.approved_hash == approval.snapshot_hash
    assert "approval.automatic" in {entry.fact for entry in entries_of(invoice)}
    assert operations.issue_invoice(invoice, actor=world.clerk, now=NOW).number


@pytest.mark.parametrize("change", ["price", "line discount", "document discount"])
def test_what_differs_from_the_list_is_manual(world, change):
    item = make_item("LIST-1", "100")
    price, off = ("99", None) if change == "price" else ("100", d("1") if change == "line discount" else None)
    values = {"discount_pct": d("1"), "discount_reason": "Loyal"} if change == "document discount" else {}
    lines = (LineInput("Consulting", d("5"), d(price), item=item, discount_pct=off),)
    draft = operations.write_draft(world.draft(lines=lines, **values), actor=world.clerk, now=NOW)

    assert asked(world, draft).kind == "manual_invoice"


def test_limits_are_in_the_money_of_the_books(world):
    """500 US dollars are 460 euros: within a specialist's 500."""
    make_user("specialist")

    approval = asked(world, typed(world, "500.00", currency="USD"))

    assert (approval.amount_functional, approval.needed_role) == (d("460.00"), "specialist")


@pytest.mark.parametrize(
    ("amount", "who", "may"),
    [
        ("500.00", "specialist", True),
        ("500.01", "specialist", False),
        ("5000.00", "lead", True),
        ("5000.01", "lead", False),
        ("50000.00", "controller", True),
        ("50000.01", "controller", False),
        ("90000.00", "director", True),
        ("1.00", "cash_applier", False),
        ("1.00", "", False),
    ],
)
def test_nobody_decides_above_their_limit(world, amount, who, may):
    invoice = operations.submit_invoice(typed(world, amount), actor=world.clerk, now=NOW)
    person = make_user(who)

    if may:
        assert yes(invoice, person).document_status == "approved"
    else:
        refusal = refused(lambda: yes(invoice, person))
        assert refusal.rule == "approval_within_own_limit"
        assert Invoice.objects.get(pk=invoice.pk).document_status == "pending_approval"


# ----------------------------------------------------------------------------------------- never your own


def test_the_author_never_decides_not_even_as_superuser(world):
    world.clerk.is_superuser = True
    world.clerk.save()
    world.clerk.groups.add(*world.director.groups.all())
    author = User.objects.get(pk=world.clerk.pk)
    invoice = operations.submit_invoice(typed(world, "10.00"), actor=author, now=NOW)

    refusal = refused(lambda: yes(invoice, author))

    assert refusal.rule == "nobody_approves_their_own_request"
    assert invoice not in [approval.subject_id for approval in waiting_for(author)]


def test_a_superuser_without_a_role_has_no_limit_to_approve_with(world):
    root = make_user(is_superuser=True)
    invoice = operations.submit_invoice(typed(world, "10.00"), actor=world.clerk, now=NOW)

    refused(lambda: yes(invoice, root))


def test_the_account_behind_an_api_key_does_not_approve_what_it_wrote(world):
    machine = make_user("controller", is_machine=True)
    draft = operations.write_draft(world.draft("10.00"), actor=machine, now=NOW)
    invoice = operations.submit_invoice(draft, actor=machine, now=NOW)

    refused(lambda: yes(invoice, machine))


def test_the_last_editor_does_not_decide_what_another_submits(world):
    invoice = typed(world, "10.00")
    operations.edit_draft(invoice, world.draft("20.00"), actor=world.controller, now=NOW)
    invoice = operations.submit_invoice(invoice, actor=world.clerk, now=NOW)

    refused(lambda: yes(invoice, world.controller))
    assert yes(invoice, world.lead).document_status == "approved"


def test_neither_does_the_creator_after_another_edited_and_submitted(world):
    draft = operations.write_draft(world.draft("10.00"), actor=world.controller, now=NOW)
    operations.edit_draft(draft, world.draft("20.00"), actor=world.lead, now=NOW)
    invoice = operations.submit_invoice(draft, actor=world.clerk, now=NOW)

    for person in (world.controller, world.lead, world.clerk):
        refused(lambda person=person: yes(invoice, person))
    assert yes(invoice, world.director).document_status == "approved"


def test_when_the_author_is_the_only_one_the_next_level_is_asked(world):
    assert asked(world, typed(world, "10.00")).needed_role == "lead"


def test_nobody_there_is_unresolved_and_waits(world):
    User.objects.exclude(pk=world.clerk.pk).update(is_active=False)

    invoice = typed(world, "10.00")
    approval = asked(world, invoice)

    assert (approval.needed_role, approval.state) == ("unresolved", "pending")
    with pytest.raises(InvoiceNotIssuable):
        operations.issue_invoice(invoice, actor=world.clerk, now=NOW)


# ---------------------------------------------------------------------------------------------- splitting


def test_splitting_does_not_get_around_a_limit(world):
    """Two of 300 for one customer on one day are 600: above a specialist's 500."""
    person = make_user("specialist")
    first, second = (
        operations.submit_invoice(typed(world, net), actor=world.clerk, now=NOW)
        for net in ("300.00", "301.00")
    )
    yes(first, person)

    refusal = refused(lambda: yes(second, person), match="today")

    assert refusal.rule == "approval_within_own_limit"
    assert yes(second, person, now=NOW + timedelta(days=1)).document_status == "approved"


def test_splitting_does_not_get_around_the_limit_that_needs_no_person(world):
    first = operations.submit_invoice(priced(world, "6000.00"), actor=world.clerk, now=NOW)
    second = operations.submit_invoice(priced(world, "5000.00"), actor=world.clerk, now=NOW)

    assert (first.document_status, second.document_status) == ("approved", "pending_approval")
    later = operations.submit_invoice(
        priced(world, "4000.00"), actor=world.clerk, now=NOW + timedelta(days=1)
    )
    assert later.document_status == "approved"


def test_the_day_is_the_companys(world):
    """23:30 UTC is the next day in Berlin: what was approved at noon does not count."""
    person = make_user("specialist")
    late = NOW.replace(hour=23, minute=30)
    first, second = (
        operations.submit_invoice(typed(world, net), actor=world.clerk, now=NOW)
        for net in ("300.00", "301.00")
    )
    yes(first, person)

    assert yes(second, person, now=late).document_status == "approved"


def test_another_customer_is_another_sum(world):
    other = furnish(make_customer(name="Zephyr Instruments", entity=world.entity), world.lead)
    person = make_user("specialist")
    first = operations.submit_invoice(typed(world, "300.00"), actor=world.clerk, now=NOW)
    second = operations.submit_invoice(typed(world, "301.00", customer=other), actor=world.clerk, now=NOW)
    yes(first, person)

    assert yes(second, person).document_status == "approved"


# -------------------------------------------------------------------------------------- flags, one by one


def test_what_is_unusual_is_confirmed_point_by_point(world):
    item = make_item("LIST-1", "100")
    lines = tuple(LineInput(f"Consulting {n}", d("1"), d(f"9{n}"), item=item) for n in (1, 2))
    invoice = operations.write_draft(world.draft(lines=lines), actor=world.clerk, now=NOW)
    invoice = operations.submit_invoice(invoice, actor=world.clerk, now=NOW)
    keys = [flag["key"] for flag in operations.pending_approval(invoice).flags]
    assert keys == ["price-1", "price-2"]

    for confirmed in ([], ["price-1"], ["price-1", "price-3"]):
        refusal = refused(
            lambda confirmed=confirmed: operations.approve_invoice(
                invoice, actor=world.director, now=NOW, confirmed=confirmed
            ),
            Unconfirmed,
        )
        assert refusal.rule == "flagged_fields_are_confirmed"
    operations.approve_invoice(invoice, actor=world.director, now=NOW, confirmed=keys)

    assert approvals_of(invoice).get().confirmed == keys


def test_a_first_invoice_is_looked_at_by_a_person_however_small():
    world = make_world()

    approval = asked(world, priced(world, "100.00"))

    assert (approval.automatic, [flag["key"] for flag in approval.flags]) == (False, ["new-customer"])


def test_bank_data_that_changed_lately_are_pointed_at(world):
    ChangeRequest.objects.create(
        customer=world.customer,
        subject=ChangeRequest.Subject.BANK,
        proposed={},
        reason="New bank",
        requested_by=world.clerk,
        requested_at=NOW - timedelta(days=4),
        state=ChangeRequest.State.APPLIED,
        decided_by=world.lead,
        decided_at=NOW - timedelta(days=3),
        called_person="Frau Berg",
        called_back_at=NOW - timedelta(days=3),
        called_back_by=world.lead,
    )

    assert [flag["key"] for flag in asked(world, priced(world, "100.00")).flags] == ["changed-bank"]


# ----------------------------------------------------------------------------------- no, edit, hash, once


def test_a_no_returns_the_draft_with_its_reason(world):
    invoice = operations.submit_invoice(typed(world, "10.00"), actor=world.clerk, now=NOW)
    refused(
        lambda: operations.reject_invoice(invoice, actor=world.director, now=NOW, reason="  "),
        DomainError,
        match="Say what",
    )

    operations.reject_invoice(invoice, actor=world.director, now=NOW, reason="Wrong hours")

    invoice.refresh_from_db()
    assert (invoice.document_status, approvals_of(invoice).get().reason) == ("draft", "Wrong hours")
    assert "Wrong hours" in str([entry.additional_data for entry in entries_of(invoice)])
    operations.edit_draft(invoice, world.draft("9.00"), actor=world.clerk, now=NOW)
    assert yes(operations.submit_invoice(invoice, actor=world.clerk, now=NOW), world.director)


def test_the_author_does_not_reject_either(world):
    invoice = operations.submit_invoice(typed(world, "10.00"), actor=world.clerk, now=NOW)

    refused(lambda: operations.reject_invoice(invoice, actor=world.clerk, now=NOW, reason="Mine"))


@pytest.mark.parametrize("status", ["pending_approval", "approved"])
def test_an_edit_voids_the_approval(world, status):
    invoice = operations.submit_invoice(typed(world, "10.00"), actor=world.clerk, now=NOW)
    if status == "approved":
        yes(invoice, world.director)

    operations.edit_draft(invoice, world.draft("99.00"), actor=world.clerk, now=NOW)

    invoice.refresh_from_db()
    assert (invoice.document_status, invoice.approved_hash) == ("draft", "")
    assert {row.state for row in approvals_of(invoice)} == {"void"}
    with pytest.raises(InvoiceNotIssuable):
        operations.issue_invoice(invoice, actor=world.clerk, now=NOW)


def test_taking_it_back_voids_it_and_asks_again(world):
    invoice = operations.submit_invoice(typed(world, "10.00"), actor=world.clerk, now=NOW)
    first = operations.pending_approval(invoice)
    operations.reopen_draft(invoice, actor=world.clerk, now=NOW)
    invoice = operations.submit_invoice(invoice, actor=world.clerk, now=NOW)

    refused(lambda: work.approve(first, actor=world.director, now=NOW), AlreadyDecided)
    assert yes(invoice, world.director).document_status == "approved"


@pytest.mark.parametrize(
    "change", [{"po_number": "PO-SMUGGLED"}, {"terms": "NET 90"}, {"payable": d("9.00")}]
)
def test_what_is_approved_is_what_was_submitted(world, change):
    invoice = operations.submit_invoice(typed(world, "10.00"), actor=world.clerk, now=NOW)
    values = change | ({"net_total": d("9.00"), "gross_total": d("9.00")} if "payable" in change else {})
    Invoice.objects.filter(pk=invoice.pk).update(**values)

    refused(lambda: yes(invoice, world.director), Refused, match="not the one that was submitted")


def test_the_hash_is_that_of_the_kept_snapshot(world):
    approval = asked(world, typed(world, "10.00"))

    assert work.hash_of(approval.snapshot) == approval.snapshot_hash


def test_a_question_is_answered_once(world):
    invoice = operations.submit_invoice(typed(world, "10.00"), actor=world.clerk, now=NOW)
    approval = operations.pending_approval(invoice)
    yes(invoice, world.director)

    refused(lambda: work.reject(approval, actor=world.controller, now=NOW, reason="No"), AlreadyDecided)
    refused(lambda: yes(invoice, world.controller), Refused)


def test_only_those_who_may_see_it_waiting(world):
    asked(world, typed(world, "600.00", planned_on=TODAY))

    assert [
        bool(waiting_for(person)) for person in (world.clerk, world.lead, world.director, world.cash)
    ] == [
        False,
        True,
        True,
        False,
    ]
