"""Asking a customer: one contact, one question, at most once in 30 days whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction

from conversations.models import Thread
from core.errors import Refused
from correspondence.links import SURVEY, create_link
from correspondence.operations import queue_message
from correspondence.queries import recipients_for
from customers.models import Contact, Customer
from customers.rules import obstacle
from entities.models import Entity
from feedback.events import SURVEY_ASKED
from feedback.models import Instrument, Occasion, OptOut, Survey
from feedback.operations._opting import refuse_opted_out
from feedback.queries import invoice_of
from feedback.rules import GAP, LINK_DAYS
from invoices.models import Invoice
from payments.models import Payment
from team.models import User
from trail.operations import record
from work.operations import one_at_a_time

_USUAL: Mapping[str, str] = {
    Occasion.INQUIRY: Instrument.CES,
    Occasion.RELATION: Instrument.NPS,
}
"""Occasion -> the question asked; satisfaction for the others."""


class NotAsked(Refused):
    """Nobody is there to ask, the customer was asked lately, or about this before."""


@transaction.atomic
def ask_customer(
    customer: Customer,
    *,
    occasion: str,
    subject: models.Model,
    label: str,
    entity: Entity | None = None,
    contact: Contact | None = None,
    instrument: str = "",
    actor: User | None,
    now: datetime,
) -> Survey:
    """Send a survey about a thing to `contact`, else to the first who gets invoices and may be asked.

    `label` names the thing in the mail. The database keeps the 30 days, so also under racing workers.
    """
    # The constraint below decides; one after the other, they do not wait for each other in a circle.
    one_at_a_time([customer.pk])
    company = entity or customer.entity
    contact = _asked(customer, contact)
    survey = Survey(
        entity=company,
        customer=customer,
        contact=contact,
        occasion=occasion,
        instrument=instrument or _USUAL.get(occasion, Instrument.CSAT),
        subject_type=ContentType.objects.get_for_model(type(subject)),
        subject_id=subject.pk,
        label=label[:160],
        asked_at=now,
        rests_until=now + GAP,
    )
    _insert(survey)
    survey.link = create_link(survey, purpose=SURVEY, contact=contact, actor=actor, now=now, days=LINK_DAYS)
    survey.save(update_fields=["link"])
    queue_message(
        situation="survey",
        about=survey,
        customer=customer,
        entity=company,
        language=contact.language or customer.language,
        variables={
            "seller_name": company.legal_name or company.name,
            "customer_name": customer.name,
            "contact_email": company.email or None,
            "contact_phone": company.phone or None,
            "subject": survey.label,
        },
        contacts=[contact],
        link=survey.link,
        actor=actor,
        now=now,
    )
    record(
        SURVEY_ASKED,
        survey,
        actor=actor,
        at=now,
        customer_id=customer.pk,
        occasion=occasion,
        instrument=survey.instrument,
        contact=contact.pk,
    )
    return survey


def ask_about_payment(payment: Payment, *, now: datetime) -> Survey:
    """Ask how it went once a receipt paid an invoice in full."""
    invoice = invoice_of(payment)
    if payment.customer is None or invoice is None or invoice.settlement_status != Invoice.Settlement.PAID:
        raise NotAsked("No invoice was paid in full by it.", rule="who_paid_in_full_is_asked")
    return ask_customer(
        payment.customer,
        occasion=Occasion.PAYMENT,
        subject=payment,
        label=str(invoice.number),
        entity=invoice.entity,
        actor=None,
        now=now,
    )


def ask_about_inquiry(thread: Thread, *, now: datetime) -> Survey:
    """Ask how easy it was, once an inquiry is closed; whoever wrote, where they are a contact."""
    if thread.customer is None or thread.state != Thread.State.CLOSED or thread.merged_into_id:
        raise NotAsked("The inquiry is not closed.", rule="who_got_an_answer_is_asked")
    contact = thread.contact
    is_theirs = contact is not None and contact.customer_id == thread.customer_id and contact.is_active
    return ask_customer(
        thread.customer,
        occasion=Occasion.INQUIRY,
        subject=thread,
        label=thread.reference,
        entity=thread.entity,
        contact=contact if is_theirs else None,
        actor=None,
        now=now,
    )


def _asked(customer: Customer, contact: Contact | None) -> Contact:
    if customer.status == Customer.Status.INACTIVE:
        raise NotAsked(f"{customer} is inactive.", field="customer", rule="an_active_customer_is_asked")
    if contact is not None:
        contact = Contact.objects.get(pk=contact.pk)
        refuse_opted_out(contact)
        is_theirs = contact.customer_id == customer.pk and contact.is_active
        if why := obstacle(contact) if is_theirs else f"is no contact of {customer}":
            raise NotAsked(f"{contact.name} {why}.", field="contact", rule="a_survey_reaches_somebody")
        return contact
    people = [choice.contact for choice in recipients_for(customer, ("billing",))]
    silent = set(OptOut.objects.filter(contact__in=people).values_list("contact_id", flat=True))
    left = [one for one in people if one.pk not in silent]
    if not left:
        raise NotAsked(
            f"Nobody at {customer} can be asked.",
            field="customer",
            rule="a_survey_reaches_somebody",
            mend="Add a contact for invoices who takes surveys.",
        )
    return left[0]


def _insert(survey: Survey) -> None:
    """The row claims the 30 days of its customer; whoever comes second is refused."""
    try:
        with transaction.atomic():
            survey.save(force_insert=True)
    except IntegrityError as clash:
        if "a_customer_is_asked_once_in_30_days" in str(clash):
            raise NotAsked(
                f"{survey.customer} was asked in the last 30 days.",
                field="customer",
                rule="a_customer_is_asked_once_in_30_days",
                mend="Wait, or note what they say without asking.",
            ) from clash
        if "a_thing_is_asked_about_once" in str(clash):
            raise NotAsked(
                f"They were asked about {survey.label} before.", rule="a_thing_is_asked_about_once"
            ) from clash
        raise
