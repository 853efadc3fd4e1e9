"""Bank accounts change by two persons and a call to the bank."""

import pytest
from django.db import DatabaseError, connection, transaction

from core.errors import Invalid, Refused
from entities import events
from entities.models import BankAccount, BankChange
from entities.operations import apply_bank_change, reject_bank_change, request_bank_change
from entities.queries import bank_account
from tests.factories import NOW, make_entity, make_user
from trail.models import Entry

pytestmark = pytest.mark.django_db
DETAILS = {
    "holder": "Northwind GmbH",
    "bank_name": "Hausbank",
    "iban": "DE89 3704 0044 0532 0130 00",
    "bic": "cobadeff",
}


@pytest.fixture
def one():
    return make_user("controller")


@pytest.fixture
def two():
    return make_user("administrator")


def propose(entity, actor, **details):
    return request_bank_change(
        entity, currency="EUR", proposed=DETAILS | details, reason="New bank", actor=actor, now=NOW
    )


def test_nothing_changes_until_a_second_person_applies_it(one, two):
    entity = make_entity()
    change = propose(entity, one)
    assert bank_account(entity, "EUR") is None

    account = apply_bank_change(change, checked_with="Ms Roth, branch 4, by phone", actor=two, now=NOW)

    assert bank_account(entity, "EUR") == account
    assert (account.iban, account.bic) == ("DE89370400440532013000", "COBADEFF")
    entry = Entry.objects.get(fact=events.BANK_CHANGE_APPLIED)
    assert entry.actor == two
    assert entry.additional_data["requested_by"] == one.email


def test_the_old_account_stays_inactive(one, two):
    entity = make_entity()
    first = apply_bank_change(propose(entity, one), checked_with="bank", actor=two, now=NOW)

    apply_bank_change(
        propose(entity, two, iban="IE29AIBK93115212345678"), checked_with="bank", actor=one, now=NOW
    )

    first.refresh_from_db()
    assert not first.is_active
    assert BankAccount.objects.count() == 2


@pytest.mark.parametrize(
    ("decide", "words"),
    [(apply_bank_change, {"checked_with": "bank"}), (reject_bank_change, {"reason": "no"})],
)
def test_who_asked_does_not_decide(one, decide, words):
    change = propose(make_entity(), one)

    with pytest.raises(Refused, match="does not decide"):
        decide(change, **words, actor=one, now=NOW)

    change.refresh_from_db()
    assert change.state == "pending"
    assert not BankAccount.objects.exists()


def test_without_a_call_to_the_bank_nothing_happens(one, two):
    change = propose(make_entity(), one)

    with pytest.raises(Invalid, match="confirmed"):
        apply_bank_change(change, checked_with=" ", actor=two, now=NOW)
    assert not BankAccount.objects.exists()


def test_a_decided_change_is_decided(one, two):
    change = propose(make_entity(), one)
    reject_bank_change(change, reason="Unknown bank", actor=two, now=NOW)

    with pytest.raises(Refused, match="already"):
        apply_bank_change(change, checked_with="bank", actor=two, now=NOW)
    assert BankChange.objects.get().decision_reason == "Unknown bank"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"iban": "DE89370400440532013001"}, "iban"),
        ({"iban": "", "account_number": ""}, "iban"),
        ({"iban": "", "account_number": "123"}, "routing"),
        ({"bic": "X"}, "bic"),
        ({"upi_id": "no at"}, "upi_id"),
        ({"holder": ""}, "holder"),
    ],
)
def test_wrong_details_are_refused(one, wrong, field):
    with pytest.raises(Invalid) as refusal:
        propose(make_entity(), one, **wrong)

    assert refusal.value.field == field
    assert not BankChange.objects.exists()


def test_one_change_waits_at_a_time(one, two):
    entity = make_entity()
    propose(entity, one)
    with pytest.raises(Refused, match="waits already"):
        propose(entity, two)


def test_the_database_holds_four_eyes_too(one):
    change = propose(make_entity(), one)

    with (
        pytest.raises(DatabaseError, match="nobody_approves"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE entities_bankchange SET state='applied', decided_by_id=requested_by_id, decided_at=now(),"
            " checked_with='x' WHERE id=%s",
            [change.pk],
        )
