"""Writing the words we send: each save is a new version; a second person approves it, one is in use."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from core.errors import Invalid, Refused
from correspondence.events import (
    TEMPLATE_ACTIVATED,
    TEMPLATE_RETIRED,
    TEMPLATE_RETURNED,
    TEMPLATE_SAVED,
    TEMPLATE_SUBMITTED,
)
from correspondence.lint import findings_of
from correspondence.manners import usual_tone
from correspondence.models import Channel, CustomerType, Template
from correspondence.rendering import check_template
from trail.operations import record

Status = Template.Status


class SavedByAnother(Refused):
    """Somebody else saved a version of the same template in the same moment, or since it was opened."""


class NotInReview(Refused):
    """The version is not in a state that allows this."""


class OwnText(Refused):
    """Whoever wrote a text does not approve it."""


class ThreatTooEarly(Invalid):
    """A warm text carries words of threat."""


@transaction.atomic
def save_template(
    *,
    situation: str,
    language: str,
    subject: str,
    body: str,
    actor: AbstractBaseUser | None,
    now: datetime,
    channel: str = Channel.EMAIL,
    customer_type: str = "",
    tone: int = 0,
    expected_version: int | None = None,
) -> Template:
    """Write a new version as a draft. Unknown variables, and threats in a warm text, are refused (Invalid).

    `expected_version` is the newest version the writer has seen.
    """
    variant = Template(
        situation=situation, language=language, channel=channel, customer_type=customer_type, tone=tone
    )
    _refuse_unknown_variant(variant)
    newest = _versions(variant).order_by("-version").first()
    number = newest.version if newest else 0
    if expected_version is not None and expected_version != number:
        raise SavedByAnother(
            f"Version {number} was saved since you opened the editor.",
            rule="a_template_is_edited_from_its_newest_version",
            mend="Open it in another tab, take over what you need, and save again.",
        )
    check_template(situation, subject, body)
    _refuse_threats(variant, subject, body)
    if newest and (newest.subject, newest.body) == (subject, body):
        return newest
    variant.version, variant.subject, variant.body = number + 1, subject, body
    variant.author_id, variant.created_at = actor.pk if actor else None, now
    try:
        with transaction.atomic():
            variant.save(force_insert=True)
    except IntegrityError as taken:
        raise SavedByAnother(
            "Somebody else saved this template in the same moment.", mend="Open it again and save."
        ) from taken
    record(TEMPLATE_SAVED, variant, actor=actor, at=now, version=variant.version)
    return variant


@transaction.atomic
def submit_template(template: Template, *, actor: AbstractBaseUser | None, now: datetime) -> Template:
    """Ask a second person to approve the version."""
    chosen = _locked(template)
    if chosen.status == Status.REVIEW:
        return chosen
    if chosen.status != Status.DRAFT:
        raise _not_possible(chosen, "Only a draft is submitted", "only_a_draft_is_submitted")
    chosen.status, chosen.submitted_by_id = Status.REVIEW, actor.pk if actor else None
    chosen.save(update_fields=["status", "submitted_by"])
    record(TEMPLATE_SUBMITTED, chosen, actor=actor, at=now, version=chosen.version)
    return chosen


@transaction.atomic
def return_template(
    template: Template, *, reason: str, actor: AbstractBaseUser | None, now: datetime
) -> Template:
    """Send a version under review back to its author, with what to change."""
    chosen = _locked(template)
    if not reason.strip():
        raise Invalid(
            "Say what should change.",
            field="reason",
            rule="a_returned_text_has_a_reason",
            mend="One line will do.",
        )
    if chosen.status != Status.REVIEW:
        raise _not_possible(chosen, "Only a text under review is sent back", "only_a_review_is_returned")
    chosen.status = Status.DRAFT
    chosen.save(update_fields=["status"])
    record(TEMPLATE_RETURNED, chosen, actor=actor, at=now, version=chosen.version, reason=reason[:500])
    return chosen


@transaction.atomic
def approve_template(template: Template, *, actor: AbstractBaseUser, now: datetime) -> Template:
    """Approve a version under review and take it into use. Its author and who submitted it may not.

    The version used before is retired; messages already queued keep theirs. The fact carries the words
    before and after.
    """
    rows = list(_versions(template).order_by("pk"))
    chosen = next(row for row in rows if row.pk == template.pk)
    if chosen.status == Status.ACTIVE:
        return chosen
    if chosen.status != Status.REVIEW:
        raise _not_possible(chosen, "Only a text under review is approved", "only_a_review_is_approved")
    if actor.pk in {chosen.author_id, chosen.submitted_by_id}:
        raise OwnText(
            "You wrote or submitted this text, so somebody else approves it.",
            rule="nobody_approves_their_own_template",
            mend="Ask a colleague who may approve message texts.",
        )
    check_template(chosen.situation, chosen.subject, chosen.body)
    _refuse_threats(chosen, chosen.subject, chosen.body)
    before = _retire(rows, actor=actor, now=now)
    chosen.status, chosen.approver_id, chosen.approved_at = Status.ACTIVE, actor.pk, now
    chosen.save(update_fields=["status", "approver", "approved_at"])
    record(
        TEMPLATE_ACTIVATED,
        chosen,
        actor=actor,
        at=now,
        changes={
            "subject": (before.subject if before else "", chosen.subject),
            "body": (before.body if before else "", chosen.body),
        },
        version=chosen.version,
        situation=chosen.situation,
        language=chosen.language,
        before=before.version if before else 0,
    )
    return chosen


def _retire(rows: list[Template], *, actor: AbstractBaseUser, now: datetime) -> Template | None:
    before = next((row for row in rows if row.status == Status.ACTIVE), None)
    if before:
        before.status = Status.RETIRED
        before.save(update_fields=["status"])
        record(TEMPLATE_RETIRED, before, actor=actor, at=now, version=before.version)
    return before


def _refuse_threats(variant: Template, subject: str, body: str) -> None:
    tone = variant.tone or usual_tone(variant.situation)
    blocking = [
        found for found in findings_of(subject, body, language=variant.language, tone=tone) if found.blocks
    ]
    if blocking:
        raise ThreatTooEarly(
            blocking[0].message,
            field=blocking[0].field,
            rule="no_threat_in_a_warm_text",
            mend=blocking[0].mend,
        )


def _refuse_unknown_variant(variant: Template) -> None:
    known = {
        "channel": variant.channel in Channel.values,
        "customer_type": variant.customer_type in CustomerType.values,
        "tone": 0 <= variant.tone <= 5,
    }
    for field, is_known in known.items():
        if not is_known:
            raise Invalid(
                f"“{getattr(variant, field)}” is not a {field.replace('_', ' ')} of texts.",
                field=field,
                rule="a_template_is_for_a_known_variant",
            )


def _not_possible(template: Template, what: str, rule: str) -> NotInReview:
    return NotInReview(f"{what}; version {template.version} is: {template.get_status_display()}.", rule=rule)


def _locked(template: Template) -> Template:
    return Template.objects.select_for_update().get(pk=template.pk)


def _versions(like: Template) -> QuerySet[Template]:
    return Template.objects.select_for_update().filter(
        situation=like.situation,
        language=like.language,
        channel=like.channel,
        customer_type=like.customer_type,
        tone=like.tone,
    )
