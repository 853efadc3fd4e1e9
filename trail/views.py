"""The trail as a page: who did what to which object, when, in which request."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.paging import paginate
from core.permissions import allowed
from trail.models import Entry
from trail.naming import fact_name
from trail.queries import changes_of, visible_to

# Query key -> the column it compares exactly, and its name for people.
FILTERS = {"fact": "fact", "cid": "cid", "actor": "actor__email", "object": "object_repr"}


@require_GET
@allowed("trail.view_trail")
def list_(request: HttpRequest) -> HttpResponse:
    """Every act, newest first; each cell is a filter of its own."""
    chosen = {key: request.GET[key].strip()[:200] for key in FILTERS if request.GET.get(key, "").strip()}
    rows: QuerySet[Entry] = visible_to(request.user).select_related("actor", "content_type")
    rows = rows.filter(**{FILTERS[key]: value for key, value in chosen.items()})
    page = paginate(request, rows, sorts={"at": "id"}, default="-at")
    context = {
        "page": page,
        "rows": [_shown(entry) for entry in page.items],
        "chips": [_chip(request, key, value) for key, value in chosen.items()],
    }
    return render(request, "trail/list.html", context)


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "entry": entry,
        "kind": entry.content_type.name,
        "changes": changes_of(entry),
    }


def _chip(request: HttpRequest, key: str, value: str) -> dict[str, str]:
    names = {"fact": _("Act"), "cid": _("Request"), "actor": _("Person"), "object": _("Object")}
    rest = request.GET.copy()
    for gone in (key, "after", "before"):
        rest.pop(gone, None)
    words = fact_name(value) if key == "fact" else value
    return {"label": names[key], "value": words, "url": f"?{rest.urlencode()}"}
