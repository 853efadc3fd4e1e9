"""How an issued invoice stands today: what is open of each instalment, and what is asked for now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.money import plain
from entities.queries import local_day
from invoices.models import Invoice, Snapshot

ZERO = Decimal(0)
Status, Type = Invoice.Status, Invoice.Type


@dataclass(frozen=True)
class Part:
    """An instalment as it stands: what is open of it and how much of that is not asked for now."""

    n: int
    due_on: date
    open: Decimal
    held: Decimal

    @property
    def asked(self) -> Decimal:
        return self.open - self.held


@dataclass(frozen=True)
class Account:
    """The invoice's live side on `today`.

    `due_now` is what is asked for up to the next due day; amounts on hold are left out.
    """

    parts: Sequence[Part]
    open: Decimal
    held: Decimal
    due_now: Decimal
    next_due_on: date | None
    late_days: int
    today: date


def account_of(invoice: Invoice, *, today: date) -> Account:
    """What is open of the invoice on this day, from its open items. A credit note asks for nothing."""
    if invoice.document_type == Type.CREDIT_NOTE:
        return Account([], ZERO, ZERO, ZERO, None, 0, today)
    instalments = invoice.instalments.select_related("open_item").order_by("number")
    parts = [
        Part(
            row.number,
            row.open_item.due_on or row.due_on,
            row.open_item.open_amount,
            row.open_item.held_amount,
        )
        for row in instalments
        if row.open_item is not None
    ]
    asked = sorted((part for part in parts if part.asked > 0), key=lambda part: part.due_on)
    next_due_on = asked[0].due_on if asked else None
    up_to = max(today, next_due_on) if next_due_on else today
    return Account(
        parts=parts,
        open=sum((part.open for part in parts), ZERO),
        held=sum((part.held for part in parts), ZERO),
        due_now=sum((part.asked for part in asked if part.due_on <= up_to), ZERO),
        next_due_on=next_due_on,
        late_days=max(0, (today - next_due_on).days) if next_due_on else 0,
        today=today,
    )


def calendar_snapshot(invoice: Invoice, *, language: str, now: datetime) -> Mapping[str, Any]:
    """The document with only what is still to be paid as its instalments, for the calendar file."""
    account = account_of(invoice, today=local_day(invoice.entity, now))
    waiting = [
        {"n": part.n, "due_on": part.due_on.isoformat(), "amount": plain(part.asked, invoice.currency)}
        for part in account.parts
        if part.asked > 0
    ]
    return {**invoice.snapshot.content, "language": language, "instalments": waiting, "due_on": None}


def previous_snapshot(invoice: Invoice) -> Snapshot | None:
    """The customer's invoice before this one from the same company; None for the first, and for credits."""
    if invoice.document_type != Type.INVOICE or invoice.issued_on is None:
        return None
    before = (
        Invoice.objects.filter(
            customer_id=invoice.customer_id,
            entity_id=invoice.entity_id,
            document_type=Type.INVOICE,
            document_status=Status.ISSUED,
            issued_on__lte=invoice.issued_on,
            id__lt=invoice.pk,
            snapshot__isnull=False,
        )
        .select_related("snapshot")
        .order_by("-issued_on", "-id")
        .first()
    )
    return before.snapshot if before else None


def logo_name(invoice: Invoice) -> str:
    """The stored file of the logo on the document; "" when it has none."""
    name = str(invoice.snapshot.content["seller"].get("logo") or "")
    return "" if name.startswith("data:") else name
