"""Pages of imports: bring a file, say what its columns are, see what would happen, begin."""

from pathlib import Path
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import sheets
from core.alike import by_reason
from core.errors import DomainError
from core.permissions import allowed
from entities.models import Entity
from entities.queries import visible_to
from integrations import importing, uploads
from integrations import usage as reading_usage
from integrations.forms import ReadingForm, UploadForm
from integrations.operations import try_receivables
from integrations.queries import first_reading, sample
from team.requests import StaffRequest
from work.models import Job


@require_GET
@allowed(importing.RIGHT)
def list_(request: StaffRequest) -> HttpResponse:
    """What was imported, by this person, and what can be."""
    jobs = Job.objects.filter(kind=importing.KIND, requested_by=request.user)[:50]
    return render(request, "integrations/list.html", {"jobs": jobs})


@require_http_methods(["GET", "POST"])
@allowed(importing.RIGHT)
def upload(request: StaffRequest) -> HttpResponse:
    """Bring the file. One that cannot be read is refused here, naming the line."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        token = uploads.keep(form.cleaned_data["file"], request.user)
        try:
            first_reading(uploads.find(token, request.user), currency="EUR")
        except DomainError as refusal:
            uploads.drop(token, request.user)
            form.add_error("file", f"{refusal.message} {refusal.mend or ''}".strip())
        else:
            return redirect("integrations:columns", token)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "integrations/upload.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@allowed(importing.RIGHT)
def columns(request: StaffRequest, token: str) -> HttpResponse:
    """Which column is what, with the first rows; posted, what an import would do."""
    path = uploads.find(token, request.user)
    form = _form(request, path)
    context: dict[str, Any] = {"form": form, "token": token, **_sample(path)}
    if request.method == "GET":
        return render(request, "integrations/columns.html", context)
    if form.is_valid():
        entity = form.cleaned_data["entity"]
        try:
            tried = try_receivables(path, form.reading(), entity, now=timezone.now())
        except DomainError as refusal:
            form.add_error(None, f"{refusal.message} {refusal.mend or ''}".strip())
        else:
            reasons = by_reason(fault.as_failure() for fault in tried.faults)
            context |= {"tried": tried, "entity": entity, "reasons": reasons[:50]}
            return render(request, "integrations/try.html", context)
    return render(request, "integrations/columns.html", context, status=422)


@require_POST
@allowed(importing.RIGHT)
def begin(request: StaffRequest, token: str) -> HttpResponse:
    """Begin the import as a job and show its progress; a file that was begun shows the job it became."""
    if earlier := importing.begun(token, request.user):
        return redirect("work:job", earlier.pk)
    path = uploads.find(token, request.user)
    form = _form(request, path)
    if not form.is_valid():
        context = {"form": form, "token": token, **_sample(path)}
        return render(request, "integrations/columns.html", context, status=422)
    entity, now = form.cleaned_data["entity"], timezone.now()
    tried = try_receivables(path, form.reading(), entity, now=now)
    job = importing.ask(token, path.name, form.reading(), entity, tried, actor=request.user, now=now)
    return redirect("work:job", job.pk)


@require_http_methods(["GET", "POST"])
@allowed(reading_usage.RIGHT)
def usage(request: StaffRequest) -> HttpResponse:
    """Bring a file of usage. One that cannot be read is refused here."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        token = uploads.keep(form.cleaned_data["file"], request.user)
        try:
            reading_usage.check_columns(uploads.find(token, request.user))
        except DomainError as refusal:
            uploads.drop(token, request.user)
            form.add_error("file", f"{refusal.message} {refusal.mend or ''}".strip())
        else:
            return redirect("integrations:usage_try", token)
    context = {"form": form, "columns": reading_usage.COLUMNS}
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "integrations/usage.html", context, status=status)


@require_http_methods(["GET", "POST"])
@allowed(reading_usage.RIGHT)
def usage_try(request: StaffRequest, token: str) -> HttpResponse:
    """What the file would add, with the lines that stop it; posted, it is taken in."""
    path = uploads.find(token, request.user)
    now = timezone.now()
    if request.method == "POST":
        taken = reading_usage.take_file(path, user=request.user, now=now)
        uploads.drop(token, request.user)
        messages.success(request, f"{taken.new:,} events are new, {taken.known:,} were here before.")
        return redirect("contracts:list")
    tried = reading_usage.try_file(path, user=request.user, now=now)
    context = {"tried": tried, "token": token, "faults": tried.faults[:50]}
    return render(request, "integrations/usage_try.html", context)


def _form(request: StaffRequest, path: Path) -> ReadingForm:
    names, companies = sheets.open_sheet(path).columns, _companies(request)
    if request.method == "POST":
        return ReadingForm(request.POST, columns=names, entities=companies)
    entity = companies.first()
    reading = first_reading(path, currency=entity.functional_currency if entity else "EUR")
    return ReadingForm(initial=ReadingForm.first(reading, entity), columns=names, entities=companies)


def _companies(request: StaffRequest) -> QuerySet[Entity]:
    return visible_to(request.user).filter(is_active=True)


def _sample(path: Path) -> dict[str, Any]:
    names, rows = sample(path)
    return {"names": names, "rows": rows}
