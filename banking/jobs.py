"""Matching a statement as a job that people watch: asked on the screen, done by a worker."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from banking.models import Line, Statement
from banking.operations import match_statement
from team.models import User
from work import jobs
from work.models import Job

KIND = "bank"
TASK = "banking.tasks.match"
RIGHT = "banking.import_bank_statement"


def ask(statement: Statement, *, actor: User, now: datetime) -> Job:
    """Note the matching as a job; the caller queues `run` after the commit."""
    return jobs.ask(
        KIND,
        title=f"Match {statement}",
        arguments={"statement": statement.pk},
        total=statement.lines.filter(state=Line.State.NEW, amount__gt=0).count(),
        actor=actor,
        now=now,
        task=TASK,
    )


def run(job_id: int) -> Job:
    """Match. After a lost worker the next one goes on with the lines that wait."""
    job = jobs.begin(Job.objects.get(pk=job_id), now=timezone.now())
    if job.state != Job.State.RUNNING:
        return job
    if job.requested_by is None or not job.requested_by.has_perm(RIGHT):
        return jobs.end(job, now=timezone.now(), error="Whoever asked for this may no longer do it.")
    statement = Statement.objects.select_related("account__entity").get(pk=job.arguments["statement"])

    def after_line() -> bool:
        return not jobs.advance(job, done=1, now=timezone.now()).cancel_asked

    done = match_statement(statement, actor=job.requested_by, now=timezone.now(), after_line=after_line)
    return jobs.end(job, now=timezone.now(), result=done.as_result())
