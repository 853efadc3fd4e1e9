"""One dispute and everything that can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import faults
from core.errors import DomainError, Invalid
from core.permissions import allowed
from disputes import operations, queries
from disputes.forms import AdviceForm, AssignForm, RaiseForm, ReasonForm, ReplyForm, ShortForm, StepForm
from disputes.models import Channel, Dispute, Prevention
from disputes.showing import row_of
from disputes.views._page import DECIDE, VIEW, WORK, found, propose_form, show
from invoices import queries as invoices
from invoices.models import Invoice
from invoices.operations import pending_approval
from payments import queries as payments
from team.idempotency import act_once
from team.requests import StaffRequest

RAISE = "disputes.raise_dispute"
Values = dict[str, Any]


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """The page of one dispute."""
    return show(request, found(request, pk))


@require_GET
@allowed(VIEW)
def of_invoice(request: StaffRequest, pk: int) -> HttpResponse:
    """The disputes of an invoice, for its page."""
    invoice = get_object_or_404(invoices.visible_to(request.user), pk=pk)
    now = timezone.now()
    rows = [row_of(dispute, now) for dispute in queries.of_invoice(invoice)[:10]]
    return render(request, "disputes/_panel.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@allowed(RAISE)
def new(request: StaffRequest, pk: int) -> HttpResponse:
    """Note what a customer told a colleague."""
    invoice = get_object_or_404(invoices.visible_to(request.user), pk=pk)
    form = RaiseForm(request.POST or None, invoice=invoice)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():

            def act() -> HttpResponse:
                dispute = operations.raise_dispute(
                    invoice,
                    form.claims(),
                    reason=form.cleaned_data["reason"],
                    detail=form.cleaned_data["detail"],
                    contact=form.cleaned_data["contact"],
                    channel=Channel.STAFF,
                    actor=request.user,
                    now=timezone.now(),
                )
                messages.success(request, _("Noted. Exactly this amount is not asked for."))
                return redirect(dispute)

            try:
                return act_once(request, act)
            except DomainError as refusal:
                faults.show(form, refusal)
                status = refusal.status
    return render(request, "disputes/new.html", {"invoice": invoice, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
@allowed(RAISE)
def short(request: StaffRequest, pk: int) -> HttpResponse:
    """What a receipt left open, for its page; and one of these rests disputed in one step."""
    payment = get_object_or_404(payments.visible_to(request.user), pk=pk)
    if request.method == "GET":
        rows = [
            (row, ShortForm(auto_id=f"id_short_{row.invoice.pk}_%s", initial=_preset(row)))
            for row in queries.short_paid(payment)
        ]
        context = {"rows": rows, "payment": payment, "disputed": queries.disputed_short(payment)}
        return render(request, "disputes/_short.html", context)
    form = ShortForm(request.POST)
    if not form.is_valid():
        raise Invalid(
            "Say which invoice, and why its rest is disputed.",
            field="reason",
            rule="a_dispute_has_a_reason",
            mend="Choose a reason of the list.",
        )
    invoice = get_object_or_404(invoices.visible_to(request.user), pk=form.cleaned_data["invoice"])

    def act() -> HttpResponse:
        dispute = operations.dispute_rest(
            payment, invoice, reason=form.cleaned_data["reason"], actor=request.user, now=timezone.now()
        )
        messages.success(request, _("Noted. Exactly this amount is not asked for."))
        return redirect(dispute)

    return act_once(request, act)


def _preset(row: queries.Short) -> Values:
    return {"invoice": row.invoice.pk, "reason": row.reason or "OTH"}


@require_POST
@allowed(WORK)
def step(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """Acknowledge, investigate or go on: acts without words."""
    act, words = _STEPS[name]
    dispute = found(request, pk)

    def do(_values: Values) -> object:
        return act(dispute, actor=request.user, now=timezone.now())

    return _do(request, dispute, "step_form", StepForm(request.POST), do, words=words)


@require_POST
@allowed(WORK)
def reply(request: StaffRequest, pk: int) -> HttpResponse:
    """Answer the customer, or ask and wait."""
    dispute = found(request, pk)

    def do(values: Values) -> object:
        act = operations.ask_customer if values["ask"] else operations.answer_customer
        return act(dispute, body=values["body"], actor=request.user, now=timezone.now())

    form = ReplyForm(request.POST, auto_id="id_reply_%s")
    return _do(request, dispute, "reply_form", form, do, words=_("It is queued and goes out in a moment."))


@require_POST
@allowed(WORK)
def assign(request: StaffRequest, pk: int) -> HttpResponse:
    """Give it to a colleague."""
    dispute = found(request, pk)

    def do(values: Values) -> object:
        return operations.assign(dispute, **values, actor=request.user, now=timezone.now())

    form = AssignForm(request.POST, dispute=dispute)
    return _do(request, dispute, "assign_form", form, do, words=_("Handed over."))


@require_POST
@allowed(WORK)
def escalate(request: StaffRequest, pk: int) -> HttpResponse:
    """One level up, with a reason."""
    return _with_reason(request, pk, "escalate", operations.escalate, _("It went one level up."))


@require_POST
@allowed(WORK)
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """The customer does not insist."""
    return _with_reason(request, pk, "withdraw", operations.withdraw, _("Withdrawn; it is asked for again."))


@require_POST
@allowed(WORK)
def reopen(request: StaffRequest, pk: int) -> HttpResponse:
    """Take it up again."""
    return _with_reason(request, pk, "reopen", operations.reopen, _("Taken up again."), field="reason_form")


@require_POST
@allowed(WORK)
def consult(request: StaffRequest, pk: int) -> HttpResponse:
    """Note that a legal adviser was asked."""
    dispute = found(request, pk)

    def do(values: Values) -> object:
        return operations.note_consultation(dispute, **values, actor=request.user, now=timezone.now())

    return _do(request, dispute, "advice_form", AdviceForm(request.POST), do, words=_("Noted."))


@require_POST
@allowed(WORK)
def propose(request: StaffRequest, pk: int) -> HttpResponse:
    """Propose how it ends; a small rejection is done at once."""
    dispute = found(request, pk)
    form = propose_form(dispute, request.POST)

    def do(values: Values) -> object:
        now = timezone.now()
        operations.propose(
            dispute,
            outcome=values["outcome"],
            root_cause=values["root_cause"],
            answer=values["answer"],
            evidence=values["evidence"],
            credit=form.credit(),
            actor=request.user,
            now=now,
        )
        return operations.finish_free(dispute, actor=request.user, now=now)

    return _do(request, dispute, "propose_form", form, do, words=_("Proposed."))


@require_POST
@allowed(DECIDE)
def accept(request: StaffRequest, pk: int) -> HttpResponse:
    """Agree to what is proposed: its documents go out with the answer."""
    dispute = found(request, pk)
    proposal = dispute.proposals.filter(state="pending").select_related("credit_note").first()
    note = proposal.credit_note if proposal else None
    is_pending = note is not None and note.document_status == Invoice.Status.PENDING
    # They stand on the page beside the button.
    flags = [flag["key"] for flag in pending_approval(note).flags] if note is not None and is_pending else []

    def do(_values: Values) -> object:
        return operations.accept(dispute, actor=request.user, now=timezone.now(), confirmed=flags)

    form = StepForm(request.POST)
    return _do(request, dispute, "step_form", form, do, words=_("Resolved; the customer gets the answer."))


@require_POST
@allowed(DECIDE)
def decline(request: StaffRequest, pk: int) -> HttpResponse:
    """Send the proposal back."""
    return _with_reason(request, pk, "decline", operations.decline, _("Sent back."))


@require_POST
@allowed("customers.edit_requirement")
def prevent(request: StaffRequest, pk: int) -> HttpResponse:
    """Take the requirement a dispute proposes, or leave it."""
    dispute = found(request, pk)
    row = Prevention.objects.filter(dispute=dispute).first()
    if row is None:
        raise Http404
    act = operations.decline_prevention if "decline" in request.POST else operations.accept_prevention

    def do(_values: Values) -> object:
        return act(row, actor=request.user, now=timezone.now())

    return _do(request, dispute, "step_form", StepForm(request.POST), do, words=_("Noted."))


_STEPS: dict[str, tuple[Callable[..., Dispute], Any]] = {
    "acknowledge": (operations.acknowledge, _("Acknowledged; the customer hears of it.")),
    "investigate": (operations.investigate, _("It is with us now.")),
    "resume": (operations.resume, _("It goes on; our clock runs again.")),
}


def _with_reason(
    request: StaffRequest, pk: int, name: str, act: Callable[..., object], words: Any, *, field: str = ""
) -> HttpResponse:
    dispute = found(request, pk)

    def do(values: Values) -> object:
        return act(dispute, reason=values["reason"], actor=request.user, now=timezone.now())

    form = ReasonForm(request.POST, auto_id=f"id_{name}_%s")
    return _do(request, dispute, field or f"{name}_form", form, do, words=words)


def _do(
    request: StaffRequest,
    dispute: Dispute,
    name: str,
    form: forms.Form,
    act: Callable[[Values], object],
    *,
    words: Any,
) -> HttpResponse:
    """One form of the page: its faults beside it and all that was typed, else the act and the page anew."""
    if not form.is_valid():
        return show(request, dispute, status=422, forms={name: form})

    def once() -> HttpResponse:
        act(form.cleaned_data)
        messages.success(request, words)
        return redirect(dispute)

    try:
        return act_once(request, once)
    except DomainError as refusal:
        faults.show(form, refusal)
        return show(request, found(request, dispute.pk), status=refusal.status, forms={name: form})
