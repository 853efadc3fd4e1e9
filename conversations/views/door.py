"""The door for mail: what a mail provider hands us, if it knows the secret."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from conversations import operations
from conversations.incoming import UnreadableMail
from core.permissions import public

# Address -> the class of anymail that reads what this provider sends.
PROVIDERS = {
    "brevo": "brevo.BrevoInboundWebhookView",
    "mailersend": "mailersend.MailerSendInboundWebhookView",
    "mailgun": "mailgun.MailgunInboundWebhookView",
    "mailjet": "mailjet.MailjetInboundWebhookView",
    "postal": "postal.PostalInboundWebhookView",
    "postmark": "postmark.PostmarkInboundWebhookView",
    "sendgrid": "sendgrid.SendGridInboundWebhookView",
    "sparkpost": "sparkpost.SparkPostInboundWebhookView",
}


@csrf_exempt
@require_POST
@public("a mail provider calls it; the secret of ANYMAIL's WEBHOOK_SECRET is the key")
def receive(request: HttpRequest, provider: str) -> HttpResponse:
    """Take the mails of one call. Closed (404) without a secret; a call without it changes nothing (403).

    A mail that came before is answered like a new one, so that the provider stops sending it.
    """
    if provider not in PROVIDERS or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        raise Http404
    module, _, name = PROVIDERS[provider].partition(".")
    reader: Any = getattr(import_module(f"anymail.webhooks.{module}"), name)()
    try:
        reader.run_validators(request)
    except AnymailWebhookValidationFailure:
        return HttpResponse(status=403)
    try:
        events = reader.parse_events(request)
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        # It would be sent again and again and never become readable: kept for somebody to look at.
        reason = f"The call of {provider} cannot be read: {type(fault).__name__}."
        operations.keep_broken(request.body, source=provider, reason=reason, now=timezone.now())
        return HttpResponse()
    for event in events:
        if event.message is not None:
            _take(event.message.as_bytes(), provider)
    return HttpResponse()


def _take(raw: bytes, provider: str) -> None:
    now = timezone.now()
    try:
        operations.take_mail(raw, source=provider, now=now)
    except UnreadableMail as fault:
        operations.keep_broken(raw, source=provider, reason=fault.message, now=now)
