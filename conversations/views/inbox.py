"""The inquiry inbox: what waits, for whom, until when."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from conversations import queries
from conversations.models import Thread
from conversations.showing import with_clock
from core.paging import paginate
from core.permissions import allowed
from team.requests import StaffRequest

READ = "conversations.read_inquiries"
TABS = {
    "waiting": _("To answer"),
    "mine": _("Mine"),
    "unassigned": _("Unassigned"),
    "late": _("Late"),
    "unknown": _("Unknown sender"),
    "all": _("All"),
}
SORTS = {"changed": "changed_at", "due": "answer_due_at", "opened": "opened_at"}


@require_GET
@allowed(READ)
def inbox(request: StaffRequest) -> HttpResponse:
    """Threads that are not closed, by tab; any state, customer, subject or reference by the filters."""
    now = timezone.now()
    counts = queries.tab_counts(request.user, now=now)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else _first_tab(counts)
    state = request.GET.get("state", "")
    state = state if state in Thread.State.values else ""
    words = request.GET.get("q", "").strip()[:100]
    rows = queries.inbox(request.user, tab=tab, state=state, text=words, now=now)
    page = paginate(request, rows, sorts=SORTS, default="-changed")
    context = {
        "page": page,
        "threads": [with_clock(thread, now) for thread in page.items],
        "tabs": [_tab(key, label, tab, counts) for key, label in TABS.items()],
        "tab": tab,
        "q": words,
        "state": state,
        "states": Thread.State.choices,
        "is_filtered": bool(words or state),
        "mentions": queries.unread_mentions(request.user)[:10],
        "set_aside": queries.set_aside(limit=5) if tab == "unknown" else (),
    }
    return render(request, "conversations/list.html", context)


def _first_tab(counts: dict[str, int]) -> str:
    """What the number beside the page's name in the menu counts; else one's own, else all."""
    return next((tab for tab in ("waiting", "mine") if counts[tab]), "all")


def _tab(key: str, label: Any, chosen: str, counts: dict[str, int]) -> dict[str, Any]:
    return {"label": label, "url": f"?tab={key}", "count": counts[key], "current": key == chosen}
