"""Bank data, terms and credit limit: asked by one, called back, approved by another, once."""

import threading
from decimal import Decimal

import pytest
from django.db import connection

from core.errors import Invalid
from customers import events, queries
from customers import operations as ops
from customers.models import BankDetail, ChangeRequest
from tests.factories import NOW, make_customer, make_entity, make_user
from trail.models import Entry

BANK = {"holder": "Helios Solar GmbH", "iban": "DE89370400440532013000"}
OTHER_BANK = {"holder": "Helios Solar GmbH", "iban": "DE02120300000000202051"}
PHONE = "+49 40 555-0199"


@pytest.fixture
def asker(db):
    return make_user("specialist", name="Jonas Ohm")


@pytest.fixture
def caller(db):
    return make_user("lead", name="Maya Köhler")


@pytest.fixture
def approver(db):
    return make_user("controller", name="Anna Kruse")


@pytest.fixture
def people(asker, caller, approver):
    return asker, caller, approver


@pytest.fixture
def customer(asker):
    customer = make_customer(actor=asker)
    ops.add_contact(customer, name="Treasury", phone=PHONE, actor=asker, now=NOW)
    return customer


def ask(customer, actor, subject="bank", proposed=BANK, reason="Letter of 18 Nov"):
    return ops.request_change(
        customer, subject=subject, proposed=proposed, reason=reason, actor=actor, now=NOW
    )


def call(change, actor, number=PHONE):
    return ops.record_call_back(change, person="Orla Byrne", number=number, actor=actor, now=NOW)


def test_new_bank_details_take_effect_after_a_call_back_and_a_second_person(
    customer, asker, caller, approver
):
    change = ask(customer, asker)
    assert not BankDetail.objects.exists()

    call(change, caller, number="0049 40 5550199")
    ops.approve_change(change, actor=approver, now=NOW)

    change.refresh_from_db()
    customer.refresh_from_db()
    assert (change.state, change.decided_by, change.called_person) == ("applied", approver, "Orla Byrne")
    assert queries.bank_detail(customer).iban == BANK["iban"]
    assert customer.lock_version == 2
    assert queries.changed_recently(customer, "bank", NOW.date())

    second = ask(customer, asker, proposed=OTHER_BANK)
    call(second, caller)
    ops.approve_change(second, actor=approver, now=NOW)
    assert BankDetail.objects.filter(customer=customer).count() == 2
    assert queries.bank_detail(customer).iban == OTHER_BANK["iban"]


def test_the_trail_names_everybody_and_masks_the_account(customer, asker, caller, approver):
    change = ask(customer, asker)
    call(change, caller)
    ops.approve_change(change, actor=approver, now=NOW)

    entries = Entry.objects.filter(fact__startswith="change.", customer_key=customer.pk).order_by("id")
    assert [(one.fact, one.actor) for one in entries] == [
        (events.CHANGE_REQUESTED, asker),
        (events.CHANGE_CALLED_BACK, caller),
        (events.CHANGE_APPLIED, approver),
    ]
    assert entries[2].changes["iban"] == ["", "•••• 3000"]
    assert not any(BANK["iban"] in str([one.changes, one.additional_data]) for one in entries)


@pytest.mark.parametrize(
    ("subject", "proposed", "stored"),
    [
        ("terms", {"terms_override": "net 60"}, {"terms_override": "NET 60"}),
        ("credit_limit", {"credit_limit": "25000"}, {"credit_limit": Decimal(25000)}),
    ],
)
def test_terms_and_limit_change_the_same_way(customer, people, subject, proposed, stored):
    asker, caller, approver = people
    change = ask(customer, asker, subject, proposed)
    call(change, caller)
    ops.approve_change(change, actor=approver, now=NOW)

    customer.refresh_from_db()
    assert {name: getattr(customer, name) for name in stored} == stored


def test_a_limit_is_lifted_with_none(customer, asker, caller, approver):
    for limit, stored in (("100", Decimal(100)), (None, None)):
        change = ask(customer, asker, "credit_limit", {"credit_limit": limit})
        call(change, caller)
        ops.approve_change(change, actor=approver, now=NOW)
        customer.refresh_from_db()
        assert customer.credit_limit == stored


def test_one_change_of_a_subject_waits_at_a_time(customer, asker):
    ask(customer, asker)

    with pytest.raises(ops.ChangeRefused, match="waits already"):
        ask(customer, asker, proposed=OTHER_BANK)

    ask(customer, asker, "credit_limit", {"credit_limit": "1"})
    assert ChangeRequest.objects.count() == 2


@pytest.mark.parametrize(
    ("subject", "proposed", "field"),
    [
        ("bank", {"holder": "H", "iban": "DE89370400440532013001"}, "iban"),
        ("terms", {"terms_override": ""}, "terms_override"),
        ("terms", {"payment_policy": 99999}, "payment_policy"),
        ("credit_limit", {"credit_limit": ""}, "credit_limit"),
        ("colour", {}, "subject"),
    ],
)
def test_a_wrong_or_empty_change_is_refused_and_not_kept(customer, asker, subject, proposed, field):
    with pytest.raises(Invalid) as refusal:
        ask(customer, asker, subject, proposed)

    assert refusal.value.field == field
    assert not ChangeRequest.objects.exists()
    assert not Entry.objects.filter(fact=events.CHANGE_REQUESTED).exists()


def test_without_a_number_on_file_nothing_can_be_asked(asker):
    with pytest.raises(ops.ChangeRefused, match="No phone number"):
        ask(make_customer(actor=asker), asker)


def test_a_number_that_came_with_the_letter_does_not_count(customer, asker, caller):
    change = ask(customer, asker)
    ops.add_contact(customer, name="New treasurer", phone="+49 40 666", actor=asker, now=NOW)

    with pytest.raises(ops.ChangeRefused, match="not on file when") as refusal:
        call(change, caller, number="+49 40 666")

    assert refusal.value.field == "number"
    change.refresh_from_db()
    assert change.called_back_at is None


def test_the_asker_neither_calls_nor_approves_even_as_superuser(customer, caller, approver):
    root = make_user(is_superuser=True)
    change = ask(customer, root)

    with pytest.raises(ops.ChangeRefused, match="does not call back"):
        call(change, root)
    call(change, caller)
    with pytest.raises(ops.ChangeRefused, match="yourself"):
        ops.approve_change(change, actor=root, now=NOW)

    change.refresh_from_db()
    assert change.state == "pending"
    assert not BankDetail.objects.exists()


def test_nothing_is_approved_before_the_call(customer, asker, approver):
    change = ask(customer, asker)

    with pytest.raises(ops.ChangeRefused, match="called the customer back"):
        ops.approve_change(change, actor=approver, now=NOW)

    assert not Entry.objects.filter(fact=events.CHANGE_APPLIED).exists()


def test_rights_are_asked_by_the_operation_itself(customer, asker, caller):
    change = ask(customer, asker)
    with pytest.raises(ops.ChangeRefused, match="masked"):
        call(change, make_user("specialist"))
    call(change, caller)

    with pytest.raises(ops.ChangeRefused, match="rights"):
        ops.approve_change(change, actor=make_user("specialist"), now=NOW)
    with pytest.raises(ops.ChangeRefused, match="rights"):
        ops.reject_change(change, reason="no", actor=make_user("auditor"), now=NOW)


def test_a_change_that_no_longer_starts_from_what_holds_is_refused(customer, asker, caller, approver):
    change = ask(customer, asker, "credit_limit", {"credit_limit": "100"})
    call(change, caller)
    type(customer).objects.filter(pk=customer.pk).update(credit_limit=7)

    with pytest.raises(ops.ChangeRefused, match="no longer"):
        ops.approve_change(change, actor=approver, now=NOW)

    customer.refresh_from_db()
    assert customer.credit_limit == 7


def test_a_change_is_rejected_or_withdrawn_once(customer, asker, approver):
    change = ask(customer, asker)
    with pytest.raises(Invalid):
        ops.reject_change(change, reason="", actor=approver, now=NOW)
    ops.reject_change(change, reason="Customer knows nothing of it", actor=approver, now=NOW)
    with pytest.raises(ops.ChangeRefused, match="rejected already"):
        ops.approve_change(change, actor=approver, now=NOW)

    own = ask(customer, asker)
    ops.reject_change(own, reason="Typing error", actor=asker, now=NOW)
    own.refresh_from_db()
    assert (own.state, own.decided_by) == ("rejected", None)
    assert Entry.objects.filter(fact=events.CHANGE_REJECTED).first().additional_data["withdrawn"] is True


def test_what_waits_is_shown_to_those_who_may_decide(customer, asker, approver):
    ask(customer, asker)

    assert queries.waiting_changes_count(approver) == 1
    assert queries.waiting_changes_count(asker) == 0
    assert queries.waiting_changes_count(make_user("auditor")) == 0


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_apply_one(asker, caller, approver):
    customer = make_customer(entity=make_entity(), actor=asker)
    ops.add_contact(customer, name="Treasury", phone=PHONE, actor=asker, now=NOW)
    change = ask(customer, asker)
    call(change, caller)
    director = make_user("director")
    barrier = threading.Barrier(2)
    results = []

    def decide(person):
        try:
            barrier.wait(60)
            ops.approve_change(ChangeRequest.objects.get(pk=change.pk), actor=person, now=NOW)
            results.append("applied")
        except ops.ChangeRefused as refusal:
            results.append(refusal.rule)
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(person,)) for person in (approver, director)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(results) == ["a_change_is_decided_once", "applied"]
    assert BankDetail.objects.count() == 1
    assert Entry.objects.filter(fact=events.CHANGE_APPLIED).count() == 1
    customer.refresh_from_db()
    assert customer.lock_version == 2
