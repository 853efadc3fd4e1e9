"""Taking answers: by a link, once per token and editable for a day, or typed in by a colleague."""

from __future__ import annotations

from datetime import datetime

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction

from core.errors import Invalid, Refused
from correspondence.models import PublicLink
from customers.models import Contact, Customer
from entities.models import Entity
from feedback.events import ANSWER_EDITED, ANSWER_GIVEN
from feedback.models import Answer, Channel, Instrument, Occasion, Survey
from feedback.operations._common import clean_words, locked_answer, note
from feedback.operations._complaints import begin_complaint, complaint_clock
from feedback.operations._opting import refuse_opted_out
from feedback.queries import answer_by, setting_of
from feedback.rules import check_score, may_change
from invoices.models import Invoice
from team.models import User

_TYPED = (Channel.PHONE, Channel.MAIL, Channel.MEETING)


class AnsweredBefore(Refused):
    """The token was used more than a day ago; what was said stands."""


@transaction.atomic
def give_answer(
    link: PublicLink,
    about: Survey | Invoice,
    *,
    score: int,
    comment: str = "",
    is_complaint: bool = False,
    line: int | None = None,
    line_text: str = "",
    now: datetime,
) -> Answer:
    """The customer's answer by their link. The same token again changes it, for 24 hours."""
    refuse_opted_out(link.contact)
    # Of two at once the second waits here, and then finds the answer.
    PublicLink.objects.select_for_update(of=("self",)).get(pk=link.pk)
    before = answer_by(link)
    given = _checked(_instrument(about), score, comment, is_complaint)
    given |= {"line": line, "line_text": line_text[:160] if line else ""}
    if before is not None:
        return _change(before, given, now=now)
    answer = Answer(link=link, contact=link.contact, given_at=now, **_about(about, link), **given)
    return _keep(answer, actor=None, now=now)


@transaction.atomic
def enter_answer(
    customer: Customer,
    *,
    score: int,
    instrument: str = Instrument.CSAT,
    occasion: str = Occasion.RELATION,
    comment: str = "",
    is_complaint: bool = False,
    channel: str = Channel.PHONE,
    contact: Contact | None = None,
    subject: models.Model | None = None,
    actor: User | None,
    now: datetime,
) -> Answer:
    """What a customer said to a colleague. Not for somebody who wants no surveys."""
    if channel not in _TYPED:
        raise Invalid(
            "Say how it reached us: phone, mail or meeting.", field="channel", rule="an_answer_is_typed_in"
        )
    refuse_opted_out(contact)
    if contact is not None and contact.customer_id != customer.pk:
        raise Invalid(
            f"{contact.name} is not a contact of {customer}.",
            field="contact",
            rule="a_contact_is_the_customers",
        )
    answer = Answer(
        customer=customer,
        entity=_company(subject, customer),
        contact=contact,
        channel=channel,
        occasion=occasion,
        instrument=instrument,
        label=str(subject)[:160] if subject is not None else customer.name[:160],
        entered_by=actor,
        given_at=now,
        **_named(subject, customer),
        **_checked(instrument, score, comment, is_complaint),
    )
    return _keep(answer, actor=actor, now=now)


def _instrument(about: Survey | Invoice) -> str:
    return about.instrument if isinstance(about, Survey) else Instrument.CSAT


def _checked(instrument: str, score: int, comment: str, is_complaint: bool) -> dict[str, object]:
    if instrument not in Instrument.values:
        raise Invalid("There is no such question.", field="instrument", rule="an_answer_has_a_scale")
    words = clean_words(comment)
    if is_complaint and not words:
        raise Invalid(
            "Say what is wrong, so that somebody can answer.",
            field="comment",
            rule="a_complaint_says_what_is_wrong",
        )
    return {"score": check_score(instrument, score), "comment": words, "is_complaint": is_complaint}


def _about(about: Survey | Invoice, link: PublicLink) -> dict[str, object]:
    if isinstance(about, Survey):
        return {
            "survey": about,
            "channel": Channel.SURVEY,
            "customer": about.customer,
            "entity": about.entity,
            "occasion": about.occasion,
            "instrument": about.instrument,
            "label": about.label,
            **_named(about.subject, about.customer, link),
        }
    return {
        "channel": Channel.PAGE,
        "customer": about.customer,
        "entity": about.entity,
        "occasion": Occasion.INVOICE,
        "instrument": Instrument.CSAT,
        "label": str(about.number)[:160],
        **_named(about, about.customer, link),
    }


def _named(
    subject: models.Model | None, customer: Customer, link: PublicLink | None = None
) -> dict[str, object]:
    setting = setting_of(subject, customer, link)._asdict()
    if subject is None:
        return setting
    kind = ContentType.objects.get_for_model(type(subject))
    return {"subject_type": kind, "subject_id": subject.pk, **setting}


def _company(subject: models.Model | None, customer: Customer) -> Entity:
    found = getattr(subject, "entity", None)
    return found if isinstance(found, Entity) else customer.entity


def _keep(answer: Answer, *, actor: User | None, now: datetime) -> Answer:
    if answer.is_complaint:
        answer.complaint_due_at = complaint_clock(answer, now)
    try:
        with transaction.atomic():
            answer.save(force_insert=True)
    except IntegrityError as clash:
        raise AnsweredBefore("It was answered already.", rule="a_token_answers_once") from clash
    note(
        ANSWER_GIVEN,
        answer,
        actor=actor,
        now=now,
        score=answer.score,
        instrument=answer.instrument,
        occasion=answer.occasion,
        channel=answer.channel,
    )
    if answer.is_complaint:
        begin_complaint(answer, actor=actor, now=now)
    return answer


def _change(before: Answer, given: dict[str, object], *, now: datetime) -> Answer:
    answer = locked_answer(before)
    if not may_change(answer.given_at, now):
        raise AnsweredBefore(
            "It was answered more than a day ago; what you said stands.",
            rule="an_answer_may_be_changed_for_24_hours",
            mend="Write to us if it changed.",
        )
    is_new_complaint = bool(given["is_complaint"]) and not answer.is_complaint
    # What somebody works on already is not unsaid.
    given["is_complaint"] = answer.is_complaint or is_new_complaint
    if answer.is_complaint and not given["comment"]:
        given["comment"] = answer.comment
    changed = [name for name, value in given.items() if getattr(answer, name) != value]
    if not changed:
        return answer
    was = answer.score
    for name in changed:
        setattr(answer, name, given[name])
    answer.edited_at = now
    if is_new_complaint:
        answer.complaint_due_at = complaint_clock(answer, now)
    answer.save(update_fields=[*changed, "edited_at", "complaint_due_at"])
    note(ANSWER_EDITED, answer, actor=None, now=now, score=answer.score, was=was, fields=changed)
    if is_new_complaint:
        begin_complaint(answer, actor=None, now=now)
    return answer
