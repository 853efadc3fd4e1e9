"""Pages of bank statements: what was brought, bringing one, and what its lines pay."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from banking import jobs, late, operations, queries
from banking.forms import (
    AsideForm,
    LayoutForm,
    MatchingForm,
    PayerForm,
    ReceiptForm,
    StatementForm,
)
from banking.models import Line, Statement
from banking.operations import Choice
from core.errors import DomainError
from core.numbers import row_id
from core.paging import paginate
from core.permissions import allowed
from entities import queries as entities
from payments.forms import take_fault
from team.requests import StaffRequest
from work.jobs import hand_over

VIEW, IMPORT = "banking.view_bank_statement", "banking.import_bank_statement"
_HEADINGS = "bank_table_headings"
_TABS = {
    "": gettext_lazy("Waiting"),
    "booked": gettext_lazy("Booked"),
    "aside": gettext_lazy("Set aside"),
    "all": gettext_lazy("All"),
}


@require_GET
@allowed(VIEW)
def list_(request: StaffRequest) -> HttpResponse:
    """Every statement, the latest first, with how many of its lines wait."""
    accounts = list(queries.accounts_for(request.user))
    account = row_id(request.GET.get("account"))
    page = paginate(
        request,
        queries.listing(request.user, account=account),
        sorts={"until": "until"},
        default="-until",
    )
    context = {"page": page, "accounts": accounts, "account": account}
    return render(request, "banking/list.html", context)


@require_http_methods(["GET", "POST"])
@allowed(IMPORT)
def bring(request: StaffRequest) -> HttpResponse:
    """Bring a file. What is wrong is said with its line; nothing is kept of a file that is refused."""
    form = StatementForm(request.POST or None, request.FILES or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        file, account = form.cleaned_data["file"], form.cleaned_data["account"]
        data = file.read()
        try:
            done = operations.import_file(
                file.name,
                data,
                actor=request.user,
                now=timezone.now(),
                account=account,
                accept_because=form.cleaned_data["because"],
            )
        except DomainError as refusal:
            if refusal.rule == "columns_are_named" and account is not None:
                request.session[_HEADINGS] = queries.headings_of(data)
                messages.info(request, _("Say once what the columns are; then bring the file again."))
                return redirect("banking:layout", account.pk)
            take_fault(form, refusal)
        else:
            return _begin(request, list(done.statements), is_new=done.is_new)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "banking/import.html", {"form": form}, status=status)


def _begin(request: StaffRequest, statements: list[Statement], *, is_new: bool) -> HttpResponse:
    if not is_new:
        messages.info(request, _("This file is here already. Nothing was changed."))
        return redirect(statements[0])
    for statement in statements:
        job = hand_over(jobs.ask(statement, actor=request.user, now=timezone.now()))
    messages.success(request, _("The statement is kept. Its lines are being matched."))
    return redirect("work:job", job.pk) if len(statements) == 1 else redirect("banking:list")


@require_http_methods(["GET", "POST"])
@allowed(IMPORT)
def layout(request: StaffRequest, pk: int) -> HttpResponse:
    """How the bank of one account writes its table."""
    account = get_object_or_404(queries.accounts_for(request.user), pk=pk)
    known = queries.layout_of(account)
    headings = request.session.get(_HEADINGS, [])
    if known is not None and not set(known.columns.values()) <= set(headings):
        headings = []
    initial = (
        {f"column_{name}": head for name, head in known.columns.items()}
        | {"day_order": known.day_order, "decimal": known.decimal}
        if known
        else {}
    )
    form = LayoutForm(request.POST or None, headings=headings, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            operations.save_layout(
                account,
                form.columns(),
                day_order=form.cleaned_data["day_order"],
                decimal=form.cleaned_data["decimal"],
                actor=request.user,
                now=timezone.now(),
            )
        except DomainError as refusal:
            take_fault(form, refusal)
        else:
            messages.success(request, _("Saved. Now bring the file."))
            return redirect("banking:import")
    status = 422 if form.is_bound and form.errors else 200
    context = {"form": form, "account": account}
    return render(request, "banking/layout.html", context, status=status)


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """A statement: its proof, its lines, and for the chosen line what it may pay."""
    return _detail(request, get_object_or_404(queries.visible_to(request.user), pk=pk))


def _detail(
    request: StaffRequest, statement: Statement, *, chosen: str = "", fault: DomainError | None = None
) -> HttpResponse:
    tab = request.GET.get("tab", "")
    tab = tab if tab in _TABS else ""
    lines = queries.lines_of(statement, tab)
    chosen = chosen or request.GET.get("line", "")
    line = next((one for one in lines if str(one.pk) == chosen), lines[0] if lines else None)
    counts = queries.counts_of(statement)
    context: dict[str, Any] = {
        "statement": statement,
        "sums": queries.sums_of(statement),
        "lines": lines,
        "line": line,
        "counts": counts,
        "tabs": [
            {"label": label, "url": f"?tab={key}", "count": counts[key], "current": key == tab}
            for key, label in _TABS.items()
        ],
        "tab": tab,
        "may_book": request.user.has_perm(IMPORT),
        "fault": fault,
        # The same form once more, posted on the first open day.
        "again": late.offer(request, line, fault),
    }
    if line is not None:
        context |= _choices(request, line)
    return render(request, "banking/detail.html", context, status=fault.status if fault else 200)


def _choices(request: StaffRequest, line: Line) -> dict[str, Any]:
    waits = line.state in queries.TO_DO
    receipts = queries.receipts_for(line) if waits else None
    return {
        "waits": waits,
        "proposals": queries.proposals_of(line) if waits and line.amount > 0 else [],
        "payer_form": PayerForm(user=request.user, address=reverse("payments:customer_names")),
        "aside_form": AsideForm(),
        "files": queries.payouts_for(line) if waits else [],
        "receipts": list(receipts[:10]) if receipts is not None else [],
    }


@require_GET
@allowed(VIEW)
def file(request: StaffRequest, pk: int) -> HttpResponse:
    """The file as the bank sent it."""
    kept = get_object_or_404(queries.visible_to(request.user), pk=pk).file
    answer = HttpResponse(bytes(kept.content), content_type="application/octet-stream")
    name = "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in kept.name)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_http_methods(["GET", "POST"])
@allowed("entities.manage_entities")
def matching(request: StaffRequest, pk: int) -> HttpResponse:
    """How sure a match must be at one company to be booked without asking."""
    entity = get_object_or_404(entities.visible_to(request.user), pk=pk)
    kept = queries.matching_of(entity)
    form = MatchingForm(
        request.POST or None, initial={"automatic": kept.automatic, "most_fee": kept.most_fee}
    )
    if request.method == "POST" and form.is_valid():
        try:
            operations.save_matching(entity, **form.cleaned_data, actor=request.user, now=timezone.now())
        except DomainError as refusal:
            take_fault(form, refusal)
        else:
            messages.success(request, _("Saved. It holds for statements matched from now on."))
            return redirect("entities:detail", entity.pk)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "banking/matching.html", {"form": form, "entity": entity}, status=status)


@require_POST
@allowed(IMPORT)
def match(request: StaffRequest, pk: int) -> HttpResponse:
    """Look again for what the waiting lines pay."""
    statement = get_object_or_404(queries.visible_to(request.user), pk=pk)
    job = hand_over(jobs.ask(statement, actor=request.user, now=timezone.now()))
    return redirect("work:job", job.pk)


def _act(request: StaffRequest, pk: int, act: Callable[[Line], object], words: str) -> HttpResponse:
    """Do one thing to a line and go on with the next; a refusal shows the page as it was, with its reason."""
    line = get_object_or_404(queries.lines_visible_to(request.user), pk=pk)
    try:
        act(line)
    except DomainError as refusal:
        statement = queries.visible_to(request.user).get(pk=line.statement_id)
        return _detail(request, statement, chosen=str(line.pk), fault=refusal)
    messages.success(request, words)
    return redirect("banking:detail", line.statement_id)


@require_POST
@allowed(IMPORT)
def accept(request: StaffRequest, pk: int) -> HttpResponse:
    """Book one of the proposals."""
    number = row_id(request.POST.get("match"))
    chosen = -1 if number is None else number
    return _act(
        request,
        pk,
        lambda line: operations.accept_match(
            line, chosen, actor=request.user, now=timezone.now(), late=late.asked(request)
        ),
        _("Booked."),
    )


@require_POST
@allowed(IMPORT)
def book(request: StaffRequest, pk: int) -> HttpResponse:
    """Book the line for a customer as credit, or as money of somebody unknown."""
    form = PayerForm(request.POST, user=request.user, address=reverse("payments:customer_names"))
    if not form.is_valid():
        messages.error(request, " ".join(str(one) for one in form.errors["customer"]))
        line = get_object_or_404(queries.lines_visible_to(request.user), pk=pk)
        return redirect(f"{reverse('banking:detail', args=[line.statement_id])}?line={pk}")
    customer = form.cleaned_data["customer"]
    return _act(
        request,
        pk,
        lambda line: operations.book_line(
            line, Choice(customer, late=late.asked(request)), actor=request.user, now=timezone.now()
        ),
        _("Booked for %(name)s.") % {"name": customer} if customer else _("Booked as unidentified."),
    )


@require_POST
@allowed(IMPORT)
def aside(request: StaffRequest, pk: int) -> HttpResponse:
    """Set a line aside: it is nothing receivables knows."""
    return _act(
        request,
        pk,
        lambda line: operations.set_aside(
            line, request.POST.get("reason", ""), actor=request.user, now=timezone.now()
        ),
        _("Set aside."),
    )


@require_POST
@allowed(IMPORT)
def again(request: StaffRequest, pk: int) -> HttpResponse:
    """A line set aside waits again."""
    return _act(
        request,
        pk,
        lambda line: operations.take_up(line, actor=request.user, now=timezone.now()),
        _("It waits again."),
    )


@require_POST
@allowed(IMPORT)
def join(request: StaffRequest, pk: int) -> HttpResponse:
    """The line is a receipt recorded by hand."""
    return _with_receipt(request, pk, operations.join_line, _("Joined; nothing was booked twice."))


@require_POST
@allowed(IMPORT)
def note_return(request: StaffRequest, pk: int) -> HttpResponse:
    """The line takes a receipt back."""
    note = partial(operations.note_return, late=late.asked(request))
    return _with_receipt(request, pk, note, _("The receipt is returned; its invoices are open."))


@require_POST
@allowed(IMPORT)
def payout(request: StaffRequest, pk: int) -> HttpResponse:
    """The line is the debit of a payment file."""
    line = get_object_or_404(queries.lines_visible_to(request.user), pk=pk)
    number = row_id(request.POST.get("file"))
    file = next((one for one in queries.payouts_for(line) if one.pk == number), None)
    if file is None:
        messages.error(request, _("Choose the payment file; it must have the amount of the line."))
        return redirect(f"{reverse('banking:detail', args=[line.statement_id])}?line={pk}")
    return _act(
        request,
        pk,
        lambda one: operations.note_payout(one, file, actor=request.user, now=timezone.now()),
        _("Its refunds have left."),
    )


def _with_receipt(request: StaffRequest, pk: int, act: Callable[..., Line], words: str) -> HttpResponse:
    line = get_object_or_404(queries.lines_visible_to(request.user), pk=pk)
    form = ReceiptForm(request.POST, receipts=queries.receipts_for(line))
    if not form.is_valid():
        messages.error(request, _("Choose the receipt; it must have the amount of the line."))
        return redirect(f"{reverse('banking:detail', args=[line.statement_id])}?line={pk}")
    payment = form.cleaned_data["payment"]
    return _act(request, pk, lambda one: act(one, payment, actor=request.user, now=timezone.now()), words)
