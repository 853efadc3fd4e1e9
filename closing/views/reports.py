"""Revaluation, tax report and journal of a month."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from closing import jobs, operations, queries
from closing.queries import Key, TaxReport
from closing.views._scope import CLOSE, READ, Scope, scope_of, shared
from closing.words import category
from core.errors import DomainError, Invalid
from core.exporting import table_file
from core.money import plain
from core.permissions import allowed
from team.exports import count_export
from team.idempotency import act_once
from team.requests import StaffRequest
from work.jobs import hand_over

_SHOWN = 500
_TAX_COLUMNS = (
    "company", "month", "country", "state", "category", "rate", "component", "tax_name", "account",
    "documents", "adjustments", "currency", "base", "tax",
)  # fmt: skip


@require_http_methods(["GET", "POST"])
@allowed(READ)
def revaluation(request: StaffRequest, pk: int, month: str) -> HttpResponse:
    """What a revaluation would post now, and posting it as a job."""
    scope = scope_of(request, pk, month)
    fault: DomainError | None = None
    if request.method == "POST":
        if not request.user.has_perm(CLOSE):
            return HttpResponse(status=403)
        try:
            return act_once(request, lambda: _begin(request, scope))
        except DomainError as refusal:
            fault = refusal
    missing: Invalid | None = None
    try:
        changes = queries.revaluation_of(scope.entity, scope.month)
    except Invalid as refusal:
        changes, missing = [], refusal
    context = shared(scope, "revaluation") | {
        "changes": changes,
        "left": sum(len(one.changed) for one in changes),
        "gain": sum((one.gain for one in changes), Decimal(0)),
        "runs": queries.runs_of(scope.entity, scope.month),
        "missing": missing,
        "may_post": request.user.has_perm(CLOSE),
        "shown": _SHOWN,
        "fault": fault,
    }
    return render(request, "closing/revaluation.html", context, status=fault.status if fault else 200)


def _begin(request: StaffRequest, scope: Scope) -> HttpResponse:
    job = hand_over(jobs.ask(scope.entity, scope.month, actor=request.user, now=timezone.now()))
    return redirect("work:job", job.pk)


@require_GET
@allowed(READ)
def tax(request: StaffRequest, pk: int, month: str) -> HttpResponse:
    """The tax report, each account beside what the ledger moved."""
    scope = scope_of(request, pk, month)
    report = queries.tax_report(scope.entity, scope.month)
    return render(request, "closing/tax.html", shared(scope, "tax") | {"report": report})


@require_GET
@allowed(READ)
def tax_rows(request: StaffRequest, pk: int, month: str) -> HttpResponse:
    """The documents, discounts and write-offs behind one line of the report."""
    scope, key = scope_of(request, pk, month), _key(request.GET)
    documents = queries.documents_of(scope.entity, scope.month, key)
    changes = queries.changes_of_line(scope.entity, scope.month, key)
    every: list[Any] = [*documents, *changes]
    context = shared(scope, "tax") | {
        "key": key,
        "category": category(key.category),
        "documents": documents[:_SHOWN],
        "changes": changes[:_SHOWN],
        "more": max(0, len(documents) - _SHOWN) + max(0, len(changes) - _SHOWN),
        "count": len(every),
        "base": sum((one.base for one in every), Decimal(0)),
        "tax": sum((one.tax for one in every), Decimal(0)),
    }
    return render(request, "closing/tax_rows.html", context)


def _key(get: QueryDict) -> Key:
    try:
        rate = Decimal(get.get("rate", "0")[:12])
    except InvalidOperation:
        raise Http404 from None
    if not rate.is_finite():
        raise Http404
    texts = {
        name: get.get(name, "")[:40].replace("\0", "")
        for name in ("category", "label", "component", "country", "state")
    }
    return Key(rate=rate, **texts)


@require_GET
@allowed(READ)
def tax_file(request: StaffRequest, pk: int, month: str, kind: str) -> HttpResponseBase:
    """The tax report as CSV or XLSX."""
    scope = scope_of(request, pk, month)
    count_export(request.user)
    report = queries.tax_report(scope.entity, scope.month)
    name = f"tax-{scope.entity.code}-{scope.month:%Y-%m}".lower()
    return table_file(name, kind, _TAX_COLUMNS, _tax_lines(report))


def _tax_lines(report: TaxReport) -> Iterator[list[object]]:
    own = report.entity.functional_currency
    for line in report.lines:
        yield [
            report.entity.code,
            f"{report.month:%Y-%m}",
            line.key.country,
            line.key.state,
            line.key.category,
            line.key.rate.normalize(),
            line.key.component,
            line.key.label,
            line.account,
            line.documents,
            line.changes,
            own,
            Decimal(plain(line.base, own)) if line.counts_base else None,
            Decimal(plain(line.tax, own)),
        ]


@require_http_methods(["GET", "POST"])
@allowed(READ)
def journal(request: StaffRequest, pk: int, month: str) -> HttpResponse:
    """The journals taken out for a month with their hashes, and taking out another."""
    scope = scope_of(request, pk, month)
    if request.method == "POST":
        count_export(request.user)
        before = queries.exports_of(scope.entity, scope.month).first()
        export = operations.export_journal(scope.entity, scope.month, actor=request.user, now=timezone.now())
        if before is not None and before.pk == export.pk:
            messages.info(request, _("Nothing was posted since: it is the same file, byte for byte."))
        else:
            messages.success(request, _("Made. The file below can be made again at any time."))
        return redirect(scope.url("journal"))
    exports = list(queries.exports_of(scope.entity, scope.month))
    newer = (
        queries.entries_of(scope.entity, scope.month).filter(pk__gt=exports[0].last_entry).count()
        if exports
        else 0
    )
    context = shared(scope, "journal") | {
        "exports": exports,
        "newer": newer,
        "entries": queries.entries_of(scope.entity, scope.month).count(),
    }
    return render(request, "closing/journal.html", context)


@require_GET
@allowed(READ)
def journal_file(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The file of an export, made again from the entries it names."""
    export = get_object_or_404(queries.exports_visible_to(request.user), pk=pk)
    count_export(request.user)
    pieces = queries.journal_bytes(export.entity, export.month, export.last_entry)
    answer = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    name = f"journal-{export.entity.code}-{export.month:%Y-%m}.csv".lower()
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
