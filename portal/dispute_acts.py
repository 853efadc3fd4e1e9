"""What a customer does about a dispute on the invoice's page. Each is safe to send twice."""

from __future__ import annotations

import structlog
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from core.errors import DomainError
from core.permissions import public
from correspondence import links
from correspondence.models import PublicLink
from disputes import operations, rules
from disputes.models import Channel, Dispute
from invoices.documents.writer import Writer, clean
from invoices.models import Invoice
from portal.answering import take_answer
from portal.disputing import FAULTS, DisputeForm, Typed, UnsolvedForm, claims_of, files_of, is_too_large
from portal.gate import by_link, language_of, nothing_here
from portal.limits import ACTS
from portal.showing import show_invoice
from portal.words import Words

logger = structlog.get_logger(__name__)
_KEY = "the token in the address is the key"


@public(_KEY)
@csrf_exempt
@by_link(ACTS)
def dispute(request: HttpRequest, link: PublicLink, invoice: Invoice) -> HttpResponseBase:
    """Dispute lines or an amount, with files. The same form sent again finds the dispute it made."""
    if link.purpose == links.PREVIEW:
        return _back(request, link, invoice, "preview")
    if is_too_large(request):
        return show_invoice(request, link, invoice, disputed=Typed("d_no_files"))
    language = language_of(request, link, invoice)
    w = Writer({**clean(invoice.snapshot.content), "language": language})
    form, claims, files = DisputeForm(request.POST), claims_of(request, w), files_of(request)
    fault = _fault(form, has_claims=bool(claims), has_files=files is not None)
    if fault or claims is None or files is None:
        return show_invoice(request, link, invoice, disputed=_typed(request, fault))
    given = form.cleaned_data
    try:
        made = operations.raise_dispute(
            invoice,
            claims,
            reason=given["reason"],
            detail=given["detail"],
            channel=Channel.PORTAL,
            contact=link.contact,
            files=files,
            external_id=f"portal:{link.pk}:{given['once']}",
            actor=None,
            now=timezone.now(),
        )
    except DomainError as refusal:
        logger.info("dispute_refused", invoice=invoice.pk, rule=refusal.rule)
        fault = FAULTS.get(refusal.rule or "", "d_no")
        return show_invoice(request, link, invoice, disputed=_typed(request, fault))
    return _back(request, link, invoice, "disputed", ref=made.reference)


@public(_KEY)
@csrf_exempt
@by_link(ACTS)
def answer(request: HttpRequest, link: PublicLink, invoice: Invoice, pk: int) -> HttpResponseBase:
    """Write on in a dispute of one's own; what waited for it goes on."""
    if link.purpose == links.PREVIEW:
        return _back(request, link, invoice, "preview")
    row = _theirs(link, invoice, pk)
    if row is None or row.thread is None or row.is_over:
        return nothing_here(request)
    if not take_answer(request, link, row.thread, Words(language_of(request, link, invoice))):
        return show_invoice(request, link, invoice, unanswered=row.thread.pk)
    operations.note_message(row.thread, now=timezone.now())
    return _back(request, link, invoice, "answered")


@public(_KEY)
@csrf_exempt
@by_link(ACTS)
def unsolved(request: HttpRequest, link: PublicLink, invoice: Invoice, pk: int) -> HttpResponseBase:
    """It is not solved: back to the same owner, once within 30 days."""
    if link.purpose == links.PREVIEW:
        return _back(request, link, invoice, "preview")
    row = Dispute.objects.filter(pk=pk, invoice=invoice).first()
    if row is None:
        return nothing_here(request)
    form = UnsolvedForm(request.POST)
    if not form.is_valid():
        return _back(request, link, invoice, "no_again")
    if row.was_reopened and not row.is_over:
        return _back(request, link, invoice, "again")  # sent twice
    try:
        operations.reopen(row, reason=form.cleaned_data["body"], actor=None, now=timezone.now())
    except DomainError as refusal:
        logger.info("dispute_not_reopened", dispute=row.pk, rule=refusal.rule)
        return _back(request, link, invoice, "no_again")
    return _back(request, link, invoice, "again")


@public(_KEY)
@csrf_exempt
@by_link(ACTS)
def withdraw(request: HttpRequest, link: PublicLink, invoice: Invoice, pk: int) -> HttpResponseBase:
    """The customer does not insist."""
    if link.purpose == links.PREVIEW:
        return _back(request, link, invoice, "preview")
    row = _theirs(link, invoice, pk)
    if row is None:
        return nothing_here(request)
    if row.state != rules.WITHDRAWN:
        try:
            operations.withdraw(
                row,
                reason="The customer withdrew it on their page.",
                actor=None,
                now=timezone.now(),
                by_customer=True,
            )
        except DomainError as refusal:
            logger.info("dispute_not_withdrawn", dispute=row.pk, rule=refusal.rule)
            return _back(request, link, invoice, "no_dispute")
    return _back(request, link, invoice, "gone")


def _theirs(link: PublicLink, invoice: Invoice, pk: int) -> Dispute | None:
    """The dispute of this invoice that whoever holds the link raised: by their contact, or by nobody's."""
    rows = Dispute.objects.filter(pk=pk, invoice=invoice, contact=link.contact)
    return rows.select_related("thread__customer", "thread__entity").first()


def _fault(form: DisputeForm, *, has_claims: bool, has_files: bool) -> str:
    if not form.is_valid():
        return "d_no_reason" if "reason" in form.errors else "d_no_words"
    if not has_claims:
        return "d_no_amount"
    return "" if has_files else "d_no_files"


def _typed(request: HttpRequest, fault: str) -> Typed:
    values = {name: request.POST.get(name, "")[:6_000] for name in request.POST if name != "lines"}
    return Typed(fault, values, request.POST.getlist("lines"))


def _back(
    request: HttpRequest, link: PublicLink, invoice: Invoice, said: str, *, ref: str = ""
) -> HttpResponseBase:
    page = reverse("portal:invoice", args=[links.token_of(link)])
    more = f"&ref={ref}" if ref else ""
    return redirect(f"{page}?lang={language_of(request, link, invoice)}&said={said}{more}#disputes")
