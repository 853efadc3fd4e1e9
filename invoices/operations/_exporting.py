"""Taking rows out of the house is an act: who, when, how many, by which filter."""

from datetime import datetime

from django.db import transaction

from invoices.events import INVOICES_EXPORTED
from team.models import User
from trail.operations import record


@transaction.atomic
def note_export(*, actor: User, now: datetime, rows: int, query: str) -> None:
    """Put an export on the trail of the person who took it, before the first row leaves."""
    person = User.objects.get(pk=actor.pk)  # a request's user is a lazy stand-in
    record(INVOICES_EXPORTED, person, actor=actor, at=now, rows=rows, filter=query[:1000])
