"""Who is away and who stands in for them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from core.errors import Invalid, Refused
from team import queries
from team.events import ABSENCE_CANCELLED, ABSENCE_ENTERED
from team.models import Absence, User
from trail.operations import record


def day_of(person: User, now: datetime) -> date:
    """The day it is for this person."""
    return now.astimezone(ZoneInfo(person.time_zone)).date()


def absence_of(person: User, *, now: datetime) -> Absence | None:
    """The absence the person is in now, with its deputy; None when they work."""
    today = day_of(person, now)
    return (
        Absence.objects.filter(
            person=person, cancelled_at__isnull=True, first_on__lte=today, last_on__gte=today
        )
        .select_related("deputy", "person")
        .first()
    )


def absent_people(people: list[User], *, now: datetime) -> set[int]:
    """The ids of those who are away now, each by the day in their own time zone."""
    days = {person.pk: day_of(person, now) for person in people}
    if not days:
        return set()
    rows = Absence.objects.filter(
        person__in=list(days),
        cancelled_at__isnull=True,
        first_on__lte=max(days.values()),
        last_on__gte=min(days.values()),
    )
    return {row.person_id for row in rows if row.first_on <= days[row.person_id] <= row.last_on}


def stands_in_for(deputy: User, *, now: datetime) -> list[User]:
    """The absent colleagues this person stands in for now. A deputy who is away stands in for nobody."""
    rows = Absence.objects.filter(deputy=deputy, cancelled_at__isnull=True).select_related("person")
    absent = [row.person for row in rows if row.first_on <= day_of(row.person, now) <= row.last_on]
    if not absent or not deputy.is_active or absence_of(deputy, now=now):
        return []
    return absent


def absences_of(person: User) -> QuerySet[Absence]:
    """The person's absences that are not over for long, the latest first."""
    return Absence.objects.filter(person=person).select_related("person", "deputy", "entered_by")[:50]


def coming(*, now: datetime, within: timedelta = timedelta(days=30)) -> list[Absence]:
    """Everybody's absences that go on or begin within the span, the earliest first. Notes are for the person
    and those who manage people."""
    today = now.date()
    rows = Absence.objects.filter(
        cancelled_at__isnull=True,
        person__is_active=True,
        last_on__gte=today - timedelta(days=1),  # west of Greenwich it is still yesterday
        first_on__lte=today + within,
    )
    found = rows.select_related("person", "deputy").order_by("first_on", "person__name")
    return [row for row in found if row.last_on >= day_of(row.person, now)]


def stage_of(absence: Absence, now: datetime) -> str:
    """ "cancelled", "over", "now" or "ahead", by the day of the absent person."""
    today = day_of(absence.person, now)
    if absence.cancelled_at:
        return "cancelled"
    if absence.last_on < today:
        return "over"
    return "now" if absence.first_on <= today else "ahead"


def people_with_absences(actor: User) -> QuerySet[User]:
    """Whose absence somebody who manages people can enter: the others, by name."""
    return User.objects.filter(is_active=True, is_machine=False).exclude(pk=actor.pk).order_by("name")


def possible_deputies(person: User) -> QuerySet[User]:
    """Active colleagues of equal or lower authority."""
    above = [user.pk for user in queries.people_at_rank(queries.rank(person) + 1)]
    return User.objects.filter(is_active=True, is_machine=False).exclude(pk__in=[person.pk, *above])


@transaction.atomic
def enter_absence(
    person: User, *, first_on: date, last_on: date, deputy: User, note: str = "", actor: User, now: datetime
) -> Absence:
    """Note that somebody is away and who stands in. Own absences, or anybody's by who manages people.

    The deputy has equal or lower authority and works with their own limits; a deputy who is away in those
    days is refused, because a deputy of a deputy is not asked.
    """
    _refuse_strangers(person, actor)
    # In one order, so that two people who name each other cannot wait for each other.
    list(User.objects.select_for_update().filter(pk__in=[person.pk, deputy.pk]).order_by("pk"))
    _check(person, deputy, first_on, last_on, now)
    absence = Absence(
        person=person, deputy=deputy, first_on=first_on, last_on=last_on, note=note.strip()[:200]
    )
    absence.entered_by, absence.entered_at = actor, now
    try:
        with transaction.atomic():
            absence.save(force_insert=True)
    except IntegrityError as clash:
        if "a_person_is_absent_once_at_a_time" not in str(clash):
            raise
        raise Refused(
            f"An absence of {person} in these days is noted already.",
            field="first_on",
            rule="a_person_is_absent_once_at_a_time",
            mend="Cancel the other one first, or choose other days.",
        ) from clash
    record(
        ABSENCE_ENTERED,
        absence,
        actor=actor,
        at=now,
        person=str(person),
        deputy=str(deputy),
        first_on=first_on,
        last_on=last_on,
    )
    return absence


@transaction.atomic
def cancel_absence(absence: Absence, *, actor: User, now: datetime) -> Absence:
    """The person is back, or never left. What the deputy did stays done."""
    absence = Absence.objects.select_for_update(of=("self",)).select_related("person").get(pk=absence.pk)
    _refuse_strangers(absence.person, actor)
    if absence.cancelled_at:
        return absence
    absence.cancelled_at = now
    absence.save(update_fields=["cancelled_at"])
    record(ABSENCE_CANCELLED, absence, actor=actor, at=now, person=str(absence.person))
    return absence


def _check(person: User, deputy: User, first_on: date, last_on: date, now: datetime) -> None:
    if last_on < first_on:
        raise Invalid(
            "The last day is before the first.", field="last_on", rule="an_absence_ends_after_it_begins"
        )
    if last_on < day_of(person, now):
        raise Invalid("These days are over.", field="last_on", rule="an_absence_is_not_over")
    if deputy.pk == person.pk:
        raise Invalid(
            "Name a colleague, not the absent person.", field="deputy", rule="nobody_is_their_own_deputy"
        )
    if not deputy.is_active or deputy.is_machine:
        raise Invalid(f"{deputy} does not work here now.", field="deputy", rule="a_deputy_is_active")
    if queries.rank(deputy) > queries.rank(person):
        raise Invalid(
            f"{deputy} has more authority than {person}.",
            field="deputy",
            rule="a_deputy_has_no_more_authority",
            mend="Name somebody of the same authority or below; what is above their limit goes to others.",
        )
    if Absence.objects.filter(
        Q(person=deputy), cancelled_at__isnull=True, first_on__lte=last_on, last_on__gte=first_on
    ).exists():
        raise Refused(
            f"{deputy} is away in these days too.",
            field="deputy",
            rule="a_deputy_is_there",
            mend="Name somebody who is there; a deputy of a deputy is not asked.",
        )


def _refuse_strangers(person: User, actor: User) -> None:
    if actor.pk != person.pk and not actor.has_perm("team.manage_people"):
        raise Refused(
            f"Only {person} or who manages people enters this.", rule="absences_are_entered_by_their_person"
        )
