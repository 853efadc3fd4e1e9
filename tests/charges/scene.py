"""A company whose policy names late interest, with the published rates entered."""

from datetime import UTC, date, datetime
from decimal import Decimal

from charges import operations
from charges.reference import reference_rates
from tests.world import CLAUSES, LONG_AGO, furnish, make_policy, make_world

ISSUED = datetime(2025, 1, 2, 9, tzinfo=UTC)
# Net 30 from 2 January 2025 is Saturday 1 February.
DUE = date(2025, 2, 1)
LATER = datetime(2025, 4, 1, 9, tzinfo=UTC)
INTEREST = {"regime": "DE", "margin": "9", "fixed_sum": "EU", "basis": 365}


def late_world(interest=INTEREST, **entity):
    """A world whose customer's policy charges interest; DE is the base rate and nine points."""
    world = make_world(**entity)
    clauses = {**CLAUSES, "late_interest": interest, "early_discount": None}
    version = make_policy(world.entity, world.controller, world.director, clauses=clauses, default=False)
    world.customer.payment_policy = version.policy
    world.customer.save()
    operations.load_rates(reference_rates(), actor=None, now=LONG_AGO)
    return world


def late_invoice(world, *amounts, **values):
    """An invoice of 2 January 2025, due on 1 February."""
    return world.issued(*(amounts or ("1000",)), now=ISSUED, **values)


__all__ = ["DUE", "ISSUED", "LATER", "Decimal", "furnish", "late_invoice", "late_world"]
