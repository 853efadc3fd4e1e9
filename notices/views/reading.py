"""Pages of a person's own notices, and of who has not confirmed what must be read."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from core.paging import paginate
from core.permissions import SIGNED_IN, allowed
from notices import operations, queries
from notices.models import Notice
from team.requests import StaffRequest

READERS = "notices.view_readers"


@require_GET
@allowed(SIGNED_IN)
def list_(request: StaffRequest) -> HttpResponse:
    """Own notices, the newest first; what must be confirmed stands out."""
    tab, user = request.GET.get("tab", ""), request.user
    rows = queries.notices_of(user)
    if tab == "unread":
        rows = rows.filter(Q(read_at__isnull=True) | Q(must_read=True, acknowledged_at__isnull=True))
    elif tab == "must":
        rows = rows.filter(must_read=True)
    shows_readers = tab == "readers" and user.has_perm(READERS)
    context = {
        "page": paginate(request, rows, sorts={"made": "made_at"}, default="-made"),
        "tabs": _tabs(request, tab),
        "tab": tab,
        "watches": queries.watched_by(user)[:50],
        "readers": queries.readers(queries.must_read_acts(user)) if shows_readers else [],
        "shows_readers": shows_readers,
    }
    return render(request, "notices/list.html", context)


@require_GET
@allowed(SIGNED_IN)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One own notice: what changed, and the button that confirms it."""
    notice = get_object_or_404(queries.notices_of(request.user), pk=pk)
    readers = queries.readers_of(request.user, notice.entry_id) if request.user.has_perm(READERS) else None
    return _page(request, notice, readers, is_own=True)


@require_GET
@allowed(READERS)
def readers(request: StaffRequest, pk: int) -> HttpResponse:
    """Of one act that must be read, by its number on the trail: what changed, who confirmed, who has not."""
    found = queries.readers_of(request.user, pk)
    if found is None:
        raise Http404
    own = queries.notices_of(request.user).filter(entry=pk).first()
    return _page(request, own or found.notice, found, is_own=own is not None)


def _page(
    request: StaffRequest, notice: Notice, readers: queries.Readers | None, *, is_own: bool
) -> HttpResponse:
    context = {"notice": notice, "readers": readers, "is_own": is_own}
    return render(request, "notices/detail.html", context)


@require_POST
@allowed(SIGNED_IN)
def acknowledge(request: StaffRequest, pk: int) -> HttpResponse:
    """Confirm what must be known, or note as read what needs no confirmation."""
    notice = get_object_or_404(queries.notices_of(request.user), pk=pk)
    if notice.must_read:
        operations.acknowledge_notice(notice, actor=request.user, now=timezone.now())
        messages.success(request, _("Noted: you have read and understood “%(it)s”.") % {"it": notice.title})
    else:
        operations.read_notice(notice, actor=request.user, now=timezone.now())
    return redirect("notices:list")


@require_POST
@allowed(SIGNED_IN)
def read_all(request: StaffRequest) -> HttpResponse:
    """Everything that needs no confirmation is read."""
    count = operations.read_all(actor=request.user, now=timezone.now())
    words = ngettext("%(n)s notice is read.", "%(n)s notices are read.", count)
    messages.success(request, words % {"n": count})
    return redirect("notices:list")


def _tabs(request: StaffRequest, current: str) -> list[dict[str, Any]]:
    names = [("", _("All")), ("unread", _("Unread")), ("must", _("Must read"))]
    if request.user.has_perm(READERS):
        names.append(("readers", _("Who has not")))
    here = reverse("notices:list")
    return [
        {
            "label": label,
            "url": f"{here}?tab={code}" if code else here,
            "current": code == current,
            "count": queries.unread_count(request.user) if code == "unread" else None,
        }
        for code, label in names
    ]
