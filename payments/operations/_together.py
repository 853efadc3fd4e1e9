"""Receipt, allocation and small differences as one act, so that none stands alone when one is refused."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from invoices.models import Invoice
from payments.models import Payment
from payments.operations._allocating import Part, allocate_payment
from payments.operations._giving_up import write_off_difference
from payments.operations._receiving import Receipt, record_payment
from team.models import User


@transaction.atomic
def receive_and_allocate(
    given: Receipt,
    parts: Sequence[Part],
    *,
    actor: User | None,
    now: datetime,
    let_go: Sequence[Invoice] = (),
    grant_discount: bool = True,
    earned_on: date | None = None,
) -> Payment:
    """Record a receipt and use it at once. A repeat of the same `external_key` allocates nothing again."""
    payment = record_payment(given, actor=actor, now=now)
    if payment.recorded_at != now or not parts:
        return payment
    return allocate_and_let_go(
        payment,
        parts,
        let_go=let_go,
        actor=actor,
        now=now,
        grant_discount=grant_discount,
        earned_on=earned_on,
    )


@transaction.atomic
def allocate_and_let_go(
    payment: Payment,
    parts: Sequence[Part],
    *,
    actor: User | None,
    now: datetime,
    let_go: Sequence[Invoice] = (),
    grant_discount: bool = True,
    earned_on: date | None = None,
) -> Payment:
    """Use a receipt, then let go of the rests of `let_go` that the policy calls a small difference."""
    payment = allocate_payment(
        payment, parts, actor=actor, now=now, grant_discount=grant_discount, earned_on=earned_on
    )
    for invoice in sorted(let_go, key=lambda one: one.pk):
        write_off_difference(invoice, actor=actor, now=now)
    return payment
