"""The page of one document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_GET

from core.errors import DomainError
from core.permissions import allowed
from customers.queries import contacts_for, requirements_for
from customers.rules import REQUIREMENT_KINDS
from entities.queries import local_day
from invoices import queries, showing
from invoices.models import Document, DueDateMove, Invoice
from invoices.views._actions import acts_of, why_not_decide
from invoices.views._edges import by_script, link
from ledger.queries import ageing_of_customer
from team.requests import StaffRequest
from work.models import Approval
from work.operations import role_name
from work.queries import approvals_of

KINDS = {"all": "All", "mail": "Mail", "money": "Money", "hold": "Notes and holds", "trail": "Trail"}


@require_GET
@allowed("invoices.view_invoice")
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """The document with its lines, money, files, acts and everything that happened to it."""
    return page_of(request, pk)


def page_of(request: StaffRequest, pk: int, *, status: int = 200, **more: object) -> HttpResponse:
    """The page as it stands, with `more` in its context: a refused decision comes back at its card."""
    rows = queries.visible_to(request.user)
    invoice = get_object_or_404(queries.record_of(rows), pk=pk)
    context = _context(request, invoice, timezone.now()) | {"near": queries.neighbours(invoice, rows)} | more
    page = "invoices/_record.html" if by_script(request) else "invoices/detail.html"
    return render(request, page, context, status=status)


def stays_on_page(act: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A refused act answers with the page of its document: reason and mend stand above what can be done."""

    @wraps(act)
    def tried(request: StaffRequest, pk: int, *args: Any, **more: Any) -> HttpResponse:
        try:
            return act(request, pk, *args, **more)
        except DomainError as fault:
            if by_script(request):
                raise
            return page_of(request, pk, status=fault.status, refused=fault)

    return tried


def _context(request: StaffRequest, invoice: Invoice, now: datetime) -> dict[str, Any]:
    today = local_day(invoice.entity, now)
    approval = _waiting(invoice)
    may_not_decide = why_not_decide(approval, request.user, now) if approval else ""
    settlements = queries.settlements_of(invoice)
    contacts = contacts_for(invoice.customer, "billing")
    acts = acts_of(invoice, request.user, contacts)
    kin = queries.kin_of(invoice)
    step = showing.next_step(invoice, today, role_name(approval.needed_role) if approval else "")
    return {
        "invoice": invoice,
        "today": today,
        "state": showing.state_of(invoice, today),
        "sending": showing.sending_of(invoice),
        "late": showing.days_late(invoice, today),
        "next_step": step,
        "approval": approval,
        "may_decide": approval is not None and not may_not_decide,
        "may_not_decide": may_not_decide,
        "acts": acts,
        "primary": _primary(acts),
        "settlements": settlements,
        "document": next((d for d in invoice.documents.all() if d.state == Document.State.READY), None),
        "failed_document": next(
            (d for d in invoice.documents.all() if d.state == Document.State.FAILED), None
        ),
        "open_holds": [hold for hold in invoice.holds.all() if hold.released_at is None],
        "due_move": invoice.due_date_moves.exclude(state=DueDateMove.State.REJECTED).first()
        if invoice.is_issued
        else None,
        "can_hold": request.user.has_perm("invoices.hold_invoice"),
        "kin": kin,
        "findings": [f for f in invoice.checks if f.get("severity") in ("confirm", "warn")],
        "requirements": _requirements(invoice, invoice.issued_on or today),
        "money": ageing_of_customer(invoice.customer_id, on=today, today=today),
        "contacts": contacts,
        "customer_url": link("customers:detail", invoice.customer_id),
        "policy_url": link("policies:version", pinned.policy.code, pinned.number)
        if (pinned := invoice.policy_version)
        else "",
        "look_url": _look(request, invoice),
        **_timeline(request, invoice, settlements, today),
    }


def _waiting(invoice: Invoice) -> Approval | None:
    if invoice.document_status != Invoice.Status.PENDING:
        return None
    return approvals_of(invoice).filter(state=Approval.State.PENDING).first()


def _primary(acts: list[Any]) -> Any:
    """The one act that leads on; the first possible of these."""
    possible = {act.code: act for act in acts if not act.why}
    codes = ("issue", "submit", "payment", "send")
    return next((possible[code] for code in codes if code in possible), None)


def _look(request: StaffRequest, invoice: Invoice) -> str:
    if not invoice.is_issued or not request.user.has_perm("correspondence.manage_link"):
        return ""
    return link("correspondence:look", "invoice", invoice.pk)


def _requirements(invoice: Invoice, on: date) -> list[dict[str, object]]:
    """The customer's requirements, and whether the last check found one unmet."""
    unmet = {str(f.get("rule")): f for f in invoice.checks}
    rows: list[dict[str, object]] = []
    for one in requirements_for(invoice.customer, invoice.entity, on):
        kind = REQUIREMENT_KINDS.get(one.kind)
        fault = unmet.get(one.kind)
        rows.append(
            {
                "label": kind.label if kind else one.kind,
                "about": fault["message"] if fault else one.note or (kind.about if kind else ""),
                "met": fault is None,
            }
        )
    return rows


def _timeline(request: StaffRequest, invoice: Invoice, settlements: Any, today: date) -> dict[str, Any]:
    events = queries.timeline(invoice, settlements)
    show = request.GET.get("show", "all")
    counts = {kind: sum(event.kind == kind for event in events) for kind in KINDS}
    counts["all"] = len(events)
    shown = [event for event in events if show in ("all", event.kind) or show not in KINDS]
    groups: dict[str, list[dict[str, Any]]] = {}
    for event in shown:
        row = {
            "kind": event.kind,
            "icon": event.icon,
            "tone": event.tone,
            "text": format_html("<b>{}</b> {}", event.who, event.words),
            "at": event.at,
            "quote": event.quote,
            "quote_head": event.quote_head,
        }
        groups.setdefault(_group(timezone.localtime(event.at).date(), today), []).append(row)
    filters = [
        {
            "label": label,
            "kind": kind,
            "count": counts[kind],
            "url": f"?show={kind}#timeline",
            "current": kind == show or (show not in KINDS and kind == "all"),
        }
        for kind, label in KINDS.items()
        if kind == "all" or counts[kind]
    ]
    return {"days": [{"label": label, "events": rows} for label, rows in groups.items()], "filters": filters}


def _group(day: date, today: date) -> str:
    if day >= today:
        return "Today"
    return "The last seven days" if day > today - timedelta(days=7) else "Earlier"
