"""T19: due dates through issue, across zones, 29 February, month ends and holidays; and their reasons."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from catalogue.models import TaxRate
from invoices import operations
from ledger.queries import faults
from tests.world import make_policy, make_world

pytestmark = pytest.mark.django_db

PASSED = dict.fromkeys(("duplicate", "near-duplicate", "unusual-amount", "similar-customer"), "a case")
# (zone, instant of issue, terms, day of issue there, due day)
CASES = [
    # the seller's zone decides the day
    ("Europe/Berlin", "2026-11-16T22:59:59", "NET 30", "2026-11-16", "2026-12-16"),
    ("Europe/Berlin", "2026-11-16T23:00:00", "NET 30", "2026-11-17", "2026-12-17"),
    ("Asia/Kolkata", "2026-11-16T18:29:59", "NET 30", "2026-11-16", "2026-12-16"),
    ("Asia/Kolkata", "2026-11-16T18:30:00", "NET 30", "2026-11-17", "2026-12-17"),
    ("America/New_York", "2026-11-17T04:59:59", "NET 30", "2026-11-16", "2026-12-16"),
    ("America/New_York", "2026-11-17T05:00:00", "NET 30", "2026-11-17", "2026-12-17"),
    ("Pacific/Kiritimati", "2026-12-31T10:00:00", "NET 0", "2027-01-01", "2027-01-01"),
    ("Pacific/Pago_Pago", "2027-01-01T10:59:59", "NET 0", "2026-12-31", "2026-12-31"),
    # the hour that is missing or comes twice is no day
    ("Europe/Berlin", "2026-03-28T23:30:00", "NET 1", "2026-03-29", "2026-03-30"),
    ("Europe/Berlin", "2026-10-25T00:30:00", "NET 1", "2026-10-25", "2026-10-26"),
    ("Europe/Berlin", "2026-10-25T22:59:00", "NET 1", "2026-10-25", "2026-10-26"),
    # 29 February
    ("Europe/Berlin", "2028-02-29T10:00:00", "NET 0", "2028-02-29", "2028-02-29"),
    ("Europe/Berlin", "2028-02-29T10:00:00", "+12M", "2028-02-29", "2029-02-28"),
    ("Europe/Berlin", "2028-02-29T10:00:00", "+1M", "2028-02-29", "2028-03-29"),
    ("Europe/Berlin", "2028-01-30T10:00:00", "NET 30", "2028-01-30", "2028-02-29"),
    ("Europe/Berlin", "2028-01-31T10:00:00", "+1M", "2028-01-31", "2028-02-29"),
    ("Europe/Berlin", "2026-01-31T10:00:00", "+1M", "2026-01-31", "2026-02-28"),
    # month ends
    ("Europe/Berlin", "2026-08-31T10:00:00", "+6M", "2026-08-31", "2027-02-28"),
    ("Europe/Berlin", "2026-01-31T10:00:00", "NET 30", "2026-01-31", "2026-03-02"),
    ("Europe/Berlin", "2026-01-15T10:00:00", "EOM +30D", "2026-01-15", "2026-03-02"),
    ("Europe/Berlin", "2026-01-15T10:00:00", "+30D EOM", "2026-01-15", "2026-02-28"),
    ("Europe/Berlin", "2026-02-28T10:00:00", "+1M EOM", "2026-02-28", "2026-03-31"),
    ("Europe/Berlin", "2026-08-15T10:00:00", "CUT12 +1M DAY20", "2026-08-15", "2026-10-20"),
    ("Europe/Berlin", "2026-08-12T10:00:00", "CUT12 +1M DAY20", "2026-08-12", "2026-09-20"),
    # the seller's zone puts the last evening of a month into the next one
    ("Europe/Berlin", "2026-01-31T23:30:00", "EOM", "2026-02-01", "2026-02-28"),
    ("America/New_York", "2026-03-01T04:30:00", "EOM", "2026-02-28", "2026-02-28"),
    # weekends and holidays of Hamburg: 3 October 2026 is a Saturday, 31 October a Saturday holiday
    ("Europe/Berlin", "2026-05-01T10:00:00", "NET 30/F", "2026-05-01", "2026-06-01"),
    ("Europe/Berlin", "2026-05-01T10:00:00", "NET 30/MF", "2026-05-01", "2026-05-29"),
    ("Europe/Berlin", "2026-05-01T10:00:00", "NET 30/P", "2026-05-01", "2026-05-29"),
    ("Europe/Berlin", "2026-03-20T10:00:00", "NET 14/F", "2026-03-20", "2026-04-07"),  # Good Friday, Easter
    ("Europe/Berlin", "2026-03-20T10:00:00", "NET 14/P", "2026-03-20", "2026-04-02"),
    ("Europe/Berlin", "2026-12-23T10:00:00", "+2BD", "2026-12-23", "2026-12-28"),  # Christmas on Friday
    ("Europe/Berlin", "2026-12-30T10:00:00", "+2BD", "2026-12-30", "2027-01-04"),
    ("Europe/Berlin", "2026-05-13T10:00:00", "NET 1/F", "2026-05-13", "2026-05-15"),  # Ascension Day
]


@pytest.fixture(autouse=True)
def rates_hold_in_every_year(db):
    yield
    assert faults() == []


@pytest.mark.soak("T19")
def test_due_days_are_as_the_table_says(figures):
    mismatches = []
    world = make_world()
    TaxRate.objects.filter(country="DE").update(valid_to=None)
    for zone, instant, terms, on, due in sorted(CASES, key=lambda case: (case[0], case[1])):
        now = datetime.fromisoformat(instant).replace(tzinfo=UTC)
        company = world.entity
        if company.time_zone != zone:
            world = make_world(time_zone=zone)
        amount = f"{100 + len(mismatches) + CASES.index((zone, instant, terms, on, due))}.00"
        invoice = world.issued(amount, now=now, terms=terms, overrides=PASSED)
        invoice.refresh_from_db()
        part = invoice.instalments.get()
        said = invoice.snapshot.content
        found = (
            invoice.issued_on,
            invoice.due_on,
            invoice.next_due_on,
            part.due_on,
            part.open_item.due_on,
            date.fromisoformat(said["due_on"]),
        )
        wanted = (date.fromisoformat(on), *[date.fromisoformat(due)] * 5)
        if found != wanted or not part.reason:
            mismatches.append((zone, instant, terms, [str(day) for day in found], due, part.reason))

    assert mismatches == []
    figures("T19", cases=len(CASES), mismatches=0)


def test_the_issue_day_counts_not_the_day_it_was_drafted():
    world = make_world()
    invoice = world.approved("100.00", now=datetime(2026, 11, 16, 9, tzinfo=UTC))

    issued = operations.issue_invoice(invoice, actor=world.clerk, now=datetime(2026, 11, 20, 9, tzinfo=UTC))

    assert (issued.issued_on, issued.due_on) == (date(2026, 11, 20), date(2026, 12, 20))
    assert issued.snapshot.content["due_on"] == "2026-12-20"


def test_each_instalment_has_its_own_day():
    world = make_world()
    clauses = {
        "terms": "NET 30",
        "instalments": [{"pct": "50", "terms": "NET 0"}, {"pct": "50", "terms": "+1M EOM"}],
    }
    version = make_policy(world.entity, world.lead, world.director, clauses=clauses, default=False)
    world.customer.payment_policy = version.policy
    world.customer.save(update_fields=["payment_policy"])

    invoice = world.issued("100.00", now=datetime(2028, 1, 31, 9, tzinfo=UTC))

    assert [(part.due_on, part.amount) for part in invoice.instalments.all()] == [
        (date(2028, 1, 31), Decimal("59.50")),
        (date(2028, 2, 29), Decimal("59.50")),
    ]
