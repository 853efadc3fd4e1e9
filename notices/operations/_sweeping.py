"""What makes sure that nothing stays untold: acts no worker told, failed tries, missed deadlines."""

from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Max, OuterRef

from notices import queries
from notices.models import Reading, Rule, Telling
from notices.operations._telling import follow, tell
from notices.protocol import facts_told
from notices.rules import HISTORY, MOST_ATTEMPTS
from trail.models import Announcement, Entry
from trail.naming import fact_name
from work.operations import open_work

TELL = "notices.tasks.tell"
UNTOLD_UP_TO = "announcements"
# A worker gets this long before an act counts as not told.
_PATIENCE = timedelta(minutes=2)
_BATCH = 500
_READ_UP_TO = "own-lines"
_AGAIN = 5000
ANNOUNCED = frozenset(facts_told())


def sweep(*, now: datetime) -> int:
    """Tell what was announced and never told, try again what failed, and make work of missed deadlines.

    Returns how many acts were told. Safe beside itself: each telling is claimed by its row.
    """
    told = _catch_up(now) + _tell_unannounced(now) + _try_again(now)
    note_breaches(now=now)
    return told


def _catch_up(now: datetime) -> int:
    """Acts whose task was lost on the way, in order, from where the last sweep ended."""
    reading, _ = Reading.objects.get_or_create(name=UNTOLD_UP_TO)
    rows = list(
        Announcement.objects.filter(pk__gt=reading.entry, task=TELL, queued_at__lt=now - _PATIENCE)
        .annotate(told=Exists(Telling.objects.filter(entry=OuterRef("entry"))))
        .order_by("pk")[:_BATCH]
    )
    count = 0
    for row in rows:
        if not row.told:
            count += tell(row.entry_id, now=now)
        Reading.objects.filter(name=UNTOLD_UP_TO, entry__lt=row.pk).update(entry=row.pk)
    return count


def _tell_unannounced(now: datetime) -> int:
    """Acts of events people wrote lines for: nobody announces those, so they are read from the trail.

    Entries get their number before their transaction ends, so a window is read again every time.
    """
    own = [rule for rule in queries.rules_in_force() if rule.fact not in ANNOUNCED]
    reading, _ = Reading.objects.get_or_create(name=_READ_UP_TO)
    newest = Entry.objects.aggregate(newest=Max("id"))["newest"] or 0
    count = 0
    for rule in own:
        rows = Entry.objects.filter(
            pk__gt=max(0, reading.entry - _AGAIN),
            pk__lte=newest,
            fact=rule.fact,
            timestamp__gte=max(rule.made_at, now - HISTORY),
        ).exclude(Exists(Telling.objects.filter(entry=OuterRef("pk"), rule__code=rule.code)))
        for entry in rows.select_related("content_type", "actor").order_by("pk")[:_BATCH]:
            count += follow(rule, entry, now=now)
    Reading.objects.filter(pk=reading.pk, entry__lt=newest).update(entry=newest)
    return count


def _try_again(now: datetime) -> int:
    rows = Telling.objects.filter(
        state=Telling.State.WAITING, attempts__lt=MOST_ATTEMPTS, happened_at__gt=now - HISTORY
    ).select_related("rule")[:_BATCH]
    count = 0
    for row in rows:
        entry = Entry.objects.select_related("content_type", "actor").get(pk=row.entry_id)
        count += follow(row.rule, entry, now=now)
    return count


@transaction.atomic
def note_breaches(*, now: datetime) -> int:
    """One work item per line of the protocol whose deadline was missed; each miss counts once."""
    rows = list(
        Telling.objects.select_for_update(skip_locked=True)
        .filter(queries.LATE, due_at__lt=now, breach_noted=False)
        .order_by("pk")[:_BATCH]
    )
    Telling.objects.filter(pk__in=[row.pk for row in rows]).update(breach_noted=True)
    counts = Counter(row.rule_id for row in rows)
    for rule in Rule.objects.filter(pk__in=counts):
        number = counts[rule.pk]
        open_work(
            kind="told_late",
            key=f"told-late:{rule.code}",
            subject=rule,
            label=f"Told late: {fact_name(rule.fact)}",
            path="/notices/protocol/#late",
            why=f"{number} {'telling' if number == 1 else 'tellings'} after the deadline of "
            f"{rule.within} {rule.get_unit_display()}",
            now=now,
            role="lead",
            due_at=now + timedelta(days=1),
        )
    return len(rows)
