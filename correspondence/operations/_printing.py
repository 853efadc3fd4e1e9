"""Waiting letters in one file, made by a worker: chosen, laid out one by one, kept with its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from core.errors import Invalid
from correspondence.letters import letters_pdf
from correspondence.models import Delivery
from correspondence.operations._letters import LetterChanged, NotToPost, read_letter
from team.models import User
from work import jobs
from work.models import Job

KIND = "letters"
TASK = "correspondence.tasks.print_letters"
MOST = 500
"""Letters in one file: about 1,000 pages, which is what a printer and an envelope machine take at a time."""


class _Cancelled(Exception):
    """Somebody asked to stop while the letters were laid out."""


def ask_for_letters(deliveries: Iterable[Delivery], *, actor: User, now: datetime) -> Job:
    """Note the letters to be put into one file; the caller queues TASK after the commit."""
    rows = sorted(deliveries, key=lambda row: row.pk)
    if not rows:
        raise Invalid(
            "No letter is chosen.", field="pick", rule="something_is_chosen", mend="Tick at least one row."
        )
    if len(rows) > MOST:
        raise Invalid(
            f"{len(rows):,} letters are too many for one file.",
            rule="a_file_of_letters_has_an_end",
            mend=f"Choose at most {MOST}.",
        )
    for row in rows:
        if row.state not in {Delivery.State.TO_POST, Delivery.State.POSTED}:
            raise NotToPost(
                f"The letter to {row.message.customer} is not printed.",
                rule="only_a_printed_letter_is_posted",
                mend="Open the list again.",
            )
    return jobs.ask(
        KIND,
        title=f"Print {len(rows)} letter{'s' if len(rows) != 1 else ''}",
        arguments={"ids": [row.pk for row in rows]},
        total=len(rows),
        actor=actor,
        now=now,
        task=TASK,
    )


def print_letters(job_id: int) -> Job:
    """Lay the letters of a job out in one file. Safe to run twice: the same letters make the same file.

    A letter whose kept file is not the one printed for its customer is left out and named. A worker that is
    lost leaves nothing behind, so the next one begins with the first letter.
    """
    job = jobs.begin(Job.objects.get(pk=job_id), now=timezone.now())
    if job.state != Job.State.RUNNING:
        return job
    found = Delivery.objects.select_related("message__customer").in_bulk(job.arguments["ids"])
    faults = {row.pk: fault for row in found.values() if (fault := _fault_of(row))}
    rows = [found[pk] for pk in job.arguments["ids"]]
    if len(faults) == len(rows):
        return jobs.end(job, now=timezone.now(), error="None of the letters could be read.")
    hashes = "".join(row.letter_sha256 for row in rows)
    try:
        content = letters_pdf(_counted(job, rows, faults), hashes)
    except _Cancelled:
        return jobs.end(job, now=timezone.now())
    digest = hashlib.sha256(content).hexdigest()
    name = f"letters/together/{digest}.pdf"
    if not default_storage.exists(name):
        name = default_storage.save(name, ContentFile(content))
    taken = [row.pk for row in rows if row.pk not in faults]
    result = {"name": name, "sha256": digest, "ids": taken, "url": reverse("correspondence:letters")}
    return jobs.end(job, now=timezone.now(), result=result)


def _counted(job: Job, rows: Sequence[Delivery], faults: Mapping[int, dict[str, str]]) -> Iterator[str]:
    """The markup of each letter in turn; the letter before it was laid out when the next one is asked for."""
    counted = job.done
    for number, row in enumerate(rows, start=1):
        fault = faults.get(row.pk)
        if fault is None:
            yield row.message.html
        if number > counted:
            job = jobs.advance(job, done=1, failures=[fault] if fault else [], now=timezone.now())
        if job.cancel_asked:
            raise _Cancelled


def read_letters(job: Job) -> bytes:
    """The file of a job that is done, proved by its hash."""
    with default_storage.open(job.result["name"]) as file:
        content: bytes = file.read()
    if hashlib.sha256(content).hexdigest() != job.result["sha256"]:
        raise LetterChanged(
            "The stored file is not the one that was made.",
            rule="a_letter_is_unchanged",
            mend="Make it again.",
        )
    return content


def _fault_of(row: Delivery) -> dict[str, str] | None:
    try:
        _refuse_withdrawn(row)
        read_letter(row)
    except (LetterChanged, NotToPost) as fault:
        message, mend = fault.message, str(fault.mend or "")
    except OSError:
        message, mend = "The letter's file is gone.", "Restore the file from the backup."
    else:
        return None
    url = reverse("correspondence:detail", args=[row.message_id])
    return {"row": str(row.message.customer), "field": "", "message": message, "mend": mend, "url": url}


def _refuse_withdrawn(row: Delivery) -> None:
    if row.state == Delivery.State.CANCELLED:
        raise NotToPost(
            f"The letter was withdrawn: {row.error}",
            rule="only_a_printed_letter_is_posted",
            mend="Nothing is to be done.",
        )
