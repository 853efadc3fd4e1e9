"""Issuing: number, freeze, post, in one transaction, for one document or thousands.

The work that needs no counter is done before the counter is locked; the lock is held for the writes only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from core.errors import DomainError
from core.rows import without_garbage_search
from invoices.models import Invoice
from invoices.operations._credit_settlement import settle_credit
from invoices.operations._issue_load import load, lock_invoices
from invoices.operations._issue_numbers import take_numbers
from invoices.operations._issue_plan import Plan, plan_issue
from invoices.operations._issue_rows import write_issued
from invoices.pricing import Book
from team.models import User


@dataclass(frozen=True)
class Issued:
    """What a batch came to: the issued documents, and why the others were not."""

    invoices: list[Invoice]
    refused: dict[int, DomainError]


def issue_invoice(invoice: Invoice, *, actor: User | None, now: datetime) -> Invoice:
    """Number and date an approved document. From here on it can be credited but not edited."""
    done = issue_invoices([invoice.pk], actor=actor, now=now)
    for refusal in done.refused.values():
        raise refusal
    return done.invoices[0]


@transaction.atomic
@without_garbage_search()
def issue_invoices(
    ids: Iterable[int], *, actor: User | None, now: datetime, documents: bool = True
) -> Issued:
    """Issue every document of `ids` that may be; the others stay as they are, each with its reason.

    `documents` False renders no PDF now; it is made when somebody first opens it.
    """
    invoices = lock_invoices(ids)
    book = Book()
    plans, refused = [], {}
    for invoice, parts in zip(invoices, load(invoices, book, now), strict=True):
        try:
            plans.append(plan_issue(invoice, parts, book, actor=actor, now=now))
        except DomainError as refusal:
            refused[invoice.pk] = refusal
    issued = number_and_write(plans, refused, actor=actor, now=now, documents=documents)
    return Issued(issued, refused)


def number_and_write(
    plans: Sequence[Plan],
    refused: dict[int, DomainError],
    *,
    actor: User | None,
    now: datetime,
    documents: bool = True,
) -> list[Invoice]:
    """Give the planned documents, written before, their numbers and write what issuing means.

    Those that cannot have one are added to `refused` by key; the others are the answer.
    """
    plans = sorted(plans, key=lambda plan: (plan.on, plan.invoice.pk))
    plans = take_numbers(plans, refused, now=now)
    if plans:
        write_issued(plans, actor=actor, now=now, documents=documents)
        for plan in plans:
            if plan.invoice.credits_id:
                settle_credit(plan.invoice, plan.items.get("credit"), on=plan.on, actor=actor, now=now)
    return [plan.invoice for plan in plans]
