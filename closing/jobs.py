"""A revaluation as a job that people watch: asked on the screen, done by a worker."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone

from closing import queries, rules
from closing.operations import revalue_month
from core.errors import DomainError
from entities.models import Entity
from team.models import User
from work import jobs
from work.models import Job

KIND = "revaluation"
TASK = "closing.tasks.revalue"
RIGHT = "ledger.close_period"


def ask(entity: Entity, month: date, *, actor: User, now: datetime) -> Job:
    """Note the revaluation as a job; the caller queues `run` after the commit."""
    return jobs.ask(
        KIND,
        title=f"Revalue {month:%B %Y} at {entity}",
        arguments={"entity": entity.pk, "month": f"{month:%Y-%m}"},
        total=sum(len(change.changed) for change in queries.revaluation_of(entity, month)),
        actor=actor,
        now=now,
        task=TASK,
    )


def run(job_id: int) -> Job:
    """Revalue. Run again, or beside itself, it finds nothing left to post."""
    job = jobs.begin(Job.objects.get(pk=job_id), now=timezone.now())
    if job.state != Job.State.RUNNING:
        return job
    if job.requested_by is None or not job.requested_by.has_perm(RIGHT):
        return jobs.end(job, now=timezone.now(), error="Whoever asked for this may no longer do it.")
    entity = Entity.objects.get(pk=job.arguments["entity"])
    month = rules.month_of(job.arguments["month"])
    try:
        made = revalue_month(entity, month, actor=job.requested_by, now=timezone.now())
    except DomainError as refusal:
        return jobs.end(job, now=timezone.now(), error=f"{refusal.message} {refusal.mend or ''}".strip())
    jobs.advance(job, done=job.total, now=timezone.now())
    result = {"posted": sum(row.items for row in made)} | {row.currency: str(row.gain) for row in made}
    return jobs.end(job, now=timezone.now(), result=result)
