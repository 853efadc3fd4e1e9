"""The links to one document: who has one, who opened it, make a new one, close one."""

from __future__ import annotations

from django.contrib import messages as notices
from django.db import models
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.permissions import allowed
from correspondence import links, queries
from correspondence.forms import LinkForm
from correspondence.models import PublicLink
from team.requests import StaffRequest

MANAGE = "correspondence.manage_link"
LOOK_MINUTES = 15
_NEW = "correspondence.new_link"


@require_http_methods(["GET", "POST"])
@allowed(MANAGE)
def list_(request: StaffRequest, kind: str, pk: int) -> HttpResponse:
    """Every link to the document; POST makes one. Its address is shown once, to whoever made it."""
    about = _about(request, kind, pk)
    form = LinkForm(request.POST or None, customer_id=getattr(about, "customer_id", None))
    if request.method == "POST" and form.is_valid():
        link = links.create_link(
            about,
            purpose=links.INVOICE,
            contact=form.cleaned_data["contact"],
            days=form.cleaned_data["days"],
            actor=request.user,
            now=timezone.now(),
        )
        request.session[_NEW] = link.pk
        return redirect("correspondence:links", kind, pk)
    now = timezone.now()
    rows = [_shown(link, now) for link in links.links_of(about).filter(purpose=links.INVOICE)]
    context = {
        "about": about,
        "kind": kind,
        "links": rows,
        "form": form,
        "new_address": _new_address(request, about),
        "look_minutes": LOOK_MINUTES,
    }
    return render(request, "correspondence/links.html", context, status=422 if form.errors else 200)


@require_POST
@allowed(MANAGE)
def look(request: StaffRequest, kind: str, pk: int) -> HttpResponse:
    """Open the customer's page through a link of one's own that lives for a few minutes."""
    about = _about(request, kind, pk)
    link = links.create_link(
        about,
        purpose=links.PREVIEW,
        contact=None,
        minutes=LOOK_MINUTES,
        actor=request.user,
        now=timezone.now(),
    )
    response = redirect(links.path_of(link))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@require_POST
@allowed(MANAGE)
def revoke(request: StaffRequest, kind: str, pk: int, link_pk: int) -> HttpResponse:
    """Close one link at once."""
    about = _about(request, kind, pk)
    link = get_object_or_404(links.links_of(about), pk=link_pk)
    links.revoke_link(link, actor=request.user, now=timezone.now())
    notices.success(request, _("The link is closed. Whoever opens it sees that it leads nowhere."))
    return redirect("correspondence:links", kind, pk)


def _about(request: StaffRequest, kind: str, pk: int) -> models.Model:
    visible = queries.linkable(kind, request.user)
    if visible is None:
        raise Http404
    return get_object_or_404(visible, pk=pk)


def _shown(link: PublicLink, now: object) -> PublicLink:
    is_open = links.is_open(link, now)  # type: ignore[arg-type]
    link.state = _("Open") if is_open else _("Closed") if link.revoked_at else _("Expired")  # type: ignore[attr-defined]
    link.pill = "ok" if is_open else ""  # type: ignore[attr-defined]
    link.can_close = is_open  # type: ignore[attr-defined]
    return link


def _new_address(request: StaffRequest, about: models.Model) -> str:
    pk = request.session.pop(_NEW, None)
    link = links.links_of(about).filter(pk=pk, created_by=request.user.pk).first() if pk else None
    return links.address(link) if link else ""
