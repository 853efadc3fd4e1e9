"""The list, one statement, its file, and making one."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from core.paging import paginate
from core.permissions import allowed
from correspondence.manners import purposes_of
from correspondence.queries import recipients_for
from customers import queries as customers
from entities import queries as entities
from entities.queries import local_day
from statements import operations, queries
from statements.document import statement_view
from statements.forms import ListForm, MakeForm
from statements.models import Statement
from team.requests import StaffRequest

VIEW, SEND = "statements.view_statement", "statements.send_statement"


@require_GET
@allowed(VIEW)
def list_(request: StaffRequest) -> HttpResponse:
    """One page of the statements, the newest day first."""
    filters = ListForm(request.GET).filters()
    page = paginate(request, queries.listing(request.user, filters), sorts=queries.SORTS, default="-day")
    context = {
        "page": page,
        "q": filters.q,
        "filters": filters,
        "problems": queries.problems_visible_to(request.user)[:10],
        "companies": entities.visible_to(request.user),
    }
    return render(request, "statements/list.html", context)


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One statement as its paper says it."""
    statement = shown(request, pk)
    mails = list(queries.deliveries_of(statement))
    context = {
        "s": statement,
        "d": statement_view(statement.content),
        "mails": mails,
        "to": recipients_for(statement.customer, purposes_of("statement")) if may_send(request) else [],
        "may_send": may_send(request),
    }
    return render(request, "statements/detail.html", context)


@require_GET
@allowed(VIEW)
def pdf(request: StaffRequest, pk: int) -> FileResponse:
    """The stored file."""
    statement = shown(request, pk)
    return FileResponse(
        default_storage.open(operations.file_of(statement)),
        as_attachment="download" in request.GET,
        filename=statement.file_name,
        content_type="application/pdf",
    )


@require_http_methods(["GET", "POST"])
@allowed(SEND)
def make(request: StaffRequest, pk: int) -> HttpResponse:
    """Choose the account, the form and the days; the paper is made and shown."""
    customer = get_object_or_404(customers.visible_to(request.user).select_related("entity"), pk=pk)
    seen = {entity.pk: entity for entity in entities.visible_to(request.user)}
    accounts = [(seen[pk], currency) for pk, currency in queries.accounts_of(customer.pk) if pk in seen]
    form = MakeForm(request.POST or None, accounts=accounts, today=local_day(customer.entity, timezone.now()))
    if request.method == "POST" and form.is_valid():
        entity, currency = form.chosen
        given = form.cleaned_data
        try:
            return redirect(
                operations.make_statement(
                    customer,
                    entity,
                    currency,
                    form=given["form"],
                    since=given["since"],
                    on=given["as_of"],
                    actor=request.user,
                    now=timezone.now(),
                )
            )
        except DomainError as refusal:
            form.add_error(
                refusal.field if refusal.field in form.fields else None, f"{refusal} {refusal.mend}"
            )
    status = 422 if request.method == "POST" else 200
    context = {"customer": customer, "form": form, "accounts": accounts}
    return render(request, "statements/make.html", context, status=status)


def may_send(request: StaffRequest) -> bool:
    """Whether the reader may send statements."""
    return request.user.has_perm(SEND)


def shown(request: StaffRequest, pk: int) -> Statement:
    """The statement, if the reader may see it; else 404."""
    return get_object_or_404(queries.visible_to(request.user).defer(None), pk=pk)
