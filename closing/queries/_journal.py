"""The journal of a company and month as a file that is the same whenever it is made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from closing import rules
from closing.models import JournalExport
from core.exporting import csv_file
from core.money import plain
from entities import queries as entities
from entities.models import Entity
from ledger.models import Entry, Line
from team.models import User

COLUMNS = (
    "entry", "date", "company", "kind", "source", "source_id", "text", "reversal_of", "account", "customer",
    "currency", "amount", "functional_currency", "debit", "credit",
)  # fmt: skip


def entries_of(entity: Entity, month: date, *, upto: int | None = None) -> QuerySet[Entry]:
    """The month's entries in the order they were posted, up to a key."""
    rows = Entry.objects.filter(entity=entity, on__gte=month, on__lte=rules.last_of(month)).order_by("pk")
    return rows if upto is None else rows.filter(pk__lte=upto)


def journal_lines(entity: Entity, month: date, upto: int) -> Iterator[list[object]]:
    """One row a line. Only what never changes is in it: codes and numbers, no names somebody may correct."""
    functional = entity.functional_currency
    lines = Line.objects.filter(entry__in=entries_of(entity, month, upto=upto).values("pk"))
    rows = lines.order_by("entry_id", "pk").select_related("entry", "customer")
    for line in rows.iterator(chunk_size=2000):
        entry, value = line.entry, line.functional
        yield [
            entry.pk,
            entry.on,
            entity.code,
            entry.kind,
            entry.source_type,
            entry.source_id,
            entry.text,
            entry.reversal_of_id,
            str(line.account_id),
            line.customer.number if line.customer else "",
            line.currency,
            Decimal(plain(line.amount, line.currency)),
            functional,
            Decimal(plain(max(value, Decimal(0)), functional)),
            Decimal(plain(max(-value, Decimal(0)), functional)),
        ]


def journal_bytes(entity: Entity, month: date, upto: int) -> Iterator[bytes]:
    """The file, piece by piece: the same bytes for the same entries, whoever asks and when."""
    yield from csv_file("journal.csv", COLUMNS, journal_lines(entity, month, upto))


def exports_of(entity: Entity, month: date) -> QuerySet[JournalExport]:
    """The journals taken out for a month, the latest first."""
    return JournalExport.objects.filter(entity=entity, month=month).select_related("made_by")


def exports_visible_to(user: User) -> QuerySet[JournalExport]:
    """Journals of the companies this person sees."""
    return JournalExport.objects.filter(entity__in=entities.visible_to(user)).select_related("entity")
