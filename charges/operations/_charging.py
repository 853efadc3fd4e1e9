"""Charging a late payer: a debit note of its own, worked out from the ledger, once per instalment and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from catalogue.decisions import OUTSIDE
from charges import events, offers, rules
from charges.models import Charge, ChargePart
from charges.offers import Offer, PartOffer
from charges.rules import StepCharge
from charges.words import Words
from core.errors import DomainError
from core.money import split, unit
from invoices import operations as invoices
from invoices.inputs import DraftInput, LineInput
from invoices.models import Invoice, Line
from team.models import User
from trail.operations import record

PAY_WITHIN = "NET 14"


class ChargedBefore(rules.NotChargeable):
    """Somebody charged the same instalment up to the same day in the same moment."""


@transaction.atomic
def charge_late(
    invoice: Invoice,
    *,
    kind: str,
    on: date,
    actor: User | None,
    now: datetime,
    step: StepCharge | None = None,
) -> Charge:
    """Charge late interest up to `on`, the fixed sums due by then, or the fee of a `step`, by a debit note.

    A reminder step charges only the instalments it asked for, each kind once.

    It is issued at once where its amount needs no second person. Refused (NotChargeable) where law, policy or
    the state of the debt forbids it, or where nothing is left to charge.
    """
    invoice = _locked(invoice)
    offer = offers.offer_for(invoice, kind=kind, on=on, now=now, step=step)
    return _charge(invoice, [offer], actor=actor, now=now)


@transaction.atomic
def charge_step(
    invoice: Invoice, kinds: Sequence[str], *, on: date, now: datetime, step: StepCharge
) -> tuple[Charge | None, list[DomainError]]:
    """Charge all a reminder step names by one debit note with a position for each; also what was refused.

    None when nothing of it may be charged.
    """
    invoice = _locked(invoice)
    found: list[Offer] = []
    refused: list[DomainError] = []
    for kind in kinds:
        try:
            found.append(offers.offer_for(invoice, kind=kind, on=on, now=now, step=step))
        except DomainError as refusal:
            refused.append(refusal)
    return (_charge(invoice, found, actor=None, now=now) if found else None), refused


def _locked(invoice: Invoice) -> Invoice:
    rows = Invoice.objects.select_for_update(of=("self",))
    return rows.select_related("entity", "customer", "policy_version__policy").get(pk=invoice.pk)


def _charge(invoice: Invoice, made: Sequence[Offer], *, actor: User | None, now: datetime) -> Charge:
    first = made[0]
    kind = first.kind if len(made) == 1 else Charge.Kind.SEVERAL
    amount = sum((offer.amount for offer in made), Decimal(0))
    document = invoices.write_draft(
        _draft(invoice, made), actor=actor, now=now, document_type=Invoice.Type.DEBIT_NOTE
    )
    document = invoices.submit_invoice(document, actor=actor, now=now)
    charge = Charge.objects.create(
        invoice=invoice,
        document=document,
        customer=invoice.customer,
        entity=invoice.entity,
        kind=kind,
        until=first.until,
        step=first.step,
        currency=invoice.currency,
        amount=amount,
        regime=first.terms.regime,
        legal_basis=first.legal_basis,
        made_at=now,
        made_by=actor,
    )
    _write_parts(charge, made)
    record(
        events.CHARGE_MADE,
        charge,
        actor=actor,
        at=now,
        customer_id=charge.customer_id,
        invoice=invoice.pk,
        kind=kind,
        until=first.until,
        step=first.step,
        amount=amount,
        currency=invoice.currency,
    )
    if document.document_status == Invoice.Status.APPROVED:
        charge.document = invoices.issue_invoice(document, actor=actor, now=now)
    return charge


def _write_parts(charge: Charge, made: Sequence[Offer]) -> None:
    rows = [
        ChargePart(
            charge=charge,
            instalment=part.instalment,
            kind=offer.kind,
            until=offer.until,
            step=offer.step,
            amount=part.amount,
            correction=part.correction,
            working=[{name: str(value) for name, value in asdict(row).items()} for row in part.rows],
        )
        for offer in made
        for part in offer.parts
    ]
    try:
        with transaction.atomic():
            ChargePart.objects.bulk_create(rows)
    except IntegrityError as fault:
        raise ChargedBefore(
            f"{charge.invoice} was charged for this before.",
            rule="a_late_charge_is_made_once",
        ) from fault


def _draft(invoice: Invoice, made: Sequence[Offer]) -> DraftInput:
    words = Words(invoice.language)
    lines = tuple(
        line
        for offer in made
        for part in offer.parts
        for line in _lines(invoice, offer, part, words, many=len(offer.parts) > 1)
    )
    first = made[0]
    starts = [row.start for offer in made for part in offer.parts for row in part.rows]
    return DraftInput(
        entity=invoice.entity,
        customer=invoice.customer,
        lines=lines,
        currency=invoice.currency,
        terms=PAY_WITHIN,
        language=invoice.language,
        supply_from=min(starts) if starts else first.until,
        supply_to=first.until,
        po_number=invoice.po_number,
        buyer_reference=invoice.buyer_reference,
        cost_centre=invoice.cost_centre,
        contract_reference=invoice.contract_reference,
        notes=words.note(str(invoice.number), first.legal_basis),
    )


def _lines(invoice: Invoice, offer: Offer, part: PartOffer, words: Words, *, many: bool) -> list[LineInput]:
    """The positions of one instalment, in the tax classes of the invoice where the charge is taxed."""
    number = str(invoice.number)
    name = words.name(offer.kind, number)
    instalment = words.part(number, part.instalment.number, part.instalment.due_on) if many else ""
    return [
        LineInput(
            description=name,
            detail="; ".join(filter(None, (detail, instalment)))[:300],
            quantity=Decimal(1),
            unit_price=share,
            unit=taxed.unit if taxed else "unit",
            tax_class=taxed.tax_class if taxed else OUTSIDE,
            kind=taxed.kind if taxed else "service",
            exemption_reason=taxed.exemption_reason if taxed else "",
            vatex=taxed.vatex if taxed else "",
            hsn=taxed.hsn if taxed else "",
        )
        for amount, detail in _amounts(part, invoice.currency, words)
        for taxed, share in _by_tax(invoice, amount)
        if share
    ]


def _amounts(part: PartOffer, currency: str, words: Words) -> list[tuple[Decimal, str]]:
    """(amount, what it is) of each position. A position is never negative: what earlier charges came out too
    high is taken off the new ones, the last first."""
    found = [
        (row.amount, words.row(row.percent, row.principal, currency, (row.start, row.end)))
        for row in part.rows
    ]
    if part.correction > 0:
        found.append((part.correction, words.correction(part.correction, currency)))
    if not found:
        found = [(part.amount, "")]
    over = -min(part.correction, Decimal(0))
    for place in range(len(found) - 1, -1, -1):
        amount, detail = found[place]
        taken = min(over, amount)
        if taken:
            found[place] = (amount - taken, f"{detail}. {words.correction(-taken, currency)}")
            over -= taken
    return found


def _by_tax(invoice: Invoice, amount: Decimal) -> list[tuple[Line | None, Decimal]]:
    """India taxes a late charge like the supply itself, so it is shared over the invoice's taxed lines by tax
    class; elsewhere it is compensation outside the scope of tax."""
    if invoice.entity.country != "IN":
        return [(None, amount)]
    first: dict[tuple[str, Decimal], Line] = {}
    weight: dict[tuple[str, Decimal], Decimal] = {}
    for line in invoice.lines.all():
        key = (line.tax_class, line.rate)
        first.setdefault(key, line)
        weight[key] = weight.get(key, Decimal(0)) + line.taxable
    shares = split(amount, [max(Decimal(0), weight[key]) for key in first], unit=unit(invoice.currency))
    return list(zip(first.values(), shares, strict=True))
