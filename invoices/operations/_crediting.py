"""Correcting an issued invoice: by a credit note, never by an edit."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.db import transaction

from catalogue.rules import COMPONENTS
from core.errors import Invalid, Refused
from core.money import amount as exact_amount
from core.money import named, plain, round_money, split, unit
from entities.queries import local_day
from invoices.credits import line_tax, without_deductions
from invoices.events import INVOICE_CREATED
from invoices.inputs import DraftInput
from invoices.models import Instalment, Invoice, Line, TaxGroup
from invoices.operations._drafts import as_input, lock, write_draft
from invoices.rules import Creditable, CreditGroup, CreditLine, credit_groups, left_to_credit
from ledger.rules import Rate
from team.models import User
from trail.operations import record

REASONS = {
    "PRC": "Price differs from contract",
    "QTY": "Quantity differs from delivery",
    "QLT": "Quality or service",
    "NDL": "Not delivered",
    "DUP": "Billed twice",
    "TAX": "Wrong tax",
    "PON": "Purchase order missing or wrong",
    "ADR": "Wrong entity or address",
    "TRM": "Wrong terms",
    "DSC": "Discount missing",
    "CLC": "Calculation",
    "CAN": "Service cancelled",
    "GDW": "Goodwill",
    "OTH": "Other",
}


class NotCreditable(Refused):
    """Only an issued invoice is credited, and never above what is left of it."""


@transaction.atomic
def write_credit_note(
    invoice: Invoice,
    wanted: Mapping[int, Decimal],
    *,
    reason_code: str,
    reason: str,
    actor: User | None,
    now: datetime,
) -> Invoice:
    """A draft credit note for parts of an invoice: {line position: net amount}, charges from -1 down.

    Tax and exchange rate are the invoice's own; the last credit takes what rounding left. `Refused` above
    what is left of a line or tax group, drafts that wait included.
    """
    invoice = lock(invoice)
    _refuse_uncreditable(invoice, reason_code, reason)
    _refuse_deducted(invoice)
    left = creditable(invoice)
    wanted = {
        position: exact_amount(net, invoice.currency, field=f"lines[{position}].net")
        for position, net in wanted.items()
    }
    shares = _shares(invoice)
    groups = credit_groups(
        left,
        wanted,
        invoice.currency,
        shares=shares,
        tax_rounding="line" if invoice.tax_rounding == "line" else "group",
    )
    everything = sum(wanted.values()) == sum(line.net for line in left.lines)
    note = _note(invoice, groups, wanted, everything=everything, actor=actor, now=now)
    _refuse_more_than_billed(note, invoice)
    note.credit_reason_code, note.credit_reason = reason_code, reason.strip()
    note.save(force_insert=True)
    _write_parts(note, invoice, groups, wanted, left)
    record(
        INVOICE_CREATED,
        note,
        actor=actor,
        at=now,
        customer_id=note.customer_id,
        credits=invoice.number,
        payable=note.payable,
        currency=note.currency,
        reason=reason,
    )
    return note


def credit_in_full(
    invoice: Invoice, *, reason_code: str, reason: str, actor: User | None, now: datetime
) -> Invoice:
    """A draft credit note for everything that is left; issued, it cancels an invoice not credited before."""
    left = creditable(invoice)
    wanted = {line.position: line.net for line in left.lines if line.net > 0}
    return write_credit_note(invoice, wanted, reason_code=reason_code, reason=reason, actor=actor, now=now)


def rebill(invoice: Invoice, draft: DraftInput | None, *, actor: User | None, now: datetime) -> Invoice:
    """A new draft in place of an invoice, linked to it; from `draft`, or a copy of the invoice."""
    if not invoice.is_issued:
        raise NotCreditable(
            f"{invoice} is not issued.", rule="a_rebill_replaces_an_issued_invoice", mend="Edit the draft."
        )
    _refuse_proforma(invoice, "It asks for nothing; write a new one.")
    return write_draft(
        draft or fresh(as_input(invoice)),
        actor=actor,
        now=now,
        replaces=invoice,
        document_type=Invoice.Type.DEPOSIT
        if invoice.document_type == Invoice.Type.DEPOSIT
        else Invoice.Type.INVOICE,
    )


def fresh(draft: DraftInput) -> DraftInput:
    """The input without its dates and confirmations."""
    return replace(
        draft,
        planned_on=None,
        backdate_reason="",
        tax_point_on=None,
        supply_from=None,
        supply_to=None,
        overrides={},
    )


def creditable(invoice: Invoice) -> Creditable:
    """What is left of the invoice per line and tax group, after every credit note not discarded."""
    notes = invoice.credit_notes.exclude(document_status=Invoice.Status.DISCARDED).prefetch_related(
        "lines__credited_line", "tax_groups"
    )
    return left_to_credit(_shape(invoice), [_credited(note) for note in notes])


def _shape(invoice: Invoice) -> Creditable:
    lines = [
        CreditLine(line.position, line.category, line.rate, line.taxable, _components(line))
        for line in invoice.lines.all()
    ]
    shares = _shares(invoice) or {"": Fraction(1)}
    for number, charge in enumerate(invoice.charges, start=1):
        rate, net = Decimal(charge["rate"]), Decimal(charge["amount"])
        tax = {
            name: round_money(Fraction(net) * Fraction(rate) * share / 100, invoice.currency)
            for name, share in shares.items()
        }
        lines.append(CreditLine(-number, charge["category"], rate, net, tax))
    return Creditable(without_deductions(lines, invoice.currency), _groups_of(invoice.tax_groups.all()))


def _credited(note: Invoice) -> Creditable:
    """A credit note as a part of its invoice; the credit of a charge has a line without original."""
    lines = []
    for line in note.lines.all():
        position = (
            line.credited_line.position
            if line.credited_line
            else int(line.detail.partition("charge ")[2] or 0)
        )
        lines.append(CreditLine(position, line.category, line.rate, line.taxable, _components(line)))
    return Creditable(tuple(lines), _groups_of(note.tax_groups.all()))


def _components(line: Line) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in line.components.items()} or {"": line.tax}


def _groups_of(groups: Iterable[TaxGroup]) -> tuple[CreditGroup, ...]:
    return tuple(CreditGroup(g.category, g.rate, g.taxable, g.tax, g.component) for g in groups)


def _shares(invoice: Invoice) -> Mapping[str, Fraction]:
    names = {group.component for group in invoice.tax_groups.all()}
    return next((shares for shares in COMPONENTS.values() if set(shares) == names), {})


def _refuse_deducted(deposit: Invoice) -> None:
    """A deposit that a final invoice takes off is not credited: the customer has its worth there."""
    taken = deposit.deducted.filter(released_by=None).select_related("invoice").first()
    if taken is not None:
        raise NotCreditable(
            f"{deposit} is taken off {taken.invoice}.",
            rule="a_deducted_deposit_is_not_credited",
            mend="Credit that invoice in full, or take the deposit off its draft, first.",
        )


def _refuse_proforma(invoice: Invoice, mend: str) -> None:
    if invoice.is_proforma:
        raise NotCreditable(
            f"{invoice} is a pro-forma invoice: nothing was billed with it.",
            rule="a_proforma_bills_nothing",
            mend=mend,
        )


def _refuse_uncreditable(invoice: Invoice, reason_code: str, reason: str) -> None:
    _refuse_proforma(invoice, "Make the invoice of it, or leave it.")
    if invoice.document_status != Invoice.Status.ISSUED or invoice.document_type == Invoice.Type.CREDIT_NOTE:
        raise NotCreditable(
            f"{invoice} is {invoice.get_document_status_display().lower()} and cannot be credited.",
            rule="an_issued_invoice_is_credited",
            mend="Edit or discard it." if not invoice.is_issued else "Write a new invoice.",
        )
    if reason_code not in REASONS:
        raise Invalid(
            "Choose a reason.",
            field="reason_code",
            rule="a_credit_note_has_a_reason",
            mend="Choose one of the list.",
        )
    if len(reason.strip()) < (20 if reason_code == "OTH" else 3):
        raise Invalid(
            "The customer reads this reason; it says too little.",
            field="reason",
            rule="a_credit_note_has_a_reason",
            mend="Write a sentence." if reason_code != "OTH" else "Write at least 20 characters.",
        )


def _refuse_more_than_billed(note: Invoice, invoice: Invoice) -> None:
    """Whatever the lines say: all credit notes together never exceed the invoice."""
    earlier = invoice.credit_notes.exclude(document_status=Invoice.Status.DISCARDED)
    rest = invoice.payable - sum((other.payable for other in earlier), Decimal(0))
    if note.payable > rest:
        raise NotCreditable(
            f"{plain(note.payable, invoice.currency)} is more than the {named(rest, invoice.currency)} "
            f"that is left of {invoice}.",
            field="lines",
            rule="credit_within_invoice",
            mend=f"Credit at most {plain(rest, invoice.currency)} with its tax.",
        )


def _note(
    invoice: Invoice,
    groups: Iterable[CreditGroup],
    wanted: Mapping[int, Decimal],
    *,
    everything: bool,
    actor: User | None,
    now: datetime,
) -> Invoice:
    net = sum(wanted.values(), Decimal(0))
    tax = sum((group.tax for group in groups), Decimal(0))
    earlier = invoice.credit_notes.exclude(document_status=Invoice.Status.DISCARDED)
    rounding = (
        invoice.rounding - sum((note.rounding for note in earlier), Decimal(0)) if everything else Decimal(0)
    )
    # The credit of all that is left mirrors the whole invoice, the deposits it took off included.
    prepaid, prepaid_tax = (invoice.prepaid, invoice.prepaid_tax) if everything else (Decimal(0), Decimal(0))
    payable = net + tax + rounding - prepaid
    rate = Rate(invoice.currency, invoice.entity.functional_currency, invoice.fx_rate)
    today = local_day(invoice.entity, now)
    return Invoice(
        document_type=Invoice.Type.CREDIT_NOTE,
        public_ref=secrets.token_hex(16),
        entity=invoice.entity,
        customer=invoice.customer,
        credits=invoice,
        policy_version=invoice.policy_version,
        terms="NET 0",
        due_on=today,
        tax_point_on=invoice.tax_point_on or invoice.issued_on,
        po_number=invoice.po_number,
        buyer_reference=invoice.buyer_reference,
        cost_centre=invoice.cost_centre,
        contract_reference=invoice.contract_reference,
        language=invoice.language,
        currency=invoice.currency,
        fx_rate=invoice.fx_rate,
        fx_on=invoice.fx_on,
        fx_source=invoice.fx_source,
        tax_rounding=invoice.tax_rounding,
        lines_total=net,
        net_total=net,
        tax_total=tax,
        gross_total=net + tax,
        rounding=rounding,
        prepaid=prepaid,
        prepaid_tax=prepaid_tax,
        payable=payable,
        payable_functional=rate.convert(payable),
        tax_functional=rate.convert(tax),
        texts=invoice.texts,
        created_by=actor,
        created_at=now,
        edited_by=actor,
        edited_at=now,
    )


def _write_parts(
    note: Invoice,
    invoice: Invoice,
    groups: Iterable[CreditGroup],
    wanted: Mapping[int, Decimal],
    left: Creditable,
) -> None:
    originals = {line.position: line for line in invoice.lines.all()}
    labels = {(g.category, g.rate, g.component): g for g in invoice.tax_groups.all()}
    rate = Rate(note.currency, note.entity.functional_currency, note.fx_rate)
    rows = []
    for number, (position, net) in enumerate(wanted.items(), start=1):
        original = originals.get(position)
        rows.append(
            _line(note, number, net, original) if original else _charge(note, number, net, invoice, position)
        )
    if invoice.tax_rounding == "line":
        _tax_lines(groups, dict(zip(wanted, rows, strict=True)), left, _shares(invoice))
    else:
        _share_tax(rows, groups, note)
    Line.objects.bulk_create(rows)
    TaxGroup.objects.bulk_create(
        TaxGroup(
            invoice=note,
            category=g.category,
            rate=g.rate,
            component=g.component,
            label=labels[g.category, g.rate, g.component].label,
            taxable=g.taxable,
            tax=g.tax,
            tax_functional=rate.convert(g.tax),
            reason=labels[g.category, g.rate, g.component].reason,
            vatex=labels[g.category, g.rate, g.component].vatex,
        )
        for g in groups
    )
    Instalment.objects.create(
        invoice=note,
        number=1,
        due_on=local_day(note.entity, note.created_at),
        amount=note.payable,
        reason="Credit",
    )


def _line(note: Invoice, number: int, net: Decimal, original: Line) -> Line:
    whole = net == original.taxable == original.net and not original.discount
    return Line(
        invoice=note,
        position=number,
        item=original.item,
        description=original.description,
        detail=original.detail,
        quantity=original.quantity if whole else Decimal(1),
        unit=original.unit if whole else "unit",
        unit_price=original.unit_price if whole else net,
        base_quantity=original.base_quantity if whole else Decimal(1),
        list_price=original.list_price,
        net=net,
        taxable=net,
        tax_class=original.tax_class,
        kind=original.kind,
        category=original.category,
        rate=original.rate,
        exemption_reason=original.exemption_reason,
        vatex=original.vatex,
        hsn=original.hsn,
        period_from=original.period_from,
        period_to=original.period_to,
        credited_line=original,
    )


def _charge(note: Invoice, number: int, net: Decimal, invoice: Invoice, position: int) -> Line:
    charge = invoice.charges[-position - 1]
    return Line(
        invoice=note,
        position=number,
        description=charge["reason"],
        detail=f"charge {position}",
        quantity=Decimal(1),
        unit="unit",
        unit_price=net,
        net=net,
        taxable=net,
        category=charge["category"],
        rate=Decimal(charge["rate"]),
    )


def _tax_lines(
    groups: Iterable[CreditGroup],
    rows: Mapping[int, Line],
    left: Creditable,
    shares: Mapping[str, Fraction],
) -> None:
    """Where tax is rounded per line, each row has its own; `rows` by the position they credit."""
    lines = {line.position: line for line in left.lines}
    for group in groups:
        share = shares.get(group.component, Fraction(1))
        for position, row in rows.items():
            if (row.category, row.rate) == (group.category, group.rate):
                tax = line_tax(lines[position], row.net, group.component, share, row.invoice.currency)
                row.tax += tax
                if group.component:
                    row.components[group.component] = str(tax)


def _share_tax(rows: list[Line], groups: Iterable[CreditGroup], note: Invoice) -> None:
    """Lay each group's tax on its lines, so that what is left per line stays true."""
    for group in groups:
        mine = [row for row in rows if (row.category, row.rate) == (group.category, group.rate)]
        parts = split(group.tax, [row.net for row in mine], unit=unit(note.currency))
        for row, part in zip(mine, parts, strict=True):
            row.tax += part
            if group.component:
                row.components[group.component] = str(part)
