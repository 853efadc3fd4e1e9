"""Contacts, addresses and tax numbers."""

from datetime import timedelta

import pytest

from core.errors import Invalid, Refused
from customers import events, queries
from customers import operations as ops
from customers.models import Address, Contact, TaxId
from tests.factories import NOW, make_customer, make_user
from trail.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def biller():
    return make_user("specialist")


@pytest.fixture
def customer(biller):
    return make_customer(actor=biller)


def add(customer, actor, name="AP", **values):
    return ops.add_contact(customer, name=name, actor=actor, now=NOW, **values)


def test_a_contact_is_added_edited_and_deactivated(customer, biller):
    contact = add(customer, biller, email="ap@helios.example", purposes=["reminders", "billing"])
    assert contact.purposes == ["billing", "reminders"]

    ops.edit_contact(contact, actor=biller, now=NOW, phone="+49 40 12345")
    ops.deactivate_contact(contact, actor=biller, now=NOW)

    contact.refresh_from_db()
    assert (contact.phone, contact.is_active) == ("+49 40 12345", False)
    assert list(
        Entry.objects.filter(customer_key=customer.pk, fact__startswith="contact").values_list(
            "fact", flat=True
        )
    ) == [events.CONTACT_DEACTIVATED, events.CONTACT_EDITED, events.CONTACT_CREATED]
    with pytest.raises(Refused, match="deactivated"):
        ops.edit_contact(contact, actor=biller, now=NOW, phone="")


def test_what_a_contact_asked_for_is_kept_with_its_first_moment_until_taken_back(customer, biller):
    contact = add(customer, biller, email="ap@helios.example", opens_agreed=True)
    assert (contact.opens_agreed_at, contact.opted_out_at) == (NOW, None)

    later = NOW + timedelta(days=3)
    ops.edit_contact(contact, actor=biller, now=later, no_mail=True, opens_agreed=True)
    contact.refresh_from_db()
    assert (contact.opens_agreed_at, contact.opted_out_at) == (NOW, later)
    assert "opted_out_at" in Entry.objects.filter(fact=events.CONTACT_EDITED).latest("id").changes

    ops.edit_contact(contact, actor=biller, now=later, no_mail=False, opens_agreed=False)
    contact.refresh_from_db()
    assert (contact.no_mail, contact.opens_agreed) == (False, False)


def test_who_asked_for_no_mail_gets_none_when_the_address_is_entered_anew(customer, biller):
    contact = add(customer, biller, email="ap@helios.example", no_mail=True)
    ops.deactivate_contact(contact, actor=biller, now=NOW)
    again = add(customer, biller, email="AP@helios.example")
    assert again.opted_out_at == NOW
    other = add(customer, biller, email="new@helios.example")
    assert not other.no_mail

    ops.edit_contact(again, actor=biller, now=NOW, no_mail=False)
    ops.deactivate_contact(again, actor=biller, now=NOW)
    assert not ops.edit_contact(other, actor=biller, now=NOW, email="ap@helios.example").no_mail


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "email"),
        ({"email": "nobody"}, "email"),
        ({"phone": "+49 40 1234", "purposes": ["billing"]}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"email": "a@b.example", "purposes": ["gossip"]}, "purposes"),
        ({"email": "a@b.example", "language": "klingon"}, "language"),
        ({"email": "a@b.example", "name": ""}, "name"),
    ],
)
def test_a_wrong_contact_is_refused_and_nothing_is_written(customer, biller, given, field):
    with pytest.raises(Invalid) as refusal:
        add(customer, biller, **given)

    assert refusal.value.field == field
    assert refusal.value.mend
    assert not Contact.objects.exists()


def test_one_address_is_one_contact_until_it_is_deactivated(customer, biller):
    first = add(customer, biller, email="ap@helios.example")
    with pytest.raises(ops.ContactExists, match="AP has the address"):
        add(customer, biller, email="AP@helios.example")

    ops.deactivate_contact(first, actor=biller, now=NOW)
    add(customer, biller, email="AP@helios.example")


def test_mail_that_came_back_stops_until_the_address_changes(customer, biller):
    contact = add(customer, biller, email="old@helios.example", purposes=["billing"])

    ops.note_bounce(contact, reason="550 no such user", now=NOW)
    ops.note_bounce(contact, reason="550 again", now=NOW)
    assert queries.contacts_for(customer, "billing") == []
    assert Entry.objects.filter(fact=events.CONTACT_BOUNCED).count() == 1

    ops.edit_contact(contact, actor=biller, now=NOW, email="new@helios.example")
    assert queries.contacts_for(customer, "billing") == [contact]


def test_whom_to_write_to_is_the_purpose_else_billing_never_the_first(customer, biller):
    add(customer, biller, "Reception", email="info@helios.example")
    assert queries.contacts_for(customer, "reminders") == []

    billing = add(customer, biller, "AP", email="ap@helios.example", purposes=["billing"])
    assert queries.contacts_for(customer, "reminders") == [billing]

    dunning = add(customer, biller, "Treasury", email="t@helios.example", purposes=["reminders"])
    assert queries.contacts_for(customer, "reminders") == [dunning]
    assert queries.contacts_for(customer, "statements") == [billing]


ADDRESS = {"lines": ["Sonnenweg 3"], "postal_code": "80331", "city": "München", "country": "DE"}


def test_a_new_address_replaces_the_former_one_which_stays(customer, biller):
    first = ops.set_address(customer, **ADDRESS, actor=biller, now=NOW)
    same = ops.set_address(customer, **ADDRESS, actor=biller, now=NOW)
    ops.set_address(customer, **ADDRESS | {"lines": ["Mondweg 1"]}, actor=biller, now=NOW)
    ops.set_address(customer, **ADDRESS, kind="delivery", actor=biller, now=NOW)

    assert same == first
    assert [a.lines for a in Address.objects.filter(is_active=True)] == [["Mondweg 1"], ["Sonnenweg 3"]]
    assert Address.objects.count() == 3
    entry = Entry.objects.filter(fact=events.ADDRESS_SET).order_by("id")[1]
    assert entry.changes == {
        "billing_address": ["Sonnenweg 3, 80331 München, DE", "Mondweg 1, 80331 München, DE"]
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": [" "]}, "lines"),
        ({"lines": list("abcdef")}, "lines"),
        ({"city": ""}, "city"),
        ({"country": "Germany"}, "country"),
        ({"country": "US"}, "state_code"),
        ({"kind": "summer"}, "kind"),
    ],
)
def test_a_wrong_address_is_refused_and_the_former_one_holds(customer, biller, change, field):
    ops.set_address(customer, **ADDRESS, actor=biller, now=NOW)

    with pytest.raises(Invalid) as refusal:
        ops.set_address(customer, **ADDRESS | change, actor=biller, now=NOW)

    assert refusal.value.field == field
    assert Address.objects.get().is_active


def test_a_tax_number_is_checked_replaced_verified_and_ended(customer, biller):
    with pytest.raises(Invalid, match="check digits"):
        ops.set_tax_id(customer, scheme="VAT", number="DE136695977", actor=biller, now=NOW)
    assert not TaxId.objects.exists()

    old = ops.set_tax_id(customer, scheme="VAT", number="DE136695976", actor=biller, now=NOW)
    ops.verify_tax_id(old, register="VIES WAPIAAAAX1", actor=biller, now=NOW)
    again = ops.set_tax_id(customer, scheme="VAT", number="de 136 695 976", actor=biller, now=NOW)
    assert again == old

    new = ops.set_tax_id(customer, scheme="VAT", number="DE811907980", actor=biller, now=NOW)
    assert new.verified_at is None  # a new number is not verified because the old one was
    with pytest.raises(Refused, match="replaced"):
        ops.verify_tax_id(old, register="VIES", actor=biller, now=NOW)
    ops.end_tax_id(new, actor=biller, now=NOW)
    with pytest.raises(Refused):
        ops.end_tax_id(new, actor=biller, now=NOW)
    assert not TaxId.objects.filter(is_active=True).exists()
    assert Entry.objects.filter(fact=events.TAX_ID_SET).first().changes == {
        "VAT": ["DE136695976", "DE811907980"]
    }


def test_a_number_of_another_country_stands_beside_the_first(customer, biller):
    ops.set_tax_id(customer, scheme="VAT", number="DE136695976", actor=biller, now=NOW)
    ops.set_tax_id(customer, scheme="VAT", number="FR40303265045", country="FR", actor=biller, now=NOW)

    assert TaxId.objects.filter(is_active=True).count() == 2
