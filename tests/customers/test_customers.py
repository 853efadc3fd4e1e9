"""Adding, editing, blocking customers; segments."""

from decimal import Decimal

import pytest

from core.errors import Invalid, Refused, Stale
from customers import events
from customers import operations as ops
from customers.models import Customer, Segment
from policies.models import Policy
from tests.factories import NOW, make_customer, make_entity, make_user
from trail.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def biller():
    return make_user("specialist", name="Maya Köhler")


def facts(fact):
    return Entry.objects.filter(fact=fact)


def test_a_customer_is_added_with_a_number_a_first_day_and_an_entry(biller):
    entity = make_entity(time_zone="Asia/Kolkata")
    late = NOW.replace(hour=23)

    customer = ops.add_customer(entity=entity, name="  Helios   Solar ", country="de", actor=biller, now=late)

    customer.refresh_from_db()
    assert customer.name == "Helios Solar"
    assert customer.country == "DE"
    assert customer.number.startswith("C-1")
    assert customer.since.isoformat() == "2026-11-21"  # the day at the company
    assert customer.created_by == biller
    entry = facts(events.CUSTOMER_CREATED).get()
    assert (entry.object_id, entry.customer_key, entry.actor) == (customer.pk, customer.pk, biller)


def test_agreed_terms_can_be_entered_when_the_customer_is_won(biller):
    customer = make_customer(actor=biller, terms_override="net 14", credit_limit="5000", number="K-7")

    customer.refresh_from_db()
    assert (customer.terms_override, customer.credit_limit, customer.number) == (
        "NET 14",
        Decimal(5000),
        "K-7",
    )


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 161}, "name"),
        ({"country": "XX"}, "country"),
        ({"currency": "EURO"}, "currency"),
        ({"language": "german"}, "language"),
        ({"delivery_channel": "fax"}, "delivery_channel"),
        ({"kind": "robot"}, "kind"),
        ({"country": "IN", "state_code": "99"}, "state_code"),
        ({"terms_override": "soon"}, "terms"),
        ({"credit_limit": "-1"}, "credit_limit"),
        ({"notes": "x" * 10_000_000}, "notes"),
    ],
)
def test_a_wrong_customer_is_refused_with_field_and_mend_and_nothing_is_written(biller, given, field):
    entity = make_entity()

    with pytest.raises(Invalid) as refusal:
        make_customer(entity=entity, actor=biller, **given)

    assert (refusal.value.field or "currency") == field
    assert refusal.value.mend
    assert not Customer.objects.exists()
    assert not facts(events.CUSTOMER_CREATED).exists()


def test_a_number_is_given_once(biller):
    make_customer(actor=biller, number="K-1")

    with pytest.raises(ops.CustomerNumberTaken, match="K-1"):
        make_customer(actor=biller, number="K-1")

    assert Customer.objects.count() == 1


def test_an_edit_writes_only_what_differs(biller):
    customer = make_customer(name="Old", actor=biller)

    ops.edit_customer(
        customer, actor=biller, now=NOW, expected_version=1, name="New", country="DE", is_sez=False
    )

    customer.refresh_from_db()
    assert (customer.name, customer.lock_version) == ("New", 2)
    entry = facts(events.CUSTOMER_EDITED).get()
    assert entry.changes == {"name": ["Old", "New"]}
    assert entry.customer_key == customer.pk


def test_an_edit_that_changes_nothing_leaves_no_trace(biller):
    customer = make_customer(name="Same", actor=biller)

    ops.edit_customer(customer, actor=biller, now=NOW, expected_version=1, name="Same")

    customer.refresh_from_db()
    assert customer.lock_version == 1
    assert not facts(events.CUSTOMER_EDITED).exists()


def test_a_stale_form_is_refused_with_who_changed_it_and_what_holds(biller):
    customer = make_customer(name="First", actor=biller)
    anna = make_user("lead", name="Anna Kruse")
    ops.edit_customer(customer, actor=anna, now=NOW, expected_version=1, name="Anna's")

    with pytest.raises(Stale, match="Anna Kruse saved") as refusal:
        ops.edit_customer(customer, actor=biller, now=NOW, expected_version=1, name="Mine", notes="n")

    assert refusal.value.current == {"name": "Anna's", "notes": ""}
    assert refusal.value.changed_by == "Anna Kruse"
    assert refusal.value.changed_at == NOW
    customer.refresh_from_db()
    assert (customer.name, customer.notes) == ("Anna's", "")


@pytest.mark.parametrize(
    ("name", "value"), [("terms_override", "NET 90"), ("credit_limit", "9"), ("payment_policy", None)]
)
def test_terms_and_limit_are_not_edited_by_one_person(biller, name, value):
    customer = make_customer(actor=biller)

    with pytest.raises(Refused, match="one person") as refusal:
        ops.edit_customer(customer, actor=biller, now=NOW, name="New", **{name: value})

    assert refusal.value.field == name
    customer.refresh_from_db()
    assert customer.name != "New"


def test_a_group_of_companies_is_a_tree(biller):
    top = make_customer(actor=biller)
    below = make_customer(actor=biller, entity=top.entity, parent=top)

    with pytest.raises(Invalid, match="belongs to") as refusal:
        ops.edit_customer(top, actor=biller, now=NOW, parent=below)

    assert refusal.value.field == "parent"


def test_blocking_says_why_and_is_undone_with_a_reason(biller):
    customer = make_customer(actor=biller)

    ops.block_customer(customer, reason="Sanctions check", actor=biller, now=NOW)
    with pytest.raises(ops.CustomerStateRefused, match="already blocked"):
        ops.block_customer(customer, reason="again", actor=biller, now=NOW)
    customer.refresh_from_db()
    assert (customer.status, customer.status_reason) == ("blocked", "Sanctions check")

    ops.unblock_customer(customer, reason="Cleared", actor=biller, now=NOW)
    with pytest.raises(ops.CustomerStateRefused):
        ops.unblock_customer(customer, reason="Cleared", actor=biller, now=NOW)
    customer.refresh_from_db()
    assert (customer.status, customer.status_reason) == ("active", "")
    assert facts(events.CUSTOMER_BLOCKED).count() == facts(events.CUSTOMER_UNBLOCKED).count() == 1


def test_blocking_needs_a_reason(biller):
    customer = make_customer(actor=biller)

    with pytest.raises(Invalid):
        ops.block_customer(customer, reason=" ", actor=biller, now=NOW)

    customer.refresh_from_db()
    assert customer.status == "active"


def test_segments_have_names_of_their_own_and_hand_settings_down(biller):
    segment = ops.add_segment(name="Public sector", language="de", actor=biller, now=NOW)
    ops.edit_segment(segment, delivery_channel="peppol", actor=biller, now=NOW)

    with pytest.raises(Refused, match="already"):
        ops.add_segment(name="public SECTOR", actor=biller, now=NOW)
    with pytest.raises(Refused, match="one person"):
        ops.edit_segment(segment, payment_policy=Policy(), actor=biller, now=NOW)

    segment = Segment.objects.get()
    assert (segment.language, segment.delivery_channel) == ("de", "peppol")
    assert facts(events.SEGMENT_EDITED).get().changes == {"delivery_channel": ["", "peppol"]}
