"""The list of disputes, with both clocks."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from core.paging import paginate
from core.permissions import allowed
from disputes import queries
from disputes.forms import REASONS, ListForm
from disputes.queries import Filters
from disputes.showing import row_of
from team.requests import StaffRequest

VIEW = "disputes.view_dispute"
TABS = {
    "mine": _("Mine"),
    "held": _("Came up to me"),
    "late": _("Late"),
    "decide": _("To decide"),
    "waiting": _("With the customer"),
    "open": _("All open"),
    "closed": _("Closed"),
}
SORTS = {"raised": "raised_at", "changed": "changed_at", "amount": "amount"}


@require_GET
@allowed(VIEW)
def disputes(request: StaffRequest) -> HttpResponse:
    """Disputes by tab, reason and words."""
    now = timezone.now()
    counts = queries.tab_counts(request.user, now=now)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else next((one for one in ("held", "mine") if counts[one]), "open")
    form = ListForm(request.GET)
    form.is_valid()
    data = form.cleaned_data
    filters = Filters(
        tab=tab, text=data.get("q") or "", reason=data.get("reason") or "", customer=data.get("customer")
    )
    page = paginate(request, queries.listing(request.user, filters, now=now), sorts=SORTS, default="-raised")
    context = {
        "page": page,
        "rows": [row_of(dispute, now) for dispute in page.items],
        "tabs": [_tab(key, label, tab, counts) for key, label in TABS.items()],
        "tab": tab,
        "q": filters.text,
        "reason": filters.reason,
        "reasons": REASONS,
        "is_filtered": bool(filters.text or filters.reason or filters.customer),
    }
    return render(request, "disputes/list.html", context)


def _tab(key: str, label: Any, chosen: str, counts: dict[str, int]) -> dict[str, Any]:
    return {"label": label, "url": f"?tab={key}", "count": counts[key], "current": key == chosen}
