"""The button that watches a record."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from core.permissions import SIGNED_IN, NotAllowed, allowed
from notices import operations, queries
from team.requests import StaffRequest


@require_http_methods(["GET", "POST"])
@allowed(SIGNED_IN)
def watch(request: StaffRequest, kind: str, pk: int) -> HttpResponse:
    """Watch a record, or no more. Record pages load the button; without scripts it has a page of its own."""
    if kind not in queries.WATCHABLE:
        raise Http404
    right, visible = queries.WATCHABLE[kind]
    user = request.user
    if not user.has_perm(right):
        raise NotAllowed(right)
    subject = get_object_or_404(visible(user), pk=pk)
    by_script = request.headers.get("HX-Request") == "true"
    if request.method == "POST":
        if request.POST.get("act") == "unwatch":
            operations.unwatch(subject, actor=user)
        else:
            operations.watch(subject, path=queries.page_of(subject), actor=user, now=timezone.now())
        if not by_script:
            here = request.POST.get("back") == "notices"
            return redirect("notices:list") if here else redirect(queries.page_of(subject))
    context = {
        "kind": kind,
        "subject": subject,
        "watched": queries.watch_of(user, subject) is not None,
        "page": queries.page_of(subject),
        "done": request.method == "POST",
    }
    return render(request, "notices/_watch.html" if by_script else "notices/watch.html", context)
