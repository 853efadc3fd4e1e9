"""What the customer had before them when they were asked: the mail's text and the terms of the invoice."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db import models

from correspondence.models import Message, Template
from invoices.models import Instalment, Invoice
from payments.models import Payment
from policies.models import Policy


class Setting(NamedTuple):
    """Text and terms an answer is compared by; None where the thing has none."""

    template: Template | None
    policy: Policy | None


def invoice_of(subject: models.Model | None) -> Invoice | None:
    """The invoice a thing is about: itself, the last a receipt paid, or the `invoice` the thing has."""
    if subject is None or isinstance(subject, Invoice):
        return subject
    if isinstance(subject, Payment):
        paid = Instalment.objects.filter(open_item__settlements__credit__payment=subject)
        row = paid.select_related("invoice").order_by("-pk").first()
        return row.invoice if row else None
    found = getattr(subject, "invoice", None) or getattr(subject, "about", None)
    return found if isinstance(found, Invoice) else None


def setting_of(subject: models.Model | None) -> Setting:
    """The text the invoice was sent with last, and its policy."""
    invoice = invoice_of(subject)
    if invoice is None:
        return Setting(None, None)
    kind = ContentType.objects.get_for_model(Invoice)
    sent = Message.objects.filter(about_type=kind, about_id=invoice.pk, situation="invoice")
    message = sent.select_related("template").order_by("-id").first()
    version = invoice.policy_version
    return Setting(message.template if message else None, version.policy if version else None)
