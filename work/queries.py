"""What waits for whom."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from entities import queries as entities
from entities.models import Entity
from team import queries as team
from team.models import User
from work.models import Approval, Job


def visible_to(user: User) -> QuerySet[Approval]:
    """Approvals of the companies this person sees."""
    return Approval.objects.filter(Q(entity__isnull=True) | Q(entity__in=entities.visible_to(user)))


def waiting_for(user: User) -> list[Approval]:
    """Open questions this person may answer, oldest first (at most 200 are looked at)."""
    if not user.has_perm("work.decide_approval"):
        return []
    rows = (
        visible_to(user)
        .filter(state=Approval.State.PENDING)
        .exclude(requested_by=user)
        .exclude(barred__contains=[user.pk])
        .select_related("requested_by", "entity")
        .order_by("requested_at", "id")[:200]
    )
    limits: dict[tuple[str, str], tuple[bool, Decimal | None]] = {}
    found = []
    for row in rows:
        key = (row.kind, row.entity.functional_currency if row.entity else "")
        if key not in limits:
            limits[key] = team.limit_of(user, *key)
        allowed, limit = limits[key]
        if allowed and (limit is None or (row.amount_functional or Decimal(0)) <= limit):
            found.append(row)
    return found


def asked_by(user: User) -> QuerySet[Approval]:
    """Own questions that are still open, newest first."""
    return Approval.objects.filter(requested_by=user, state=Approval.State.PENDING).select_related("entity")


def approvals_of(subject: models.Model) -> QuerySet[Approval]:
    """All questions about an object, newest first."""
    kind = ContentType.objects.get_for_model(type(subject))
    return (
        Approval.objects.filter(subject_type=kind, subject_id=subject.pk)
        .select_related("requested_by", "decided_by", "entity")
        .order_by("-id")
    )


def approved_today(
    customer_id: int | None, kind: str, *, entity: Entity, user: User | None, now: datetime
) -> Decimal:
    """What this person approved for the customer on the company's day, in functional currency; None: what
    passed without a person.

    Added to the next amount, so that splitting a document does not help.
    """
    if customer_id is None:
        return Decimal(0)
    zone = ZoneInfo(entity.time_zone)
    begin = datetime.combine(now.astimezone(zone).date(), time.min, zone)
    person = user.pk if user is not None else None
    with connection.cursor() as cursor:
        cursor.execute(_APPROVED, [customer_id, kind, entity.pk, begin, begin + timedelta(days=1), person])
        return Decimal(cursor.fetchone()[0])


# Asked at every submission and approval, and always the same: nothing is compiled.
_APPROVED = """
SELECT coalesce(sum(amount_functional), 0) FROM work_approval
WHERE customer_key = %s AND kind = %s AND entity_id = %s AND state = 'approved'
  AND decided_at >= %s AND decided_at < %s AND decided_by_id IS NOT DISTINCT FROM %s
"""


def jobs_of(user: User) -> QuerySet[Job]:
    """The person's long jobs, newest first."""
    return Job.objects.filter(requested_by=user)


def eta_of(row: Job, now: datetime) -> str:
    """How long it still takes, in words."""
    if row.state == Job.State.QUEUED:
        return "waits for a worker"
    if row.cancel_asked and row.state == Job.State.RUNNING:
        return "stopping"
    if row.state != Job.State.RUNNING or not row.started_at or not row.done:
        return ""
    left = (now - row.started_at) / row.done * (row.total - row.done)
    return (
        "less than a minute left"
        if left < timedelta(minutes=1)
        else f"about {left.seconds // 60 + 1} min left"
    )


def waiting_count(user: User) -> int:
    """How many open questions this person may answer."""
    return len(waiting_for(user))


@dataclass(frozen=True)
class Need:
    """One thing that waits for a person: what, since when, where to do it."""

    icon: str
    title: str
    detail: str
    path: str
    since: datetime
    amount: Decimal | None = None
    currency: str = ""


def needs_me(user: User) -> list[Need]:
    """What waits for this person, oldest first: decisions, own documents sent back, jobs that failed."""
    needs = [
        Need(
            "user-check",
            approval.subject_label,
            f"Asked by {approval.requested_by or 'the system'}"
            + (f", {_points(len(approval.flags))} to confirm" if approval.flags else ""),
            approval.subject_path,
            approval.requested_at,
            approval.amount,
            approval.currency,
        )
        for approval in waiting_for(user)
    ]
    needs += [_sent_back(approval) for approval in _rejected(user)]
    needs += [
        Need(
            "alert-triangle",
            job.title,
            f"{job.failed} of {job.total} did not work",
            reverse("work:job", args=[job.pk]),
            job.finished_at or job.requested_at,
        )
        for job in jobs_of(user).filter(failed__gt=0, finished_at__gte=timezone.now() - timedelta(days=7))[
            :10
        ]
    ]
    return sorted(needs, key=lambda need: need.since)


def _points(count: int) -> str:
    return "1 point" if count == 1 else f"{count} points"


def _rejected(user: User) -> list[Approval]:
    """The person's questions answered no in the last days, unless asked again since."""
    recent = Approval.objects.filter(
        requested_by=user,
        state=Approval.State.REJECTED,
        decided_at__gte=timezone.now() - timedelta(days=14),
    ).select_related("decided_by")[:50]
    asked_again = {
        (row.subject_type_id, row.subject_id)
        for row in Approval.objects.filter(
            requested_by=user, subject_id__in=[r.subject_id for r in recent]
        ).exclude(state=Approval.State.REJECTED)
    }
    return [row for row in recent if (row.subject_type_id, row.subject_id) not in asked_again]


def _sent_back(approval: Approval) -> Need:
    return Need(
        "arrow-back-up",
        approval.subject_label,
        f"Sent back by {approval.decided_by}: {approval.reason}",
        approval.subject_path,
        approval.decided_at or approval.requested_at,
        approval.amount,
        approval.currency,
    )
