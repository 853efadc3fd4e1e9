"""The door for reports: what a mail service says became of our mails, if it knows the secret."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import structlog
from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.permissions import public
from correspondence import operations
from correspondence.mail import MAIL_ID

logger = structlog.get_logger(__name__)

# Address -> the class of anymail that reads what this provider sends.
PROVIDERS = {
    "brevo": "brevo.BrevoTrackingWebhookView",
    "mailersend": "mailersend.MailerSendTrackingWebhookView",
    "mailgun": "mailgun.MailgunTrackingWebhookView",
    "mailjet": "mailjet.MailjetTrackingWebhookView",
    "postal": "postal.PostalTrackingWebhookView",
    "postmark": "postmark.PostmarkTrackingWebhookView",
    "resend": "resend.ResendTrackingWebhookView",
    "sendgrid": "sendgrid.SendGridTrackingWebhookView",
    "sparkpost": "sparkpost.SparkPostTrackingWebhookView",
}
# The service gave up. What it still tries ("deferred") is not for us to act on.
_LOST = frozenset({"bounced", "failed", "rejected"})
_UNWANTED = frozenset({"complained", "unsubscribed"})


@csrf_exempt
@require_POST
@public("a mail service calls it; the secret of ANYMAIL's WEBHOOK_SECRET, or its signature, is the key")
def receive(request: HttpRequest, provider: str) -> HttpResponse:
    """Take the reports of one call. Closed (404) without a secret; a call without it changes nothing (403).

    A report on a mail we do not know, or one that came before, is answered like any other, so that the
    service stops sending it. One that cannot be read is answered so too, and logged.
    """
    if provider not in PROVIDERS or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        raise Http404
    module, _, name = PROVIDERS[provider].partition(".")
    try:
        reader: Any = getattr(import_module(f"anymail.webhooks.{module}"), name)()
    except ImproperlyConfigured as missing:  # the service signs its reports, and its key is not set
        raise Http404 from missing
    try:
        reader.run_validators(request)
    except AnymailWebhookValidationFailure:
        return HttpResponse(status=403)
    try:
        events = reader.parse_events(request)
    except (ValueError, KeyError, TypeError, AttributeError, AnymailError, ImproperlyConfigured) as fault:
        logger.warning("mail_report_unreadable", provider=provider, fault=type(fault).__name__)
        return HttpResponse()
    for event in events:
        _note(event)
    return HttpResponse()


def _note(event: Any) -> None:
    now = timezone.now()
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    mail_id = str(metadata.get(MAIL_ID) or event.message_id or "")
    words = " ".join(
        str(part) for part in (event.mta_response or event.description, event.reject_reason) if part
    )
    if event.event_type == "delivered":
        operations.note_delivered(mail_id, now=now)
    elif event.event_type == "opened":
        operations.note_opened(mail_id, now=now)
    elif event.event_type in _LOST:
        reason = " ".join(words.split()) or str(event.event_type)
        operations.note_bounce_of(mail_id, reason=reason, permanent=True, now=now)
    elif event.event_type in _UNWANTED:
        operations.note_unwanted(mail_id, reason=str(event.event_type), now=now)
