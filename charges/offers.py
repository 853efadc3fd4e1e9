"""What may be charged for a late invoice, worked out from the ledger; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Max, Sum

from charges import rules
from charges.models import ChargePart
from charges.queries import DISCARDED, debts_of, legal_basis, rates_of, terms_of
from charges.rules import NotChargeable, Row, StepCharge, Terms
from core.errors import DomainError
from core.money import round_money
from entities import queries as entities
from entities.queries import local_day
from invoices.models import Instalment, Invoice

Debts = Sequence[tuple[Instalment, rules.Debt]]


@dataclass(frozen=True)
class PartOffer:
    """What would be charged for one instalment, with its working."""

    instalment: Instalment
    amount: Decimal
    rows: list[Row] = field(default_factory=list)
    correction: Decimal = Decimal(0)


@dataclass(frozen=True)
class Offer:
    """What would be charged for an invoice up to a day; `amount` without tax."""

    kind: str
    until: date
    terms: Terms
    parts: list[PartOffer]
    amount: Decimal
    step: int | None = None

    @property
    def legal_basis(self) -> str:
        return legal_basis(self.terms)


def offer_for(
    invoice: Invoice, *, kind: str, on: date, now: datetime, step: StepCharge | None = None
) -> Offer:
    """What may be charged today for the days up to `on`, by a person or by a reminder `step`.

    Refused with the reason when nothing may.
    """
    if on > local_day(invoice.entity, now):
        raise NotChargeable(
            f"{on.isoformat()} is not over yet.", field="on", rule="a_late_charge_is_for_days_gone"
        )
    return _worked_out(invoice, kind, on, step)


def preview(invoice: Invoice, *, now: datetime) -> list[Offer | DomainError]:
    """For each kind what could be charged today, or why not."""
    on = local_day(invoice.entity, now)
    return [_tried(invoice, kind, on, None) for kind in rules.KINDS]


def preview_step(
    invoice: Invoice, kinds: Sequence[str], *, on: date, step: StepCharge
) -> list[Offer | DomainError]:
    """What a reminder step would charge on its day, also a coming one, if nobody pays until then."""
    return [_tried(invoice, kind, on, step) for kind in kinds]


def _tried(invoice: Invoice, kind: str, on: date, step: StepCharge | None) -> Offer | DomainError:
    try:
        return _worked_out(invoice, kind, on, step)
    except DomainError as refusal:
        return refusal


def _worked_out(invoice: Invoice, kind: str, on: date, step: StepCharge | None) -> Offer:
    _refuse_state(invoice, kind, step)
    terms = terms_of(invoice)
    debts = [one for one in debts_of(invoice) if step is None or one[0].open_item_id in step.items]
    if kind == rules.FEE and step is not None:
        parts = _fee(invoice, terms, debts, on, step)
    elif kind == rules.INTEREST:
        parts = _interest(invoice, terms, debts, on)
    else:
        parts = _fixed(invoice, terms, debts, on)
    amount = sum((part.amount for part in parts), Decimal(0))
    # A fee is charged as the policy names it, however small.
    least = Decimal(0) if kind == rules.FEE else rules.smallest(invoice.currency)
    if amount < least or not amount:
        raise NotChargeable(
            f"Up to {on.isoformat()} there is nothing to charge for {invoice}, or too little to ask for.",
            rule="a_late_charge_is_worth_asking_for",
        )
    return Offer(kind, on, terms, parts, amount, step.day if step else None)


def _refuse_state(invoice: Invoice, kind: str, step: StepCharge | None) -> None:
    if kind not in rules.KINDS and not (kind == rules.FEE and step is not None):
        raise NotChargeable(f"“{kind}” is not charged.", field="kind", rule="a_late_charge_has_a_kind")
    if invoice.document_type != Invoice.Type.INVOICE or invoice.document_status != Invoice.Status.ISSUED:
        raise NotChargeable(
            f"{invoice} is no issued invoice, and there is no interest on interest.",
            rule="an_issued_invoice_is_charged",
        )


def _interest(invoice: Invoice, terms: Terms, debts: Debts, on: date) -> list[PartOffer]:
    rates = rates_of(terms.source) if terms.source else []
    before = _charged(invoice, rules.INTEREST)
    parts = []
    for part, debt in debts:
        rows = rules.working(terms, debt, on, rates, invoice.currency)
        charged, until = before.get(part.pk, (Decimal(0), None))
        if until is not None and until >= on:
            continue
        fresh, correction = rules.still_to_charge(rows, charged, until)
        amount = sum((row.amount for row in fresh), Decimal(0)) + correction
        if amount > 0:
            parts.append(PartOffer(part, amount, fresh, correction))
    return parts


def _fixed(invoice: Invoice, terms: Terms, debts: Debts, on: date) -> list[PartOffer]:
    """The fixed sum of each instalment once, less what reminders took as fees before."""
    before, fees = _charged(invoice, rules.FIXED_SUM), _charged(invoice, rules.FEE)
    parts = []
    for part, debt in debts:
        amount, currency = rules.fixed_sum_of(terms, debt, on)
        if amount and part.pk not in before:
            taken, _ = fees.get(part.pk, (Decimal(0), None))
            left = _converted(amount, currency, invoice, on) - taken
            if left > 0:
                parts.append(PartOffer(part, left))
    return parts


def _fee(invoice: Invoice, terms: Terms, debts: Debts, on: date, step: StepCharge) -> list[PartOffer]:
    """The fee the step names, as far as the limit of the law has room beside what was charged before."""
    before = _charged(invoice, rules.FIXED_SUM, rules.FEE)
    fee = _converted(step.fee, step.currency or invoice.currency, invoice, on)
    parts = []
    for part, debt in debts:
        limit, currency = rules.fee_limit(terms, debt, on)
        amount = fee
        if limit is not None:
            taken, _ = before.get(part.pk, (Decimal(0), None))
            room = _converted(limit, currency, invoice, on) - taken if limit else Decimal(0)
            amount = min(fee, room)
        if amount > 0:
            parts.append(PartOffer(part, amount))
    if debts and not parts:
        raise NotChargeable(
            f"The law leaves no room for a reminder fee on {invoice}: it knows none, or what was charged "
            "before reaches it.",
            rule="a_reminder_fee_stays_within_the_law",
        )
    return parts


def _converted(amount: Decimal, currency: str, invoice: Invoice, on: date) -> Decimal:
    """The sum in the invoice's currency, by way of the currency of the books."""
    if currency == invoice.currency:
        return round_money(amount, currency)
    functional = invoice.entity.functional_currency
    into = entities.rate_on(currency, functional, on).rate
    out_of = entities.rate_on(invoice.currency, functional, on).rate
    return round_money(amount * into / out_of, invoice.currency)


def _charged(invoice: Invoice, *kinds: str) -> dict[int, tuple[Decimal, date | None]]:
    """Instalment -> (charged so far, up to which day). What was waived counts, a draft thrown away not."""
    rows = (
        ChargePart.objects.filter(charge__invoice=invoice, kind__in=kinds)
        .exclude(charge__document__document_status=DISCARDED)
        .order_by()
        .values_list("instalment_id")
        .annotate(total=Sum("amount"), until=Max("until"))
    )
    return {pk: (total, until) for pk, total, until in rows}
