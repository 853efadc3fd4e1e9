"""Writing the words we send: each save is a new version, one version is in use."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from core.errors import Refused
from correspondence.events import TEMPLATE_ACTIVATED, TEMPLATE_RETIRED, TEMPLATE_SAVED
from correspondence.models import Template
from correspondence.rendering import check_template
from trail.operations import record

Status = Template.Status


class SavedByAnother(Refused):
    """Somebody else saved a version of the same template in the same moment, or since it was opened."""


@transaction.atomic
def save_template(
    *,
    situation: str,
    language: str,
    subject: str,
    body: str,
    actor: AbstractBaseUser | None,
    now: datetime,
    channel: str = "email",
    expected_version: int | None = None,
) -> Template:
    """Write a new version as a draft. A template that names an unknown variable is refused (Invalid).

    `expected_version` is the newest version the writer has seen.
    """
    newest = _versions(situation, language, channel).order_by("-version").first()
    number = newest.version if newest else 0
    if expected_version is not None and expected_version != number:
        raise SavedByAnother(
            f"Version {number} was saved since you opened the editor.",
            rule="a_template_is_edited_from_its_newest_version",
            mend="Open it in another tab, take over what you need, and save again.",
        )
    check_template(situation, subject, body)
    if newest and (newest.subject, newest.body) == (subject, body):
        return newest
    template = Template(
        situation=situation,
        language=language,
        channel=channel,
        version=number + 1,
        subject=subject,
        body=body,
        author_id=actor.pk if actor else None,
        created_at=now,
    )
    try:
        with transaction.atomic():
            template.save(force_insert=True)
    except IntegrityError as taken:
        raise SavedByAnother(
            "Somebody else saved this template in the same moment.", mend="Open it again and save."
        ) from taken
    record(TEMPLATE_SAVED, template, actor=actor, at=now, version=template.version)
    return template


@transaction.atomic
def activate_template(template: Template, *, actor: AbstractBaseUser | None, now: datetime) -> Template:
    """Take this version into use; the one used before is retired. Messages already queued keep theirs."""
    rows = list(_versions(template.situation, template.language, template.channel).order_by("pk"))
    chosen = next(row for row in rows if row.pk == template.pk)
    if chosen.status == Status.ACTIVE:
        return chosen
    check_template(chosen.situation, chosen.subject, chosen.body)
    for row in rows:
        if row.status == Status.ACTIVE:
            row.status = Status.RETIRED
            row.save(update_fields=["status"])
            record(TEMPLATE_RETIRED, row, actor=actor, at=now, version=row.version)
    chosen.status = Status.ACTIVE
    chosen.save(update_fields=["status"])
    record(TEMPLATE_ACTIVATED, chosen, actor=actor, at=now, version=chosen.version)
    return chosen


def _versions(situation: str, language: str, channel: str) -> QuerySet[Template]:
    return Template.objects.select_for_update().filter(
        situation=situation, language=language, channel=channel
    )
