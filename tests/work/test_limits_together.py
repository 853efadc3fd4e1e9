"""Limits are per customer and day: two people at the same moment do not pass them together."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest

from invoices import operations
from invoices.inputs import LineInput
from invoices.models import Invoice
from tests.book.test_concurrency import together
from tests.factories import make_user
from tests.world import NOW, make_item, make_world
from work.models import Approval
from work.operations import NotYours

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    """A customer who was billed before, so that nothing but the amount decides."""
    found = make_world()
    found.issued("100.00", now=NOW - timedelta(days=3))
    return found


def drafts(world, count: int, net: str, *, listed: bool) -> list[Invoice]:
    """Drafts whose net is what is payable, different enough that no gate takes them for one another."""
    item = make_item("LIST-1", "100")
    made = []
    for number in range(count):
        amount = Decimal(net) + number * 100
        line = LineInput(
            f"Hours of project {number}",
            amount / 100 if listed else Decimal(1),
            Decimal(100) if listed else amount,
            item=item if listed else None,
            tax_class="exempt",
            exemption_reason="Art. 132(1)(i)",
        )
        known = {"unusual-amount": "Meant", "near-duplicate": "Meant", "duplicate": "Meant"}
        draft = world.draft(lines=(line,), po_number=f"PO-{number}", overrides={} if listed else known)
        made.append(operations.write_draft(draft, actor=world.clerk, now=NOW))
    return made


def test_submissions_at_once_stay_within_what_needs_no_person(world):
    """10,000 a day pass by themselves: of six invoices of 4,000 to 4,500 two at most."""
    made = drafts(world, 6, "4000.00", listed=True)

    raised = together(
        len(made), lambda n: operations.submit_invoice(made[n], actor=world.clerk, now=NOW) and None
    )

    assert raised == []
    rows = Approval.objects.filter(automatic=True, subject_id__in=[one.pk for one in made])
    passed = sum((row.amount_functional for row in rows), Decimal(0))
    assert 0 < passed <= Decimal(10000)
    assert Approval.objects.filter(state="pending").count() == len(made) - rows.count()


def test_one_person_twice_at_once_stays_within_the_own_limit(world):
    """A lead decides up to 5,000 of typed prices for one customer and day: one of two times 3,000."""
    made = drafts(world, 2, "3000.00", listed=False)
    made = [operations.submit_invoice(one, actor=world.clerk, now=NOW) for one in made]
    lead = make_user("lead")
    keys = [[flag["key"] for flag in operations.pending_approval(one).flags] for one in made]
    lock = threading.Lock()
    refusals: list[str] = []

    def approve(n: int) -> None:
        try:
            operations.approve_invoice(made[n], actor=lead, now=NOW, confirmed=keys[n])
        except NotYours as refusal:
            with lock:
                refusals.append(refusal.rule)

    assert together(2, approve) == []

    assert refusals == ["approval_within_own_limit"]
    assert Approval.objects.filter(decided_by=lead, state="approved").count() == 1
