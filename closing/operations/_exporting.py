"""Taking a month's journal out, and proving that it can be made again."""

import hashlib
from datetime import date, datetime

from django.db import transaction
from django.db.models import Count, Max, Q, Sum

from closing import queries
from closing.events import JOURNAL_EXPORTED
from closing.models import JournalExport
from entities.models import Entity
from ledger import operations as ledger
from ledger.models import Line
from team.models import User
from trail.operations import record


def export_journal(entity: Entity, month: date, *, actor: User | None, now: datetime) -> JournalExport:
    """The journal as it stands: the export made before when nothing was posted since, else a new one.

    Postings under way are waited for, so that no entry with a lower key appears behind the last one; those
    that come meanwhile go on while the file is made.
    """
    with transaction.atomic():
        ledger.lock_periods(entity)
        last = queries.entries_of(entity, month).aggregate(last=Max("pk"))["last"] or 0
    before = JournalExport.objects.filter(entity=entity, month=month, last_entry=last).first()
    if before is not None:
        return before
    entries = queries.entries_of(entity, month, upto=last)
    lines = Line.objects.filter(entry__in=entries.values("pk"))
    sums = lines.aggregate(
        entries=Count("entry", distinct=True),
        lines=Count("pk"),
        debit=Sum("functional", filter=Q(functional__gt=0), default=0),
        credit=-Sum("functional", filter=Q(functional__lt=0), default=0),
    )
    sha256 = hash_of(entity, month, last)
    with transaction.atomic():
        export, is_new = JournalExport.objects.get_or_create(
            entity=entity,
            month=month,
            last_entry=last,
            defaults={"sha256": sha256, "made_by": actor, "made_at": now, **sums},
        )
        if is_new:
            record(
                JOURNAL_EXPORTED,
                export,
                actor=actor,
                at=now,
                month=month,
                entries=export.entries,
                lines=export.lines,
                sha256=export.sha256,
            )
    return export


def hash_of(entity: Entity, month: date, upto: int) -> str:
    """The hash of the file made now."""
    digest = hashlib.sha256()
    for piece in queries.journal_bytes(entity, month, upto):
        digest.update(piece)
    return digest.hexdigest()
