"""Outgoing mail: what was sent to whom, what waits, what failed, and the very bytes of it."""

from __future__ import annotations

from io import BytesIO

from django.contrib import messages as notices
from django.db.models import Q, QuerySet
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from core.paging import paginate
from core.permissions import allowed
from correspondence import operations, queries
from correspondence.mail import HIDDEN_LINK, compose, read_attachment
from correspondence.models import Channel, Delivery
from correspondence.previews import letter_on_screen, message_frame, without_link
from team.requests import StaffRequest

SEE, SEND = "correspondence.view_outgoing", "correspondence.send_message"
State = Delivery.State

PILLS = {
    State.QUEUED: "info",
    State.SENDING: "info",
    State.SENT: "info",
    State.DELIVERED: "ok",
    State.OPENED: "ok",
    State.TO_POST: "warn",
    State.POSTED: "ok",
    State.BOUNCED: "bad",
    State.FAILED: "bad",
    State.CANCELLED: "",
}
# View of the list -> (its label, the states it shows).
VIEWS = {
    "": (gettext_lazy("All"), ()),
    "waiting": (gettext_lazy("Waiting"), (State.QUEUED, State.SENDING)),
    "failed": (gettext_lazy("Failed"), (State.FAILED,)),
    "bounced": (gettext_lazy("Came back"), (State.BOUNCED,)),
    "sent": (gettext_lazy("Handed over"), (State.SENT, State.DELIVERED, State.OPENED)),
    "letters": (gettext_lazy("Letters to post"), (State.TO_POST,)),
    "cancelled": (gettext_lazy("Cancelled"), (State.CANCELLED,)),
}
_COUNTED = {"waiting", "failed", "bounced", "letters"}  # what asks for a look; the others only grow


@require_GET
@allowed(SEE)
def list_(request: StaffRequest) -> HttpResponse:
    """Every delivery, newest first, by state and by customer, address or subject."""
    chosen = request.GET.get("state", "")
    chosen = chosen if chosen in VIEWS else ""
    wanted = request.GET.get("q", "").strip()[:100]
    rows = queries.deliveries_visible_to(request.user)
    page = paginate(request, _found(_in(rows, chosen), wanted), sorts={"queued": "id"}, default="-queued")
    for delivery in page.items:
        _with_pill(delivery)
    context = {
        "page": page,
        "tabs": [_tab(rows, key, chosen) for key in VIEWS],
        "q": wanted,
        "state": chosen,
        "is_filtered": bool(chosen or wanted),
    }
    return render(request, "correspondence/list.html", context)


@require_GET
@allowed(SEE)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One message: to whom, what became of it, and what it says."""
    message = get_object_or_404(
        queries.visible_to(request.user).select_related("template", "link", "queued_by"), pk=pk
    )
    rows = message.deliveries.select_related("contact").order_by("id")
    deliveries = [_with_pill(delivery) for delivery in rows]
    return render(
        request,
        "correspondence/detail.html",
        {
            "message": message,
            "deliveries": deliveries,
            "attachments": message.attachments.all(),
            "text": without_link(message.text),
            "about": queries.about_of(message),
            "may_send": request.user.has_perm(SEND),
        },
    )


@require_GET
@allowed(SEE)
def body(request: StaffRequest, pk: int) -> HttpResponse:
    """The message's HTML, byte by byte but for the link, for the sandboxed frame."""
    message = get_object_or_404(queries.visible_to(request.user), pk=pk)
    is_letter = message.channel == Channel.LETTER
    return message_frame(letter_on_screen(message.html) if is_letter else message.html)


@require_GET
@allowed(SEE)
def source(request: StaffRequest, pk: int) -> HttpResponse:
    """The mail to one recipient as it is handed over: headers, text, HTML, attachments; the link hidden."""
    delivery = get_object_or_404(queries.deliveries_visible_to(request.user), pk=pk)
    mail = compose(delivery, link_address=HIDDEN_LINK)
    response = HttpResponse(mail.message().as_bytes(), content_type="message/rfc822")
    response.headers["Content-Disposition"] = f'attachment; filename="message-{delivery.pk}.eml"'
    return response


@require_GET
@allowed(SEE)
def attachment(request: StaffRequest, pk: int, attachment_pk: int) -> HttpResponseBase:
    """A file of the message, proved by its hash."""
    message = get_object_or_404(queries.visible_to(request.user), pk=pk)
    file = get_object_or_404(message.attachments, pk=attachment_pk)
    content = read_attachment(file)
    return FileResponse(
        BytesIO(content), as_attachment=True, filename=file.filename, content_type=file.media_type
    )


@require_POST
@allowed(SEND)
def retry(request: StaffRequest, pk: int) -> HttpResponse:
    """Queue a failed delivery again."""
    delivery = get_object_or_404(queries.deliveries_visible_to(request.user), pk=pk)
    operations.retry_delivery(delivery, actor=request.user, now=timezone.now())
    notices.success(request, _("Queued again. The mail server is asked within a few seconds."))
    return redirect("correspondence:detail", pk=delivery.message_id)


@require_POST
@allowed(SEND)
def cancel(request: StaffRequest, pk: int) -> HttpResponse:
    """Stop a delivery that waits."""
    delivery = get_object_or_404(queries.deliveries_visible_to(request.user), pk=pk)
    operations.cancel_delivery(delivery, actor=request.user, now=timezone.now())
    notices.success(request, _("Cancelled. Nothing was sent to this address."))
    return redirect("correspondence:detail", pk=delivery.message_id)


def _with_pill(delivery: Delivery) -> Delivery:
    delivery.pill = PILLS[State(delivery.state)]  # type: ignore[attr-defined]  # for the template alone
    return delivery


def _in(rows: QuerySet[Delivery], chosen: str) -> QuerySet[Delivery]:
    states = VIEWS[chosen][1]
    return rows.filter(state__in=states) if states else rows


def _found(rows: QuerySet[Delivery], wanted: str) -> QuerySet[Delivery]:
    if not wanted:
        return rows
    return rows.filter(
        Q(email__icontains=wanted)
        | Q(message__customer__name__icontains=wanted)
        | Q(message__subject__icontains=wanted)
    )


def _tab(rows: QuerySet[Delivery], key: str, chosen: str) -> dict[str, object]:
    count = _in(rows, key).order_by().count() if key in _COUNTED else None
    return {
        "label": VIEWS[key][0],
        "url": f"?state={key}" if key else "?",
        "count": count,
        "current": key == chosen,
    }
