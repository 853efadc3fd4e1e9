"""The rows of an issue: open items, postings, frozen content, documents to render, trail."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.rows import copy_rows, new_row, run_values
from invoices.events import INVOICE_ISSUED
from invoices.models import Document, Instalment, Invoice
from invoices.operations._issue_plan import Plan
from invoices.snapshots import canonical, numbered, sha256_of_text
from ledger import operations as ledger
from ledger.models import OpenItem
from ledger.rules import Leg
from team.models import User
from trail.operations import Fact, record_all


def write_issued(plans: Sequence[Plan], *, actor: User | None, now: datetime, documents: bool) -> None:
    """Write every row of the numbered plans, and leave their invoices as they now are."""
    _open_items(plans)
    ledger.post([_posting(plan) for plan in plans if plan.legs], actor=actor, now=now)
    _update_rows(plans, actor, now)
    copy_rows("invoices_snapshot", ("invoice_id", "content", "sha256"), map(_snapshot, plans))
    if documents:
        copy_rows("invoices_document", _DOCUMENT, map(_document, plans))
    record_all(
        INVOICE_ISSUED,
        [
            Fact(
                plan.invoice,
                {
                    "number": plan.number,
                    "total": plan.invoice.payable,
                    "currency": plan.invoice.currency,
                    "on": plan.on,
                    "backdated": plan.invoice.backdate_reason,
                },
                plan.invoice.customer_id,
            )
            for plan in plans
        ],
        actor=actor,
        at=now,
    )


def _snapshot(plan: Plan) -> tuple[Any, ...]:
    text = canonical(numbered(plan.snapshot, plan.number))
    return plan.invoice.pk, text, sha256_of_text(text)


_DOCUMENT = ("invoice_id", "kind", "state", "stored_name", "sha256", "size", "error")


def _document(plan: Plan) -> tuple[Any, ...]:
    return plan.invoice.pk, "pdf", Document.State.PENDING.value, "", "", 0, ""


def _open_items(plans: Sequence[Plan]) -> None:
    rows: list[tuple[Plan, str, OpenItem]] = []
    for plan in plans:
        invoice = plan.invoice
        is_credit = invoice.document_type == Invoice.Type.CREDIT_NOTE
        rows += [
            (plan, leg.item, _open_item(plan, leg, is_credit=is_credit)) for leg in plan.legs if leg.item
        ]
    ledger.open_items([item for _, _, item in rows])
    for plan, name, item in rows:
        plan.items[name] = item


def _open_item(plan: Plan, leg: Leg, *, is_credit: bool) -> OpenItem:
    invoice = plan.invoice
    part = None if is_credit else plan.due[int(leg.item) - 1]
    reference = plan.number if len(plan.due) == 1 or part is None else f"{plan.number} · {part.number}"
    return new_row(
        OpenItem,
        entity_id=invoice.entity_id,
        customer_id=invoice.customer_id,
        side=OpenItem.Side.CREDIT if is_credit else OpenItem.Side.DEBIT,
        kind=OpenItem.Kind.CREDIT_NOTE if is_credit else OpenItem.Kind.INVOICE,
        reference=reference,
        currency=invoice.currency,
        amount=abs(leg.amount_doc),
        functional_amount=abs(leg.amount_functional),
        opened_on=plan.on,
        due_on=part.due_on if part else None,
    )


def _posting(plan: Plan) -> ledger.Posting:
    invoice = plan.invoice
    kind = invoice.document_type
    return ledger.Posting(
        entity_id=invoice.entity_id,
        customer_id=invoice.customer_id,
        currency=invoice.currency,
        on=plan.on,
        kind=f"{kind}_issued",
        source=ledger.Source(kind, invoice.pk, f"{kind}:{invoice.pk}:issued"),
        text=f"{invoice.get_document_type_display()} {plan.number}",
        legs=plan.legs,
        items=plan.items,
    )


def _update_rows(plans: Sequence[Plan], actor: User | None, now: datetime) -> None:
    """Instalments first: once the invoice says issued, its parts are frozen."""
    parts = [
        (row.pk, row.due_on, row.reason, _item_of(plan, row))
        for plan in plans
        for row in plan.parts.instalments
        if plan.invoice.document_type != Invoice.Type.CREDIT_NOTE
    ]
    if parts:
        run_values(
            "UPDATE invoices_instalment p SET due_on = v.due_on, reason = v.reason, open_item_id = v.item"
            " FROM (VALUES %s) v (id, due_on, reason, item) WHERE p.id = v.id",
            parts,
            template="(%s, %s::date, %s, %s::bigint)",
        )
    run_values(
        "UPDATE invoices_invoice i SET document_status = 'issued', series_id = v.series,"
        " sequence = v.sequence, number = v.number, issued_on = v.issued_on, due_on = v.due_on,"
        " next_due_on = v.next_due_on,"
        " policy_version_id = v.policy, balance = v.balance, settlement_status = v.settlement,"
        " settled_on = v.settled_on, issued_at = v.issued_at, issued_by_id = v.issued_by,"
        " lock_version = lock_version + 1"
        " FROM (VALUES %s) v (id, series, sequence, number, issued_on, due_on, next_due_on, policy,"
        " balance, settlement, settled_on, issued_at, issued_by) WHERE i.id = v.id",
        [_row(plan, actor, now) for plan in plans],
        template="(%s, %s, %s, %s, %s::date, %s::date, %s::date, %s, %s, %s, %s::date, %s::timestamptz,"
        " %s::bigint)",
    )
    for plan in plans:
        invoice = plan.invoice
        for row in plan.parts.instalments:
            row.open_item = plan.items.get(str(row.number))
        invoice.document_status = Invoice.Status.ISSUED
        invoice.series, invoice.sequence, invoice.number = plan.series, plan.sequence, plan.number
        invoice.issued_on, invoice.issued_at, invoice.issued_by = plan.on, now, actor
        invoice.policy_version = plan.parts.policy
        invoice.balance = _balance(plan)
        invoice.settlement_status = _settlement(plan)
        invoice.lock_version += 1


def _item_of(plan: Plan, row: Instalment) -> int | None:
    """The open item of an instalment; a pro-forma invoice, and one that deposits paid, have none."""
    item = plan.items.get(str(row.number))
    return item.pk if item is not None else None


def _is_owed(plan: Plan) -> bool:
    return not plan.invoice.credits_id and not plan.invoice.is_proforma and plan.invoice.payable > 0


def _balance(plan: Plan) -> Decimal:
    return plan.invoice.payable if _is_owed(plan) else Decimal(0)


def _settlement(plan: Plan) -> str:
    """Open, unless deposits paid all of it."""
    paid = plan.invoice.document_type == Invoice.Type.INVOICE and not plan.invoice.payable
    return (Invoice.Settlement.PAID if paid else Invoice.Settlement.OPEN).value


def _row(plan: Plan, actor: User | None, now: datetime) -> tuple[Any, ...]:
    invoice, owed, settlement = plan.invoice, _is_owed(plan), _settlement(plan)
    return (
        invoice.pk,
        plan.series.pk if plan.series else None,
        plan.sequence,
        plan.number,
        plan.on,
        invoice.due_on,
        min(part.due_on for part in plan.due) if owed else None,
        plan.parts.policy.pk if plan.parts.policy else None,
        _balance(plan),
        settlement,
        plan.on if settlement == Invoice.Settlement.PAID else None,
        now,
        actor.pk if actor else None,
    )
