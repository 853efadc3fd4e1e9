"""What people do with notices, and watching records."""

from datetime import datetime

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Max

from core.errors import Refused
from notices.events import NOTICE_ACKNOWLEDGED
from notices.models import Notice, Watch
from policies.models import PolicyVersion
from policies.operations import acknowledge_version
from policies.queries import PUBLISHED
from team.models import User
from trail.models import Entry
from trail.operations import record


@transaction.atomic
def read_notice(notice: Notice, *, actor: User, now: datetime) -> Notice:
    """The person has seen it. What must be read still asks for a confirmation."""
    notice = _own(notice, actor)
    if notice.read_at is None:
        notice.read_at = now
        notice.save(update_fields=["read_at"])
    return notice


@transaction.atomic
def read_all(*, actor: User, now: datetime) -> int:
    """All notices of the person that need no confirmation are seen; returns how many."""
    return Notice.objects.filter(person=actor, read_at=None, must_read=False).update(read_at=now)


@transaction.atomic
def acknowledge_notice(notice: Notice, *, actor: User, now: datetime) -> Notice:
    """The person confirms what they must know. Of a policy this is also the confirmation of its text."""
    notice = _own(notice, actor)
    if not notice.must_read:
        raise Refused("This notice asks for no confirmation.", rule="only_what_must_be_read_is_confirmed")
    if notice.acknowledged_at:
        return notice
    notice.acknowledged_at = now
    notice.read_at = notice.read_at or now
    notice.save(update_fields=["acknowledged_at", "read_at"])
    record(NOTICE_ACKNOWLEDGED, notice, actor=actor, at=now, entry=notice.entry_id, title=notice.title)
    if version := _policy_of(notice.entry):
        acknowledge_version(version, actor=actor, now=now)
    return notice


@transaction.atomic
def watch(subject: models.Model, *, path: str, actor: User, now: datetime) -> Watch:
    """Tell the person of each later act on the record. Twice is once."""
    newest = Entry.objects.aggregate(newest=Max("id"))["newest"] or 0
    found, _ = Watch.objects.get_or_create(
        person=actor,
        subject_type=ContentType.objects.get_for_model(type(subject)),
        subject_id=subject.pk,
        defaults={"label": str(subject)[:200], "path": path, "after_entry": newest, "since": now},
    )
    return found


@transaction.atomic
def unwatch(subject: models.Model, *, actor: User) -> None:
    """No more notices about the record; those given stay."""
    kind = ContentType.objects.get_for_model(type(subject))
    Watch.objects.filter(person=actor, subject_type=kind, subject_id=subject.pk).delete()


def _own(notice: Notice, actor: User) -> Notice:
    notice = (
        Notice.objects.select_for_update(of=("self",)).select_related("entry__content_type").get(pk=notice.pk)
    )
    if notice.person_id != actor.pk:
        raise Refused("This notice is for somebody else.", rule="people_confirm_for_themselves")
    return notice


def _policy_of(entry: Entry) -> PolicyVersion | None:
    if entry.content_type.model_class() is not PolicyVersion:
        return None
    return PolicyVersion.objects.filter(pk=entry.object_pk, status__in=PUBLISHED).first()
