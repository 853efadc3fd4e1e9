"""A company with contracts, and the acts of a bill run with its two people."""

from datetime import UTC, date, datetime
from decimal import Decimal

from contracts import operations
from contracts.inputs import ContractInput, ItemInput
from contracts.models import BillRun, Contract

D = Decimal
JANUARY = datetime(2026, 1, 2, 9, tzinfo=UTC)


def at(month, day=2):
    """The morning of a day of 2026."""
    return datetime(2026, month, day, 9, tzinfo=UTC)


def given(world, *items, **values):
    """What a contract of the world's customer says; a licence of 30 a month unless told otherwise."""
    items = items or (ItemInput("Licence", D(30), code="licence"),)
    start = {"starts_on": date(2026, 1, 1), "name": "Monitoring"}
    return ContractInput(
        **({"entity": world.entity, "customer": world.customer, "items": items} | start | values)
    )


def drafted(world, *items, now=JANUARY, **values) -> Contract:
    return operations.write_contract(given(world, *items, **values), actor=world.clerk, now=now)


def active(world, *items, now=JANUARY, **values) -> Contract:
    """Written by the clerk, approved by the controller."""
    contract = operations.submit_contract(
        drafted(world, *items, now=now, **values), actor=world.clerk, now=now
    )
    return operations.approve_contract(contract, actor=world.controller, now=now)


def planned(world, *, now, **values) -> BillRun:
    as_of = values.pop("as_of", now.date())
    return operations.plan_run(world.entity, as_of=as_of, actor=world.clerk, now=now, **values)


def done(world, *, now, **values) -> BillRun:
    """A run planned by the clerk, approved by the controller and worked through."""
    run = operations.approve_run(planned(world, now=now, **values), actor=world.controller, now=now)
    operations.do_run(run.job_id)
    return BillRun.objects.get(pk=run.pk)


def lines_of(invoice):
    return [(line.description, line.net) for line in invoice.lines.all()]
