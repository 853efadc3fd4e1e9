"""An import as a job that people watch: asked on the screen, done by a worker."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.http import Http404
from django.utils import timezone

from core.errors import DomainError
from entities.models import Entity
from entities.queries import visible_to
from integrations import uploads
from integrations.operations import Outcome, import_receivables
from integrations.receivables import Fault, Reading
from team.models import User
from work import jobs
from work.models import Job

KIND = "receivables"
TASK = "integrations.tasks.run_import"
RIGHT = "invoices.import_invoices"


@transaction.atomic
def ask(
    token: str, name: str, reading: Reading, entity: Entity, tried: Outcome, *, actor: User, now: datetime
) -> Job:
    """Note the import as a job and give it to a worker. A file is begun once: asked again, it is that job."""
    User.objects.select_for_update().get(pk=actor.pk)  # two clicks at once: the second waits and finds it
    if earlier := begun(token, actor):
        return earlier
    invoices = f"{tried.new:,} invoice{'' if tried.new == 1 else 's'}"
    return jobs.hand_over(
        jobs.ask(
            KIND,
            title=f"Import {invoices} into {entity.name}",
            arguments={"token": token, "name": name, "reading": asdict(reading), "entity": entity.pk},
            total=tried.rows,
            actor=actor,
            now=now,
            task=TASK,
        )
    )


def begun(token: str, user: User) -> Job | None:
    """The job that imports this file, unless it broke off or was cancelled."""
    rows = Job.objects.filter(kind=KIND, requested_by=user, arguments__token=token)
    return rows.exclude(state__in=(Job.State.FAILED, Job.State.CANCELLED)).first()


def run(job_id: int) -> Job:
    """Import. After a lost worker the next one begins again; rows that are here already change nothing."""
    job = jobs.begin(Job.objects.get(pk=job_id), now=timezone.now())
    user = job.requested_by
    if job.state != Job.State.RUNNING:
        return job
    if user is None or not user.has_perm(RIGHT):
        return jobs.end(job, now=timezone.now(), error="Whoever asked for this may no longer do it.")
    given = job.arguments
    try:
        entity = visible_to(user).get(pk=given["entity"])
        path = uploads.find(given["token"], user)
        outcome = _import(job, path, Reading(**given["reading"]), entity, user)
    except (DomainError, Entity.DoesNotExist, Http404) as fault:
        return jobs.end(job, now=timezone.now(), error=str(fault))
    ended = jobs.end(job, now=timezone.now(), result=outcome.as_result())
    if ended.state == Job.State.DONE:
        uploads.drop(given["token"], user)
    return ended


def _import(job: Job, path: Path, reading: Reading, entity: Entity, user: User) -> Outcome:
    def after_chunk(read: int, faults: Sequence[Fault]) -> bool:
        failures = [fault.as_failure() for fault in faults]
        moved = jobs.advance(job, done=read, failures=failures, now=timezone.now())
        return not moved.cancel_asked

    return import_receivables(path, reading, entity, actor=user, now=timezone.now(), after_chunk=after_chunk)
