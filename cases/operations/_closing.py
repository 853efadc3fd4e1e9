"""Work about a broken promise or a plan in default ends by itself when all of it is paid."""

from datetime import datetime

from cases.models import Plan, Promise
from entities.models import Entity
from work.models import WorkItem
from work.operations import finish_work
from work.rules import OVER

_SUBJECTS: dict[str, type[Promise] | type[Plan]] = {"broken_promise": Promise, "plan_default": Plan}


def close_follow_ups(entity: Entity, *, now: datetime) -> int:
    """Close what follows up promises and plans whose invoices are all settled; returns how many."""
    closed = 0
    for kind, model in _SUBJECTS.items():
        waiting = WorkItem.objects.filter(kind=kind, entity=entity).exclude(state__in=OVER)
        subjects = dict(waiting.values_list("subject_id", "key"))
        still_open = set(
            model.objects.filter(pk__in=subjects, covers__invoice__balance__gt=0).values_list("pk", flat=True)
        )
        for pk in sorted(subjects.keys() - still_open):
            closed += finish_work(subjects[pk], outcome="All of it is settled.", actor=None, now=now)
    return closed
