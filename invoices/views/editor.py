"""Writing a draft: the customer first, then the page that saves itself."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError, Stale
from core.numbers import row_id
from core.permissions import allowed
from customers import operations as customers
from customers import queries as customer_queries
from customers.models import BillingRequirement, Customer
from entities import queries as entities
from entities.queries import local_day
from invoices import operations
from invoices.forms import Editor, read_editor
from invoices.models import Invoice
from invoices.operations import NotADraft
from invoices.views import _editing
from invoices.views._edges import by_script, find, go
from team.requests import StaffRequest

WRITE = "invoices.edit_invoice"
KINDS = {
    Invoice.Type.INVOICE: _("Invoice"),
    Invoice.Type.DEPOSIT: _("Deposit invoice"),
    Invoice.Type.PROFORMA: _("Pro-forma invoice"),
}
"""What is written in the editor; the other documents follow from these."""
_TOKEN_SECONDS = 24 * 3600


@require_http_methods(["GET", "POST"])
@allowed(WRITE)
def new(request: StaffRequest) -> HttpResponse:
    """A new draft: first whom to bill, then what."""
    chosen = row_id(request.POST.get("customer") or request.GET.get("customer"))
    if chosen is None:
        return _pick(request, reverse("invoices:new"))
    customer = get_object_or_404(
        customer_queries.visible_to(request.user).select_related("entity", "segment"), pk=chosen
    )
    if request.method == "GET":
        return _page(request, customer, None, _read(request, customer, None, sent=False))
    return _save(request, customer, _begun(request))


@require_http_methods(["GET", "POST"])
@allowed(WRITE)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """An existing draft, also one that waits or was approved: saving makes it a draft again."""
    invoice = find(request, pk)
    _refuse_frozen(invoice)
    customer = _customer(request, invoice)
    if request.method == "GET" and "pick" in request.GET:
        return _pick(request, reverse("invoices:edit", args=[pk]))
    if request.method == "GET":
        return _page(request, customer, invoice, _read(request, customer, invoice, sent=False))
    return _save(request, customer, invoice)


@require_POST
@allowed(WRITE)
def autosave(request: StaffRequest) -> HttpResponse:
    """Save what is on the page; the answer is the parts of the page that follow from it."""
    invoice = _begun(request)
    chosen = row_id(request.POST.get("customer"))
    if chosen is None:
        raise Http404
    customer = get_object_or_404(
        customer_queries.visible_to(request.user).select_related("entity", "segment"), pk=chosen
    )
    editor = _read(request, customer, invoice, sent=True)
    if not editor.is_valid():
        return _parts(request, customer, invoice, editor, editor.faults(), status=422)
    try:
        invoice = _write(request, invoice, editor)
    except Stale as stale:
        return render(
            request, "invoices/_stale.html", _editing.stale_context(invoice, editor, stale), status=409
        )
    except DomainError as fault:
        return _parts(request, customer, invoice, editor, list(fault.problems), status=422)
    return _parts(request, customer, invoice, editor, [], status=200)


@require_GET
@allowed(WRITE)
def pick(request: StaffRequest) -> HttpResponse:
    """Customers that match what is typed, as a part of the page."""
    target = request.GET.get("target", "")
    safe = target if target.startswith("/invoices/") else reverse("invoices:new")
    return render(request, "invoices/_customers.html", _found(request, safe))


@require_POST
@allowed(WRITE)
def acknowledge(request: StaffRequest) -> HttpResponse:
    """The writer has read a requirement of this customer."""
    customer = get_object_or_404(customer_queries.visible_to(request.user), pk=_number(request, "customer"))
    requirement = get_object_or_404(BillingRequirement, pk=_number(request, "requirement"))
    customers.acknowledge_requirement(
        requirement,
        customer=customer,
        revision=_number(request, "revision"),
        actor=request.user,
        now=timezone.now(),
    )
    entity = get_object_or_404(entities.visible_to(request.user), pk=_number(request, "entity"))
    if by_script(request):
        context = _editing.requirements_context(
            customer, entity, request.user, local_day(entity, timezone.now())
        )
        return render(request, "invoices/_requirements.html", context)
    draft = row_id(request.POST.get("draft"))
    if draft is not None:
        return redirect("invoices:edit", draft)
    return redirect(f"{reverse('invoices:new')}?customer={customer.pk}")


def _number(request: StaffRequest, name: str) -> int:
    number = row_id(request.POST.get(name))
    if number is None:
        raise Http404
    return number


def _pick(request: StaffRequest, target: str) -> HttpResponse:
    return render(request, "invoices/pick.html", _found(request, target))


def _found(request: StaffRequest, target: str) -> dict[str, Any]:
    text = request.GET.get("q", "").strip()[:100]
    rows = customer_queries.matching(customer_queries.visible_to(request.user), text)
    rows = rows.filter(status=Customer.Status.ACTIVE).select_related("entity").order_by("name", "pk")
    return {
        "q": text,
        "customers": list(rows[:12]),
        "target": target,
        "kinds": KINDS if target == reverse("invoices:new") else {},
        "kind": kind_of(request),
    }


def kind_of(request: StaffRequest) -> Invoice.Type:
    """What kind of document a new draft is."""
    asked = request.POST.get("kind") or request.GET.get("kind") or ""
    return Invoice.Type(asked) if asked in KINDS else Invoice.Type.INVOICE


def _customer(request: StaffRequest, invoice: Invoice) -> Customer:
    """The draft's customer, or the one that was picked in its place."""
    chosen = row_id(request.POST.get("customer") or request.GET.get("customer"))
    if chosen is None or chosen == invoice.customer_id:
        return invoice.customer
    rows = customer_queries.visible_to(request.user).select_related("entity", "segment")
    return get_object_or_404(rows, pk=chosen)


def _begun(request: StaffRequest) -> Invoice | None:
    """The draft this page already wrote. The page's token finds it when an answer got lost."""
    pk = row_id(request.POST.get("draft")) or row_id(str(cache.get(_key(request)) or ""))
    return find(request, pk) if pk is not None else None


def _key(request: StaffRequest) -> str:
    return f"invoices:begun:{request.user.pk}:{request.POST.get('token', '')[:40]}"


def _refuse_frozen(invoice: Invoice) -> None:
    open_ = (Invoice.Status.DRAFT, Invoice.Status.PENDING, Invoice.Status.APPROVED)
    if invoice.document_status not in open_ or invoice.credits_id:
        raise NotADraft(
            f"{invoice} cannot be edited.",
            rule="issued_invoice_is_immutable",
            mend="Write a credit note, or copy it to a new draft.",
        )


def _read(request: StaffRequest, customer: Customer, invoice: Invoice | None, *, sent: bool) -> Editor:
    companies = entities.visible_to(request.user).filter(is_active=True).order_by("name")
    return read_editor(
        request.POST if sent else None,
        customer=customer,
        companies=companies,
        currencies=_editing.currencies_of(customer, invoice),
        draft=operations.as_input(invoice) if invoice and not sent else None,
        entity=customer.entity,
        currency=customer_queries.billing_profile(customer, customer.entity, timezone.localdate()).currency,
    )


def _write(request: StaffRequest, invoice: Invoice | None, editor: Editor) -> Invoice:
    """Save the draft, checking the version the page was made from."""
    now = timezone.now()
    draft = editor.to_input(local_day(editor.head.cleaned_data["entity"], now))
    if invoice is None:
        invoice = operations.write_draft(draft, actor=request.user, now=now, document_type=kind_of(request))
        cache.set(_key(request), invoice.pk, _TOKEN_SECONDS)
        return invoice
    version = request.POST.get("force") or request.POST.get("version") or ""
    return operations.edit_draft(
        invoice,
        draft,
        actor=request.user,
        now=now,
        expected_version=row_id(version) or 0,
    )


def _save(request: StaffRequest, customer: Customer, invoice: Invoice | None) -> HttpResponse:
    """The form as a whole: save, and submit where that was asked."""
    editor = _read(request, customer, invoice, sent=True)
    if not editor.is_valid():
        return _page(request, customer, invoice, editor, editor.faults(), status=422)
    try:
        invoice = _write(request, invoice, editor)
    except Stale as stale:
        context = _editing.stale_context(invoice, editor, stale)
        return _page(request, customer, invoice, editor, status=409, stale=context)
    except DomainError as fault:
        return _page(request, customer, invoice, editor, list(fault.problems), status=fault.status)
    if request.POST.get("then") != "submit":
        if operations.lacks_backdate_reason(invoice, local_day(invoice.entity, timezone.now())):
            messages.warning(
                request,
                f"It is dated back to {invoice.planned_on} without a reason. Say why under "
                "“More references and dates”, or take the issue day out: it cannot be submitted like this.",
            )
        return go(request, invoice, "Saved.")
    try:
        invoice = operations.submit_invoice(invoice, actor=request.user, now=timezone.now())
    except DomainError as fault:
        return _page(
            request, customer, find(request, invoice.pk), editor, list(fault.problems), status=fault.status
        )
    approved = invoice.document_status == Invoice.Status.APPROVED
    return go(request, invoice, "Approved at once: it is small and usual." if approved else "Submitted.")


def _parts(
    request: StaffRequest,
    customer: Customer,
    invoice: Invoice | None,
    editor: Editor,
    faults: list[Any],
    *,
    status: int,
) -> HttpResponse:
    context = _editing.context_of(customer, invoice, editor, faults, worked=status == 200)
    response = render(request, "invoices/_saved_parts.html", context, status=status)
    if status == 200 and invoice is not None:
        response.headers["X-Version"] = str(invoice.lock_version)
        response.headers["X-Location"] = reverse("invoices:edit", args=[invoice.pk])
    return response


def _page(
    request: StaffRequest,
    customer: Customer,
    invoice: Invoice | None,
    editor: Editor,
    faults: list[Any] | None = None,
    *,
    status: int = 200,
    stale: dict[str, Any] | None = None,
) -> HttpResponse:
    context = _editing.context_of(customer, invoice, editor, faults or [], worked=invoice is not None)
    context |= {
        "token": request.POST.get("token") or secrets.token_urlsafe(16),
        "stale": stale,
        "kind": invoice.document_type if invoice else kind_of(request),
        "title": KINDS.get(Invoice.Type(invoice.document_type) if invoice else kind_of(request), ""),
        "version": stale["version"] if stale else invoice.lock_version if invoice else "",
        **_editing.page_context(request, customer, invoice, _day(editor, invoice)),
    }
    return render(request, "invoices/edit.html", context, status=status)


def _day(editor: Editor, invoice: Invoice | None) -> date:
    if invoice is not None:
        return invoice.tax_point_on or invoice.planned_on or local_day(invoice.entity, timezone.now())
    return local_day(editor.customer.entity, timezone.now())
