"""Payments: record and allocate one by one, and a receipt for many invoices, with growing history."""

import time

from bench._seed import NOW, Seeded, add_invoices, seed_world
from bench.context import Context, Result

_STEP = 200


def run(ctx: Context) -> list[Result]:
    """Aim: a receipt recorded and allocated in at most 5 ms, whatever the history."""
    seeded = seed_world(500)
    results = []
    for size in (1_000, 10_000, ctx.option("history", 100_000)):
        add_invoices(seeded, size)
        each = _pay(seeded, _STEP)
        results.append(
            ctx.result(f"record and allocate, {size:,} invoices", n=_STEP, value=each, unit="ms", aim="<= 5")
        )
    results.append(_pay_many(ctx, seeded))
    return results


def _pay(seeded: Seeded, count: int) -> float:
    """Milliseconds for one receipt used for one open invoice in part; the first few are not counted."""
    from ledger.models import OpenItem
    from payments.operations import Part, allocate_payment

    items = list(OpenItem.objects.filter(side="debit", open_amount__gt=10).order_by("id")[: count + 10])
    began = 0.0
    for number, item in enumerate(items):
        if number == 10:
            began = time.perf_counter()
        payment = _receive(seeded, item.customer_id, "1.00")
        part = Part(item.pk, payment.amount)
        allocate_payment(payment, [part], actor=seeded.world.cash, now=NOW, grant_discount=False)
    return (time.perf_counter() - began) * 1000 / (len(items) - 10)


def _receive(seeded: Seeded, customer_id: int, amount: str):
    from decimal import Decimal

    from customers.models import Customer
    from payments.operations import Receipt, record_payment

    customer = Customer.objects.get(pk=customer_id)
    given = Receipt(seeded.world.entity, NOW.date(), "EUR", Decimal(amount), customer=customer)
    return record_payment(given, actor=seeded.world.cash, now=NOW)


def _pay_many(ctx: Context, seeded: Seeded) -> Result:
    """One receipt for fifty invoices of a customer, proposed by rule."""
    from django.db.models import Count

    from ledger.models import OpenItem
    from payments.operations import allocate_payment, propose_allocation

    debits = OpenItem.objects.filter(side="debit", open_amount__gt=0)
    customer = debits.values("customer").annotate(n=Count("id")).order_by("-n")[0]["customer"]
    payment = _receive(seeded, customer, "100000.00")
    began = time.perf_counter()
    parts, _ = propose_allocation(payment)
    parts = parts[:50]
    allocate_payment(payment, parts, actor=seeded.world.cash, now=NOW, grant_discount=False)
    elapsed = (time.perf_counter() - began) * 1000
    return ctx.result(
        "one receipt for many invoices", n=len(parts), value=elapsed / len(parts), unit="ms", aim="<= 5"
    )
