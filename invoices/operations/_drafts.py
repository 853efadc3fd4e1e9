"""Writing and editing drafts."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from catalogue.queries import TaxDecision
from core.errors import Refused, Stale
from core.marks import without_marks
from core.rows import insert_rows, new_row
from entities.queries import local_day
from invoices.deposits import refuse_over_deduction
from invoices.events import INVOICE_CREATED, INVOICE_DISCARDED, INVOICE_EDITED, INVOICE_REOPENED
from invoices.inputs import ChargeInput, DraftInput, LineInput
from invoices.models import Instalment, Invoice, Line, TaxGroup
from invoices.operations._issue_load import lock_invoices
from invoices.pricing import Book, Worked, work_out
from invoices.states import check_next
from ledger.rules import Rate
from policies.queries import clauses_of
from team.models import User
from trail.operations import record
from work.operations import void_approvals

_PLAIN = tuple(
    f.name
    for f in fields(DraftInput)
    if f.name not in {"entity", "customer", "lines", "charges", "overrides", "currency", "terms", "language"}
)
_TOLD = ("customer_id", "currency", "planned_on", "terms", "po_number", "payable")


class NotADraft(Refused):
    """Only a draft can be edited."""


@transaction.atomic
def write_draft(
    draft: DraftInput,
    *,
    actor: User | None,
    now: datetime,
    document_type: str = Invoice.Type.INVOICE,
    replaces: Invoice | None = None,
    made_from: Invoice | None = None,
    book: Book | None = None,
    external_id: str = "",
    note: Mapping[str, Any] | None = None,
) -> Invoice:
    """A new draft, worked out for its day. It has no number; it is called by its reference.

    `external_id` is what the caller bills by (order, contract and period): unique per company, so that
    the same thing is not billed twice, whoever asks. `note` goes to the trail with it.
    """
    today = local_day(draft.entity, now)
    worked = work_out(draft, today=today, book=book or Book())
    invoice = Invoice(
        document_type=document_type,
        public_ref=new_reference(),
        entity=draft.entity,
        customer=draft.customer,
        replaces=replaces,
        made_from=made_from,
        created_by=actor,
        created_at=now,
        edited_by=actor,
        edited_at=now,
    )
    apply(invoice, draft, worked)
    if external_id:
        invoice.import_key = external_key(draft.entity.pk, external_id)
    _insert(invoice, external_id)
    write_parts(invoice, draft, worked)
    record(
        INVOICE_CREATED,
        invoice,
        actor=actor,
        at=now,
        customer_id=invoice.customer_id,
        payable=invoice.payable,
        currency=invoice.currency,
        **(note or {}),
    )
    return invoice


@transaction.atomic
def edit_draft(
    invoice: Invoice,
    draft: DraftInput,
    *,
    actor: User | None,
    now: datetime,
    expected_version: int | None = None,
) -> Invoice:
    """Replace what a draft says. One that waits for approval, or has it, becomes a draft again."""
    invoice = lock(invoice)
    refuse_stale(invoice, expected_version)
    refuse_unless_open(invoice)
    if invoice.document_type == Invoice.Type.CREDIT_NOTE:
        raise NotADraft(
            "A credit note follows from its invoice.",
            rule="a_credit_note_follows_its_invoice",
            mend="Discard it and write another.",
        )
    taken_off = list(invoice.deductions.select_related("deposit"))
    prepaid = sum((row.gross for row in taken_off), Decimal(0))
    worked = work_out(draft, today=local_day(draft.entity, now), book=Book(), prepaid=prepaid)
    refuse_over_deduction(taken_off, draft, worked)
    before = {name: getattr(invoice, name) for name in _TOLD}
    if invoice.document_status != Invoice.Status.DRAFT:
        void_approvals(invoice, reason="Edited after it was submitted.", now=now)
    invoice.document_status = Invoice.Status.DRAFT
    invoice.approved_hash = ""
    invoice.entity, invoice.customer = draft.entity, draft.customer
    apply(invoice, draft, worked)
    invoice.prepaid_tax = sum((row.tax for row in taken_off), Decimal(0))
    invoice.edited_by, invoice.edited_at = actor, now
    invoice.lock_version += 1
    invoice.save()
    clear_parts(invoice)
    write_parts(invoice, draft, worked)
    after = {name: getattr(invoice, name) for name in _TOLD}
    record(
        INVOICE_EDITED,
        invoice,
        actor=actor,
        at=now,
        customer_id=invoice.customer_id,
        changes={name: (before[name], after[name]) for name in _TOLD if before[name] != after[name]},
    )
    return invoice


@transaction.atomic
def discard_draft(invoice: Invoice, *, actor: User | None, now: datetime) -> Invoice:
    """Throw a draft away. Its row stays, so that nobody wonders where it went."""
    invoice = lock(invoice)
    check_next(invoice.document_status, Invoice.Status.DISCARDED)
    invoice.document_status = Invoice.Status.DISCARDED
    # Its deposits wait for another final invoice.
    invoice.deductions.all().delete()
    touch(invoice, actor, now)
    record(INVOICE_DISCARDED, invoice, actor=actor, at=now, customer_id=invoice.customer_id)
    return invoice


@transaction.atomic
def reopen_draft(invoice: Invoice, *, actor: User | None, now: datetime, reason: str = "") -> Invoice:
    """Take a submitted or approved document back to draft; its approvals are void."""
    invoice = lock(invoice)
    check_next(invoice.document_status, Invoice.Status.DRAFT)
    void_approvals(invoice, reason=reason or "Taken back to draft.", now=now)
    invoice.document_status = Invoice.Status.DRAFT
    invoice.approved_hash = ""
    touch(invoice, actor, now)
    record(INVOICE_REOPENED, invoice, actor=actor, at=now, customer_id=invoice.customer_id, reason=reason)
    return invoice


def new_reference() -> str:
    """The name of a document that has no number yet; nobody can guess it."""
    return secrets.token_hex(16)


def external_key(entity_id: int, external_id: str) -> str:
    """How a caller's own id is kept, apart from the keys of imports."""
    return f"api:{entity_id}:{external_id}"


def _insert(invoice: Invoice, external_id: str) -> None:
    """Save the new row; refuse what was billed before under the same id. The unique key decides races."""
    if not external_id:
        insert_rows([invoice])
        return
    try:
        with transaction.atomic():
            insert_rows([invoice])
    except IntegrityError as fault:
        before = Invoice.objects.filter(import_key=invoice.import_key).first()
        if before is None:
            raise
        raise Refused(
            f"{external_id} was billed before: {before} ({before.get_document_status_display().lower()}).",
            field="external_id",
            rule="one_thing_is_billed_once",
            mend=f"Look at the document with the id {before.pk}.",
        ) from fault


def lock(invoice: Invoice, *, alone: bool = False) -> Invoice:
    """The row, locked and fresh, with its entity and customer; `alone` without them."""
    found = lock_invoices([invoice.pk], alone=alone)
    if not found:
        raise Invoice.DoesNotExist(f"There is no invoice {invoice.pk} any more.")
    return found[0]


def refuse_stale(invoice: Invoice, expected_version: int | None) -> None:
    """Refuse when somebody saved since the version the caller has seen; None does not ask."""
    if expected_version is not None and expected_version != invoice.lock_version:
        who = str(invoice.edited_by) if invoice.edited_by else "the system"
        raise Stale(
            f"{who} changed this {invoice.get_document_type_display().lower()} meanwhile.",
            current={name: str(getattr(invoice, name) or "") for name in _TOLD},
            changed_by=who,
            changed_at=invoice.edited_at,
        )


def refuse_unless_open(invoice: Invoice) -> None:
    """Refuse an issued, cancelled or discarded document."""
    if invoice.document_status not in (
        Invoice.Status.DRAFT,
        Invoice.Status.PENDING,
        Invoice.Status.APPROVED,
    ):
        raise NotADraft(
            f"{invoice} is {invoice.get_document_status_display().lower()} and cannot be edited.",
            rule="issued_invoice_is_immutable",
            mend="Write a credit note and a new invoice." if invoice.is_issued else "Write a new draft.",
        )


def apply(invoice: Invoice, draft: DraftInput, worked: Worked) -> None:
    """Set the columns of the invoice from the input and what follows from it."""
    for name in _PLAIN:
        value = getattr(draft, name)
        setattr(invoice, name, without_marks(value) if isinstance(value, str) else value)
    totals, rate = worked.totals, worked.rate
    books = Rate(worked.currency, draft.entity.functional_currency, rate.rate)
    invoice.currency, invoice.language, invoice.terms = worked.currency, worked.language, worked.terms
    invoice.fx_rate, invoice.fx_on, invoice.fx_source = rate.rate, worked.on, rate.source
    invoice.tax_rounding = draft.entity.tax_rounding
    invoice.policy_version = worked.policy
    invoice.due_on = max(part.due_on for part in worked.due)
    invoice.overrides = {rule: reason.strip() for rule, reason in draft.overrides.items() if reason.strip()}
    invoice.charges = [
        {
            "reason": without_marks(c.reason),
            "amount": str(c.amount),
            "tax_class": c.tax_class,
            "category": t.category,
            "rate": str(t.rate),
        }
        for c, t in zip(draft.charges, worked.charge_taxes, strict=True)
    ]
    invoice.texts = list(worked.texts)
    invoice.checks = [{"review": review} for review in worked.reviews]
    invoice.lines_total, invoice.allowance_total = totals.sum_lines, totals.allowance_total
    invoice.charge_total, invoice.net_total = totals.charge_total, totals.net
    invoice.tax_total, invoice.gross_total = totals.tax, totals.gross
    invoice.rounding, invoice.payable, invoice.prepaid = totals.rounding, totals.due, totals.prepaid
    invoice.payable_functional = books.convert(totals.due)
    invoice.tax_functional = books.convert(totals.tax)
    invoice.balance = totals.due


def write_parts(invoice: Invoice, draft: DraftInput, worked: Worked) -> None:
    """Insert lines, tax groups and instalments: three statements."""
    insert_rows(lines_of(invoice, draft, worked))
    insert_rows(groups_of(invoice, draft, worked))
    insert_rows(instalments_of(invoice, worked))


def clear_parts(invoice: Invoice) -> None:
    """Remove what `write_parts` wrote, before it is written again."""
    for part in (Line, TaxGroup, Instalment):
        part.objects.filter(invoice=invoice).delete()


def instalments_of(invoice: Invoice, worked: Worked) -> list[Instalment]:
    """The rows of what falls due when."""
    return [
        new_row(
            Instalment, invoice=invoice, number=d.number, due_on=d.due_on, amount=d.amount, reason=d.reason
        )
        for d in worked.due
    ]


def lines_of(invoice: Invoice, draft: DraftInput, worked: Worked) -> list[Line]:
    """The rows of the positions."""
    rows = []
    for number, (given, total, tax, list_price) in enumerate(
        zip(draft.lines, worked.totals.lines, worked.taxes, worked.list_prices, strict=True), start=1
    ):
        rows.append(
            new_row(
                Line,
                invoice=invoice,
                position=number,
                item=given.item,
                description=without_marks(given.description).strip(),
                detail=without_marks(given.detail).strip(),
                quantity=given.quantity,
                unit=given.unit or (given.item.unit if given.item else ""),
                unit_price=given.unit_price,
                base_quantity=given.base_quantity,
                list_price=list_price,
                discount_pct=given.discount_pct,
                discount=total.discount,
                net=total.net,
                taxable=total.taxable,
                tax_class=given.tax_class,
                kind=given.kind,
                category=tax.category,
                rate=tax.rate,
                tax=total.tax,
                components={name: str(value) for name, value in total.components.items() if name},
                exemption_reason=given.exemption_reason or _untaxed_because(tax),
                vatex=given.vatex or tax.vatex or "",
                hsn=given.hsn or (given.item.hsn if given.item else ""),
                period_from=given.period_from,
                period_to=given.period_to,
            )
        )
    return rows


def groups_of(invoice: Invoice, draft: DraftInput, worked: Worked) -> list[TaxGroup]:
    """The rows of the taxes."""
    books = Rate(worked.currency, draft.entity.functional_currency, worked.rate.rate)
    decisions = {(d.category, d.rate): d for d in [*worked.charge_taxes, *worked.taxes]}
    rows = []
    for group in worked.totals.groups:
        decision = decisions[group.category, group.rate]
        for component, tax in group.components.items():
            rows.append(
                new_row(
                    TaxGroup,
                    invoice=invoice,
                    category=group.category,
                    rate=group.rate,
                    component=component,
                    label=component or decision.label,
                    taxable=group.taxable,
                    tax=tax,
                    tax_functional=books.convert(tax),
                    reason=_untaxed_because(decision),
                    vatex=decision.vatex or "",
                )
            )
    return rows


def _untaxed_because(decision: TaxDecision) -> str:
    # Taxed and zero-rated supplies must carry no exemption reason (BR-S-10, BR-Z-10).
    return "" if decision.category in ("S", "Z") else decision.reason[:120]


def as_input(invoice: Invoice) -> DraftInput:
    """The input that would write this document again: for the editor, copy forward and rework."""
    lines = tuple(_line_input(line) for line in invoice.lines.select_related("item"))
    charges = tuple(
        ChargeInput(c["reason"], Decimal(c["amount"]), c.get("tax_class", "standard"))
        for c in invoice.charges
    )
    return DraftInput(
        entity=invoice.entity,
        customer=invoice.customer,
        lines=lines,
        charges=charges,
        currency=invoice.currency,
        terms=_own_terms(invoice),
        language=invoice.language,
        overrides=invoice.overrides,
        **{name: getattr(invoice, name) for name in _PLAIN},
    )


def _own_terms(invoice: Invoice) -> str:
    """Terms somebody typed in; "" for those of the policy or the customer, which then decide again."""
    version = invoice.policy_version
    usual = {invoice.customer.terms_override, clauses_of(version).terms if version else ""}
    return "" if invoice.terms in usual else invoice.terms


def _line_input(line: Line) -> LineInput:
    return LineInput(
        description=line.description,
        quantity=line.quantity,
        unit_price=line.unit_price,
        item=line.item,
        detail=line.detail,
        unit=line.unit,
        base_quantity=line.base_quantity,
        discount_pct=line.discount_pct,
        tax_class=line.tax_class,
        kind=line.kind,
        exemption_reason=line.exemption_reason,
        vatex=line.vatex,
        hsn=line.hsn,
        period_from=line.period_from,
        period_to=line.period_to,
        is_deduction=line.quantity < 0,
    )


def touch(invoice: Invoice, actor: User | None, now: datetime, names: Sequence[str] = ()) -> None:
    invoice.edited_by, invoice.edited_at = actor, now
    invoice.lock_version += 1
    invoice.save(
        update_fields=["document_status", "approved_hash", "edited_by", "edited_at", "lock_version", *names]
    )
