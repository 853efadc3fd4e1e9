"""Letters to print: what waits for the post, the file to print it from, what was posted, what came back."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from celery import current_app
from django.contrib import messages as notices
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from core.errors import Invalid
from core.paging import paginate
from core.permissions import allowed
from correspondence import operations, queries
from correspondence.forms import PostedForm
from correspondence.models import Delivery
from correspondence.operations import KIND, TASK
from team.requests import StaffRequest
from work.models import Job
from work.queries import jobs_of

SEE, POST = "correspondence.view_outgoing", "correspondence.post_letter"
State = Delivery.State
RUNS = 5

# View of the list -> (its label, the state it shows, what the newest is by).
VIEWS = {
    "": (gettext_lazy("To post"), State.TO_POST, "id"),
    "posted": (gettext_lazy("Posted"), State.POSTED, "posted_at"),
    "returned": (gettext_lazy("Came back"), State.BOUNCED, "bounced_at"),
}


@require_GET
@allowed(POST, SEE)
def list_(request: StaffRequest) -> HttpResponse:
    """Letters that wait, were posted or came back, and the files made of those that wait."""
    chosen = request.GET.get("state", "")
    chosen = chosen if chosen in VIEWS else ""
    wanted = request.GET.get("q", "").strip()[:100]
    rows = queries.letters_visible_to(request.user)
    _label, state, by = VIEWS[chosen]
    shown = _found(rows, wanted).filter(state=state)
    may_post = request.user.has_perm(POST)
    context = {
        "page": paginate(request, shown, sorts={"letters": by}, default="-letters" if chosen else "letters"),
        "tabs": [_tab(rows, key, chosen) for key in VIEWS],
        "q": wanted,
        "state": chosen,
        "may_post": may_post,
        "may_see": request.user.has_perm(SEE),
        "runs": _runs(request) if may_post and not chosen else [],
        "acts": [
            {"value": "print", "label": _("One PDF to print"), "icon": "printer"},
            {"value": "posted", "label": _("Posted today"), "icon": "check"},
        ],
        "today": timezone.localdate(),
    }
    return render(request, "correspondence/letters.html", context)


@require_POST
@allowed(POST)
def act(request: StaffRequest) -> HttpResponse:
    """Make one file of the chosen letters, or note that they were posted."""
    rows = _chosen(request)
    if request.POST.get("act") == "print":
        job = operations.ask_for_letters(rows, actor=request.user, now=timezone.now())
        transaction.on_commit(lambda: current_app.send_task(TASK, kwargs={"job_id": job.pk}))
        return redirect("work:job", job.pk)
    form = PostedForm(request.POST)
    if not form.is_valid():
        raise Invalid("This is not a day.", field="posted_on", rule="a_posted_letter_has_a_day")
    if not rows:
        raise Invalid(
            "No letter is chosen.", field="pick", rule="something_is_chosen", mend="Tick at least one row."
        )
    count = operations.mark_posted(
        rows, actor=request.user, now=timezone.now(), posted_on=form.cleaned_data["posted_on"]
    )
    words = ngettext("%(n)s letter is noted as posted.", "%(n)s letters are noted as posted.", count)
    notices.success(request, words % {"n": count})
    return redirect("correspondence:letters")


@require_GET
@allowed(POST, SEE)
def pdf(request: StaffRequest, pk: int) -> HttpResponseBase:
    """One letter as it was printed, proved by its hash."""
    row = get_object_or_404(queries.letters_visible_to(request.user).exclude(letter_name=""), pk=pk)
    return _file(operations.read_letter(row), f"letter-{pk}.pdf")


@require_GET
@allowed(POST)
def together(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The file one asked for, proved by its hash."""
    job = get_object_or_404(jobs_of(request.user), pk=pk, kind=KIND)
    if job.state != Job.State.DONE or "name" not in job.result:
        raise Http404
    return _file(operations.read_letters(job), f"letters-{pk}.pdf")


@require_POST
@allowed(POST)
def returned(request: StaffRequest, pk: int) -> HttpResponse:
    """The post brought it back; the reason stands on the envelope."""
    row = get_object_or_404(queries.letters_visible_to(request.user), pk=pk)
    operations.return_letter(
        row, reason=request.POST.get("reason", ""), actor=request.user, now=timezone.now()
    )
    notices.success(request, _("Noted. Somebody looks for the right address now."))
    return redirect("correspondence:letters")


def _file(content: bytes, name: str) -> FileResponse:
    return FileResponse(BytesIO(content), as_attachment=True, filename=name, content_type="application/pdf")


def _chosen(request: StaffRequest) -> list[Delivery]:
    """The waiting letters of a job, those ticked, or all that match the list's search."""
    waiting = queries.letters_visible_to(request.user).filter(state=State.TO_POST)
    if job := request.POST.get("job", ""):
        made = get_object_or_404(jobs_of(request.user), pk=_numbers([job])[0], kind=KIND)
        return list(waiting.filter(pk__in=made.result.get("ids", [])))
    if request.POST.get("all") == "1":
        return list(_found(waiting, QueryDict(request.POST.get("query", "")).get("q", "").strip()[:100]))
    picked = _numbers(request.POST.getlist("pick"))
    # Of what was ticked and no longer waits, the operation says so; it is not left out in silence.
    return list(queries.letters_visible_to(request.user).filter(pk__in=picked))


def _numbers(texts: Sequence[str]) -> list[int]:
    if not all(text.isdecimal() for text in texts):
        raise Invalid("The list of letters cannot be read.", field="pick", rule="ids_are_numbers")
    return [int(text) for text in texts]


def _found(rows: QuerySet[Delivery], wanted: str) -> QuerySet[Delivery]:
    if not wanted:
        return rows
    return rows.filter(Q(message__customer__name__icontains=wanted) | Q(message__subject__icontains=wanted))


def _tab(rows: QuerySet[Delivery], key: str, chosen: str) -> dict[str, object]:
    label, state, _by = VIEWS[key]
    count = rows.filter(state=state).order_by().count() if key != "posted" else None
    return {
        "label": label,
        "url": f"?state={key}" if key else "?",
        "count": count,
        "current": key == chosen,
    }


def _runs(request: StaffRequest) -> list[dict[str, Any]]:
    """The newest files this person asked for, each with how many of its letters still wait."""
    made = list(jobs_of(request.user).filter(kind=KIND)[:RUNS])
    ids = {pk for job in made for pk in job.result.get("ids", [])}
    waiting = set(
        queries.letters_visible_to(request.user)
        .filter(pk__in=ids, state=State.TO_POST)
        .values_list("pk", flat=True)
    )
    return [{"job": job, "waiting": len(waiting & set(job.result.get("ids", [])))} for job in made]
