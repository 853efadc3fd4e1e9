"""Requirements with dates and levels, and who has seen them."""

from datetime import date
from functools import partial

import pytest

from core.errors import Invalid, Refused, Stale
from customers import events, queries
from customers import operations as ops
from customers.models import BillingRequirement, RequirementAcknowledgement
from tests.factories import NOW, make_customer, make_user
from trail.models import Entry

pytestmark = pytest.mark.django_db
FROM, LATER = date(2026, 1, 1), date(2026, 12, 1)
ON = date(2026, 11, 20)


@pytest.fixture
def biller():
    return make_user("specialist")


@pytest.fixture
def customer(biller):
    segment = ops.add_segment(name="Public", actor=biller, now=NOW)
    return make_customer(actor=biller, segment=segment)


@pytest.fixture
def add(biller):
    return partial(ops.add_requirement, valid_from=FROM, actor=biller, now=NOW)


def kinds(customer, on=ON):
    return [one.kind for one in queries.requirements_for(customer, customer.entity, on)]


def test_a_requirement_is_kept_with_its_parameters_and_recorded(customer, add):
    one = add(
        kind="po_required", customer=customer, parameters={"pattern": r"45\d{8}"}, source="Mail of 3 Jan"
    )

    assert one.parameters == {"pattern": r"45\d{8}"}
    entry = Entry.objects.get(fact=events.REQUIREMENT_CREATED)
    assert entry.customer_key == customer.pk
    assert entry.additional_data["level"] == "customer"
    assert kinds(customer) == ["po_required"]
    assert kinds(customer, date(2025, 12, 31)) == []


def test_levels_are_inherited_and_the_nearest_wins(customer, add):
    add(kind="po_required", severity="info")
    add(kind="po_required", entity=customer.entity, severity="warn")
    add(kind="cost_centre", entity=customer.entity)
    nearest = add(kind="po_required", segment=customer.segment, severity="block")
    add(kind="language", customer=customer, parameters={"language": "de"})
    other = make_customer(entity=customer.entity)

    found = queries.requirements_for(customer, customer.entity, ON)

    assert nearest in found
    assert kinds(customer) == ["po_required", "cost_centre", "language"]
    assert {one.severity for one in queries.overridden(customer, customer.entity, ON)} == {"info", "warn"}
    assert [one.severity for one in queries.requirements_for(other, customer.entity, ON)] == ["warn", "block"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "magic"}, "kind"),
        ({"kind": "po_required", "parameters": {"pattern": "("}}, "pattern"),
        ({"kind": "po_required", "severity": "shout"}, "severity"),
        ({"kind": "po_required", "valid_to": date(2025, 1, 1)}, "valid_to"),
        ({"kind": "po_required", "note": "x" * 301}, "note"),
    ],
)
def test_a_wrong_requirement_is_refused_and_nothing_is_written(customer, add, given, field):
    with pytest.raises(Invalid) as refusal:
        add(customer=customer, **given)

    assert refusal.value.field == field
    assert not BillingRequirement.objects.exists()
    assert not Entry.objects.filter(fact=events.REQUIREMENT_CREATED).exists()


def test_it_hangs_at_one_level(customer, add):
    with pytest.raises(Invalid, match="one level"):
        add(kind="po_required", customer=customer, entity=customer.entity)


def test_one_of_a_kind_holds_at_a_level_at_a_time(customer, add):
    add(kind="po_required", customer=customer, valid_to=date(2026, 6, 30))
    with pytest.raises(ops.RequirementOverlaps, match="2026-01-01 to 2026-06-30"):
        add(kind="po_required", customer=customer, valid_from=date(2026, 6, 30))

    add(kind="po_required", customer=customer, valid_from=date(2026, 7, 1))
    add(kind="custom_text", customer=customer, parameters={"text": "A"})
    add(kind="custom_text", customer=customer, parameters={"text": "B"})
    assert BillingRequirement.objects.count() == 4


def test_an_edit_raises_the_revision_and_keeps_what_was(customer, add, biller):
    one = add(kind="po_required", customer=customer)

    ops.edit_requirement(one, actor=biller, now=NOW, expected_revision=1, severity="warn", valid_to=LATER)
    with pytest.raises(Stale, match="revision 2"):
        ops.edit_requirement(one, actor=biller, now=NOW, expected_revision=1, severity="info")
    ops.edit_requirement(one, actor=biller, now=NOW, expected_revision=2, severity="warn")

    one.refresh_from_db()
    assert (one.revision, one.severity) == (2, "warn")
    assert Entry.objects.get(fact=events.REQUIREMENT_EDITED).changes == {
        "severity": ["block", "warn"],
        "valid_to": ["None", "2026-12-01"],
    }


def test_an_edit_may_not_end_it_before_it_begins(customer, add, biller):
    one = add(kind="po_required", customer=customer)

    with pytest.raises(Invalid, match="before it begins"):
        ops.edit_requirement(one, actor=biller, now=NOW, valid_to=date(2025, 1, 1))

    one.refresh_from_db()
    assert (one.revision, one.valid_to) == (1, None)


def test_a_requirement_ends_once_with_a_reason(customer, add, biller):
    one = add(kind="po_required", customer=customer)
    with pytest.raises(Invalid):
        ops.end_requirement(one, on=ON, reason="", actor=biller, now=NOW)

    ops.end_requirement(one, on=ON, reason="Order system retired", actor=biller, now=NOW)
    with pytest.raises(Refused, match="already"):
        ops.end_requirement(one, on=ON, reason="again", actor=biller, now=NOW)

    assert kinds(customer, ON) == ["po_required"]
    assert kinds(customer, date(2026, 11, 21)) == []
    assert Entry.objects.filter(fact=events.REQUIREMENT_ENDED).count() == 1


def test_a_biller_acknowledges_on_first_use_and_again_after_a_change(customer, add, biller):
    writer = make_user("lead")
    one = add(kind="po_required", segment=customer.segment, actor=writer)
    colleague = make_user("specialist")

    def waiting(user):
        return queries.unacknowledged(customer, customer.entity, user, ON)

    def see(revision, user=biller):
        return ops.acknowledge_requirement(one, customer=customer, revision=revision, actor=user, now=NOW)

    assert waiting(writer) == []
    assert waiting(biller) == [one]
    assert see(1) == see(1)
    assert waiting(biller) == []
    assert waiting(colleague) == [one]
    assert Entry.objects.filter(fact=events.REQUIREMENT_ACKNOWLEDGED, customer_key=customer.pk).count() == 1

    ops.edit_requirement(one, actor=colleague, now=NOW, severity="warn")
    assert waiting(biller) == [one]
    assert waiting(writer) == [one]
    with pytest.raises(Stale):
        see(1)
    see(2)
    assert waiting(biller) == []
    assert RequirementAcknowledgement.objects.count() == 2
