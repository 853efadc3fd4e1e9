"""Which promises stood at the end of a day: for statements, which look back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib.contenttypes.models import ContentType

from cases import events
from cases.models import Promise, PromisedInvoice
from entities.models import Entity
from statements.queries import Promised
from trail.models import Entry

_TURNS = (
    events.PROMISE_MADE,
    events.PROMISE_KEPT,
    events.PROMISE_PARTLY_KEPT,
    events.PROMISE_BROKEN,
    events.PROMISE_REFUSED,
    events.PROMISE_WITHDRAWN,
)


def promised_as_of(entity: Entity, invoice_ids: Sequence[int], on: date) -> list[Promised]:
    """The promises for these invoices that stood when the day ended, the earliest day first.

    Read from what was recorded up to then, so that asked again later it is the same.
    """
    covers: dict[int, list[int]] = {}
    rows = PromisedInvoice.objects.filter(invoice__in=invoice_ids, promise__made_on__lte=on)
    for promise, invoice in rows.order_by("pk").values_list("promise_id", "invoice_id"):
        covers.setdefault(promise, []).append(invoice)
    if not covers:
        return []
    end = datetime.combine(on + timedelta(days=1), time.min, ZoneInfo(entity.time_zone))
    turns = Entry.objects.filter(
        content_type=ContentType.objects.get_for_model(Promise),
        object_id__in=list(covers),
        fact__in=_TURNS,
        timestamp__lt=end,
    )
    last = dict(turns.order_by("timestamp", "pk").values_list("object_id", "fact"))
    standing = [pk for pk, fact in last.items() if fact == events.PROMISE_MADE]
    found = Promise.objects.filter(pk__in=standing).order_by("promised_on", "pk")
    return [Promised(row.amount, row.promised_on, tuple(covers[row.pk])) for row in found]
