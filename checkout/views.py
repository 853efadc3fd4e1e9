"""Online payments: what staff sees of them, where customers come back to, and where the gateway knocks."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from checkout import operations, queries
from checkout.models import Checkout, DemoPage, Event
from core.errors import DomainError
from core.paging import paginate
from core.permissions import allowed, public
from correspondence import links
from entities.models import Entity
from team.requests import StaffRequest

logger = structlog.get_logger(__name__)
VIEW, ACT = "payments.view_payment", "payments.record_payment"
_TABS = {
    "": gettext_lazy("All"),
    "waiting": gettext_lazy("Waiting"),
    "paid": gettext_lazy("Paid"),
    "ended": gettext_lazy("Not paid"),
}
_SAID = {"paid": "paid", "processing": "paying", "expired": "unpaid", "failed": "unpaid", "open": "not_yet"}
_MOST_BYTES = 256 * 1024
_JUST_ASKED = timedelta(seconds=3)


@require_GET
@allowed(VIEW)
def list_(request: StaffRequest) -> HttpResponse:
    """Which companies take payments online, what the gateway last said, and every payment."""
    tab = request.GET.get("tab", "")
    tab = tab if tab in queries.TABS else ""
    counts = queries.counts_of(request.user)
    rows = queries.visible_to(request.user).filter(state__in=queries.TABS[tab])
    context = {
        "channels": queries.channels_of(request.user),
        "page": paginate(request, rows, sorts={"begun": "begun_at"}, default="-begun"),
        "stuck": queries.stuck(timezone.now()),
        "tab": tab,
        "tabs": [
            {"label": label, "url": f"?tab={key}", "count": counts[key], "current": key == tab}
            for key, label in _TABS.items()
        ],
    }
    return render(request, "checkout/list.html", context)


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One payment: how far it has come, what it became, disputes and what was given back."""
    return _detail(request, get_object_or_404(queries.visible_to(request.user), pk=pk))


def _detail(request: StaffRequest, row: Checkout, fault: DomainError | None = None) -> HttpResponse:
    known = [name for name in (row.gateway_id, row.intent_id) if name]
    context = {
        "row": row,
        "disputes": list(row.disputes.all()),
        "repayments": list(row.repayments.select_related("refund")),
        "events": list(Event.objects.filter(entity=row.entity, about__in=known)[:20]),
        "may_ask": request.user.has_perm(ACT) and row.settled_at is None,
        "fault": fault,
    }
    return render(request, "checkout/detail.html", context, status=fault.status if fault else 200)


@require_POST
@allowed(ACT)
def ask(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask the gateway now what became of it."""
    row = get_object_or_404(queries.visible_to(request.user), pk=pk)
    try:
        after = operations.ask_again(row, now=timezone.now())
    except DomainError as fault:
        return _detail(request, row, fault)
    if after.state == row.state:
        messages.info(request, _("The gateway says nothing new."))
    else:
        messages.success(request, _("The gateway says: %(state)s.") % {"state": after.get_state_display()})
    return redirect(after)


# ------------------------------------------------------------------------------------ customers come back
@require_GET
@public("the handle in the address is the key; it only leads back to the customer's own page")
def back(request: HttpRequest, handle: str) -> HttpResponse:  # noqa: ARG001
    """From the hosted page to the invoice's. The gateway is asked what happened; the browser is not."""
    row = Checkout.objects.select_related("entity", "link").filter(handle=handle).first()
    if row is None:
        raise Http404
    now = timezone.now()
    if row.settled_at is None and (row.asked_at is None or now - row.asked_at > _JUST_ASKED):
        try:
            row = operations.ask_again(row, now=now)
        except DomainError as refusal:
            # The money is not lost by this: the janitor asks again, and somebody is told.
            logger.warning("online_payment_not_settled", checkout=row.pk, rule=refusal.rule)
    return sealed(redirect(_page_of(row)))


def _page_of(row: Checkout) -> str:
    if row.link is None:
        return reverse("portal:ask_link")
    try:
        return f"{links.path_of(row.link)}?lang={row.language}&said={_SAID.get(row.state, 'paying')}"
    except links.LinkLost:
        return reverse("portal:ask_link")


def sealed(response: HttpResponse) -> HttpResponse:
    """The address is a key: it is not stored and not told to other sites."""
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


# --------------------------------------------------------------------------------------- the gateway knocks
@csrf_exempt
@require_POST
@public("the gateway signs what it sends")
def events(request: HttpRequest, code: str) -> HttpResponseBase:
    """An event: checked against its raw bytes, noted once, answered at once. Anything unsigned gets 400."""
    if int(request.headers.get("Content-Length") or 0) > _MOST_BYTES:
        return HttpResponse("too large", status=400, content_type="text/plain")
    entity = Entity.objects.filter(code=code).first()
    if entity is None:
        return HttpResponse("nobody here", status=404, content_type="text/plain")
    try:
        is_new = operations.take_event(
            entity, request.body, request.headers.get("Stripe-Signature", ""), now=timezone.now()
        )
    except operations.NotOnline:
        return HttpResponse("nobody here", status=404, content_type="text/plain")
    except DomainError as refusal:
        logger.warning("gateway_event_refused", entity=code, rule=refusal.rule)
        return HttpResponse("not signed", status=400, content_type="text/plain")
    return HttpResponse("taken" if is_new else "known", content_type="text/plain")


# ----------------------------------------------------------------------------------- the page of the demo
@require_GET
@public("a page of the demo, where no money moves; the handle in the address is the key")
def demo(request: HttpRequest, handle: str) -> HttpResponse:
    """The demo's stand-in for a hosted page."""
    return sealed(render(request, "checkout/demo.html", {"page": _demo_page(handle)}))


@csrf_exempt
@require_POST
@public("a page of the demo, where no money moves; the handle in the address is the key")
def demo_pay(request: HttpRequest, handle: str) -> HttpResponse:  # noqa: ARG001
    """Say that it was paid."""
    page = operations.pay_demo(_demo_page(handle), now=timezone.now())
    return sealed(redirect(reverse("checkout:back", args=[page.handle])))


@csrf_exempt
@require_POST
@public("a page of the demo, where no money moves; the handle in the address is the key")
def demo_cancel(request: HttpRequest, handle: str) -> HttpResponse:  # noqa: ARG001
    """Leave without paying."""
    page = operations.cancel_demo(_demo_page(handle), now=timezone.now())
    return sealed(redirect(reverse("checkout:back", args=[page.handle])))


def _demo_page(handle: str) -> DemoPage:
    if not (settings.DEMO and settings.CHECKOUT_DEMO):
        raise Http404
    return get_object_or_404(DemoPage, handle=handle)
