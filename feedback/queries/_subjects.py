"""What the customer had before them when they were asked: text, terms, and the team that worked on it."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db import models

from correspondence.models import Message, PublicLink, Template
from customers.models import Customer
from invoices.models import Instalment, Invoice
from payments.models import Payment
from policies.models import Policy
from team.models import User
from team.roles import ROLES


class Setting(NamedTuple):
    """Text, terms and team an answer is compared by; None and "" where the thing has none."""

    template: Template | None
    policy: Policy | None
    team: str = ""


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


def setting_of(subject: models.Model | None, customer: Customer, link: PublicLink | None = None) -> Setting:
    """The text they had before them, the invoice's policy, and the team whose work it was.

    The text is that of the mail the link came with; else the one the invoice was sent with last.
    """
    invoice = invoice_of(subject)
    version = invoice.policy_version if invoice else None
    return Setting(
        _text(invoice, link), version.policy if version else None, _team_of(subject, invoice, customer)
    )


def _text(invoice: Invoice | None, link: PublicLink | None) -> Template | None:
    rows = Message.objects.filter(template__isnull=False).select_related("template").order_by("-id")
    message = rows.filter(link=link).first() if link else None
    if message is None and invoice is not None:
        kind = ContentType.objects.get_for_model(Invoice)
        message = rows.filter(about_type=kind, about_id=invoice.pk, situation="invoice").first()
    return message.template if message else None


def _team_of(subject: models.Model | None, invoice: Invoice | None, customer: Customer) -> str:
    """The role of the owner of the thing, else of the invoice's author, else of the customer's own person."""
    people = (getattr(subject, "owner", None), invoice.created_by if invoice else None, customer.owner)
    person = next((one for one in people if isinstance(one, User)), None)
    if person is None:
        return ""
    theirs = set(person.groups.values_list("name", flat=True))
    return next((role.code for role in ROLES if role.code in theirs), "")
