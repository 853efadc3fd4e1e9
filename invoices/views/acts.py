"""The named acts of a document. Each is one POST; those that need words have a page with a form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from core.locale import editable
from core.permissions import allowed
from entities.queries import local_day
from invoices import operations
from invoices.forms import AnnotationForm, CreditForm, DepositsForm, HoldForm
from invoices.models import Hold, Invoice
from invoices.views._edges import find, go, take_fault
from invoices.views.record import page_of, stays_on_page
from team.idempotency import act_once, answered_before
from team.requests import StaffRequest
from work.operations import Unconfirmed

_BOTH = ["GET", "POST"]
WRITE = "invoices.edit_invoice"


@require_POST
@allowed(WRITE)
@stays_on_page
def submit(request: StaffRequest, pk: int) -> HttpResponse:
    """Check the draft and ask for approval."""
    invoice = operations.submit_invoice(find(request, pk), actor=request.user, now=timezone.now())
    approved = invoice.document_status == Invoice.Status.APPROVED
    return go(request, invoice, "Approved at once: it is small and usual." if approved else "Submitted.")


@require_POST
@allowed(WRITE)
@stays_on_page
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Take a submitted or approved document back to draft."""
    invoice = operations.reopen_draft(find(request, pk), actor=request.user, now=timezone.now())
    return go(request, invoice, "It is a draft again; its approval is void.")


@require_POST
@allowed("work.decide_approval")
def approve(request: StaffRequest, pk: int) -> HttpResponse:
    """Say yes, with every highlighted point confirmed."""
    confirmed = request.POST.getlist("confirmed")
    try:
        invoice = operations.approve_invoice(
            find(request, pk),
            actor=request.user,
            now=timezone.now(),
            confirmed=confirmed,
            reason=request.POST.get("reason", "")[:500],
        )
    except Unconfirmed as fault:
        return page_of(request, pk, status=fault.status, unconfirmed=fault, confirmed=confirmed)
    return go(request, invoice, "Approved.")


@require_POST
@allowed("work.decide_approval")
@stays_on_page
def reject(request: StaffRequest, pk: int) -> HttpResponse:
    """Say no, with the reason its author needs."""
    invoice = operations.reject_invoice(
        find(request, pk),
        actor=request.user,
        now=timezone.now(),
        reason=request.POST.get("reason", "")[:500],
    )
    return go(request, invoice, "Sent back to its author.")


@require_POST
@allowed("invoices.issue_invoice")
@stays_on_page
def issue(request: StaffRequest, pk: int) -> HttpResponse:
    """Number and freeze an approved document."""
    invoice = operations.issue_invoice(find(request, pk), actor=request.user, now=timezone.now())
    return go(request, invoice, f"Issued as {invoice.number}.")


@require_POST
@allowed("correspondence.send_message")
@stays_on_page
def send(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask for the mail; a worker writes it when the PDF is there."""
    invoice = operations.send_invoice(
        find(request, pk), actor=request.user, now=timezone.now(), again="again" in request.POST
    )
    return go(request, invoice, "It goes out in a moment. Its state is on the timeline.")


@require_POST
@allowed(WRITE)
def copy(request: StaffRequest, pk: int) -> HttpResponse:
    """A new draft that says the same."""
    original = find(request, pk)

    def act() -> HttpResponse:
        made = operations.copy_forward(original, actor=request.user, now=timezone.now())
        messages.success(request, _copied(made, timezone.now()))
        return redirect("invoices:edit", made.invoice.pk)

    return act_once(request, act)


def _copied(made: operations.Copied, now: datetime) -> str:
    """What is not as in the original, and what the check asks for."""
    said = [_("Copied.")]
    if made.repriced:
        said.append(
            ngettext(
                "%(n)s price is the list's of today.", "%(n)s prices are the list's of today.", made.repriced
            )
            % {"n": made.repriced}
        )
    if made.months:
        said.append(
            ngettext("Its periods moved by %(n)s month.", "Its periods moved by %(n)s months.", made.months)
            % {"n": made.months}
        )
    findings, _lines = operations.check_invoice(made.invoice, today=local_day(made.invoice.entity, now))
    stops = sum(row["severity"] in ("block", "confirm") for row in findings)
    if stops:
        said.append(
            ngettext(
                "%(n)s point is to be settled before it goes out.",
                "%(n)s points are to be settled before it goes out.",
                stops,
            )
            % {"n": stops}
        )
    return " ".join(said)


@require_POST
@allowed(WRITE)
def convert(request: StaffRequest, pk: int) -> HttpResponse:
    """The draft of the invoice a pro-forma announced."""
    original = find(request, pk)

    def act() -> HttpResponse:
        made = operations.invoice_of_proforma(original, actor=request.user, now=timezone.now())
        return redirect("invoices:edit", made.pk)

    return act_once(request, act)


@require_POST
@allowed(WRITE)
def final(request: StaffRequest, pk: int) -> HttpResponse:
    """The draft of the final invoice of a deposit, which it takes off."""
    deposit = find(request, pk)

    def act() -> HttpResponse:
        made = operations.write_final_invoice(deposit, actor=request.user, now=timezone.now())
        messages.success(request, _("The deposit is taken off. Now bill the whole supply in the lines."))
        return redirect("invoices:edit", made.pk)

    return act_once(request, act)


@require_http_methods(_BOTH)
@allowed(WRITE)
def deposits(request: StaffRequest, pk: int) -> HttpResponse:
    """Which deposits of the customer this invoice takes off."""
    invoice = find(request, pk)

    def act(invoice: Invoice, form: Any) -> object:
        chosen = form.cleaned_data["deposits"]
        return operations.deduct_deposits(invoice, chosen, actor=request.user, now=timezone.now())

    return _form_page(
        request,
        invoice,
        partial(DepositsForm, rows=operations.open_deposits(invoice)),
        act,
        title=_("Take deposits off"),
        text=_("Each is taken off with its tax, and named on the document. It can be taken off once."),
        button=_("Save"),
        done=_("Saved."),
        initial={"deposits": [row.deposit_id for row in invoice.deductions.all()]},
    )


@require_POST
@allowed(WRITE)
def rebill(request: StaffRequest, pk: int) -> HttpResponse:
    """A new draft in place of an issued invoice, linked to it."""
    original = find(request, pk)

    def act() -> HttpResponse:
        made = operations.rebill(original, None, actor=request.user, now=timezone.now())
        return redirect("invoices:edit", made.pk)

    return act_once(request, act)


@require_POST
@allowed("invoices.hold_invoice")
@stays_on_page
def release(request: StaffRequest, pk: int, hold_pk: int) -> HttpResponse:
    """End a hold."""
    invoice = find(request, pk)
    row = get_object_or_404(Hold, pk=hold_pk, invoice=invoice)
    operations.release(row, actor=request.user, now=timezone.now())
    return go(request, invoice, "Released: its amount is asked for again.")


@require_http_methods(_BOTH)
@allowed(WRITE)
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Throw a draft away, after a question."""
    return _form_page(
        request,
        find(request, pk),
        forms.Form,
        lambda invoice, _form: operations.discard_draft(invoice, actor=request.user, now=timezone.now()),
        title="Discard this draft",
        text="It leaves the lists and cannot come back. Its timeline stays.",
        button="Discard",
        done="Discarded.",
        kind="danger",
    )


@require_http_methods(_BOTH)
@allowed("invoices.hold_invoice")
def hold(request: StaffRequest, pk: int) -> HttpResponse:
    """Put part of what is open on hold."""
    invoice = find(request, pk)
    free = invoice.balance - invoice.held_amount

    def act(invoice: Invoice, form: Any) -> object:
        return operations.hold(invoice, actor=request.user, now=timezone.now(), **form.cleaned_data)

    return _form_page(
        request,
        invoice,
        partial(HoldForm, invoice=invoice),
        act,
        title="Put on hold",
        text="What is on hold is not asked for and not reminded of; the rest stays payable.",
        button="Put on hold",
        done="On hold.",
        initial={"amount": free},
    )


@require_http_methods(_BOTH)
@allowed(WRITE)
def annotate(request: StaffRequest, pk: int) -> HttpResponse:
    """A note beside an issued document."""
    invoice = find(request, pk)

    def act(invoice: Invoice, form: Any) -> object:
        text = form.cleaned_data["annotation"]
        return operations.annotate(invoice, text, actor=request.user, now=timezone.now())

    return _form_page(
        request,
        invoice,
        AnnotationForm,
        act,
        title="Note beside the document",
        text="The document itself stays as it was issued.",
        button="Save the note",
        done="Noted.",
        initial={"annotation": invoice.annotation},
    )


def _credited(request: StaffRequest, invoice: Invoice, form: CreditForm) -> HttpResponse:
    note = operations.write_credit_note(
        invoice,
        form.wanted(),
        reason_code=form.cleaned_data["reason_code"],
        reason=form.cleaned_data["reason"],
        actor=request.user,
        now=timezone.now(),
    )
    return go(request, note, "The credit note is a draft. Submit it next.")


@require_http_methods(_BOTH)
@allowed("invoices.credit_invoice")
def credit(request: StaffRequest, pk: int) -> HttpResponse:
    """A credit note for some lines, in part or in full, or for everything that is left."""
    invoice = find(request, pk)
    left = {line.position: line.net for line in operations.creditable(invoice).lines if line.net > 0}
    form = CreditForm(_posted(request, left), left=left, currency=invoice.currency)
    if form.is_bound and (answered_before(request) or form.is_valid()):
        try:
            return act_once(request, partial(_credited, request, invoice, form))
        except DomainError as fault:
            take_fault(form, fault)
    lines = {line.position: line for line in invoice.lines.all()}
    rows = [
        {
            "field": form[f"net_{position}"],
            "left": net,
            "line": lines.get(position),
            "charge": "" if position > 0 else invoice.charges[-position - 1]["reason"],
        }
        for position, net in left.items()
    ]
    status = 422 if form.is_bound else 200
    context = {"invoice": invoice, "form": form, "rows": rows}
    return render(request, "invoices/credit.html", context, status=status)


def _posted(request: StaffRequest, left: dict[int, Decimal]) -> QueryDict | None:
    """What the form sent; the button for everything fills in what is left of each line."""
    if request.method != "POST":
        return None
    data = request.POST.copy()
    if "everything" in data:
        for position, net in left.items():
            data[f"net_{position}"] = editable(net)
    return data


def _acted(
    request: StaffRequest, invoice: Invoice, form: Any, act: Callable[[Invoice, Any], object], done: str
) -> HttpResponse:
    act(invoice, form)
    return go(request, invoice, done)


def _form_page(
    request: StaffRequest,
    invoice: Invoice,
    form_class: Callable[..., Any],
    act: Callable[[Invoice, Any], object],
    *,
    title: str,
    text: str,
    button: str,
    done: str,
    kind: str = "primary",
    initial: dict[str, Any] | None = None,
) -> HttpResponse:
    """A small page with one form; a refusal comes back at its field with status 422 or 409."""
    form = form_class(request.POST if request.method == "POST" else None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if answered_before(request) or form.is_valid():
            try:
                return act_once(request, partial(_acted, request, invoice, form, act, done))
            except DomainError as fault:
                take_fault(form, fault)
                status = fault.status
    context = {
        "invoice": invoice,
        "form": form,
        "title": title,
        "text": text,
        "button": button,
        "kind": kind,
    }
    return render(request, "invoices/act.html", context, status=status)
