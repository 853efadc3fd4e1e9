"""Absences: whole days in the person's zone, one deputy of no more authority."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import DomainError
from team.absences import absence_of, cancel_absence, enter_absence, possible_deputies, stands_in_for
from team.models import Absence
from tests.book.test_concurrency import together
from tests.factories import make_user
from tests.world import NOW
from trail.models import Entry

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 16)
DAY = timedelta(days=1)


def enter(person, deputy, first=TODAY, last=TODAY, actor=None):
    return enter_absence(person, first_on=first, last_on=last, deputy=deputy, actor=actor or person, now=NOW)


def test_the_days_are_those_of_the_persons_zone():
    person, deputy = make_user("collector", time_zone="Asia/Kolkata"), make_user("collector")
    enter(person, deputy)
    begins = datetime(2026, 11, 15, 18, 30, tzinfo=UTC)  # midnight in India

    assert absence_of(person, now=begins - timedelta(seconds=1)) is None
    assert absence_of(person, now=begins).deputy == deputy
    assert stands_in_for(deputy, now=begins) == [person]
    assert absence_of(person, now=begins + DAY) is None
    assert stands_in_for(deputy, now=begins + DAY) == []


@pytest.mark.parametrize(
    ("role", "deputys", "allowed"),
    [
        ("lead", "lead", True),
        ("lead", "specialist", True),
        ("lead", "controller", False),
        ("collector", "specialist", False),
        ("director", "auditor", True),
    ],
)
def test_a_deputy_has_no_more_authority(role, deputys, allowed):
    person, deputy = make_user(role), make_user(deputys)

    if allowed:
        assert enter(person, deputy).deputy == deputy
    else:
        with pytest.raises(DomainError, match="authority"):
            enter(person, deputy)
    assert (deputy in possible_deputies(person)) == allowed
    assert Absence.objects.count() == allowed
    assert Entry.objects.filter(fact="absence.created").count() == allowed


def test_what_makes_no_sense_is_refused():
    person, deputy, other = make_user("lead"), make_user("lead"), make_user("lead")
    enter(other, person, TODAY + 5 * DAY, TODAY + 6 * DAY)
    refused = [
        (person, person, TODAY, TODAY, person),
        (person, deputy, TODAY, TODAY - DAY, person),
        (person, deputy, TODAY - 2 * DAY, TODAY - DAY, person),
        (person, make_user("lead", is_active=False), TODAY, TODAY, person),
        (person, make_user("lead", is_machine=True), TODAY, TODAY, person),
        (person, other, TODAY + 6 * DAY, TODAY + 7 * DAY, person),
        (other, deputy, TODAY + 6 * DAY, TODAY + 7 * DAY, other),
        (person, deputy, TODAY, TODAY, deputy),
    ]

    for who, stands_in, first, last, actor in refused:
        with pytest.raises(DomainError):
            enter(who, stands_in, first, last, actor)
    assert Absence.objects.count() == 1


def test_a_cancelled_absence_makes_room():
    person, deputy = make_user("lead"), make_user("lead")
    absence = enter(person, deputy)

    cancel_absence(absence, actor=person, now=NOW)

    assert absence_of(person, now=NOW) is None
    assert enter(person, deputy).pk != absence.pk


@pytest.mark.django_db(transaction=True)
def test_entered_twice_at_once_it_stands_once():
    person, deputy = make_user("lead"), make_user("lead")

    raised = together(4, lambda _: enter(person, deputy))

    assert len(raised) == 3
    assert all(isinstance(error, DomainError) for error in raised)
    assert Absence.objects.count() == 1


def test_the_pages_enter_show_and_cancel_an_absence(client):
    person, deputy, boss = make_user("lead"), make_user("lead"), make_user("administrator")
    today = datetime.now(UTC).date()
    sent = {"first_on": today, "last_on": today + 3 * DAY, "deputy": deputy.pk, "note": "Surgery"}
    client.force_login(person)

    wrong = client.post("/team/absences/new/", sent | {"deputy": make_user("director").pk})
    assert wrong.status_code == 422
    backwards = client.post("/team/absences/new/", sent | {"last_on": today - DAY})
    assert backwards.status_code == 422
    assert "last day is before" in backwards.content.decode()
    assert not Absence.objects.exists()
    client.post("/team/absences/new/", sent)
    absence = Absence.objects.get()
    assert (absence.person, absence.deputy, absence.entered_by) == (person, deputy, person)

    client.force_login(deputy)
    assert "You stand in for" in client.get("/team/absences/").content.decode()
    assert str(person) in client.get("/work/").content.decode()
    assert "Surgery" not in client.get("/team/absences/").content.decode()
    assert client.post(f"/team/absences/{absence.pk}/cancel/").status_code == 409
    assert client.get(f"/team/absences/new/?person={person.pk}").status_code == 403
    absence.refresh_from_db()
    assert absence.cancelled_at is None

    client.force_login(boss)
    client.post(f"/team/absences/{absence.pk}/cancel/")
    absence.refresh_from_db()
    assert absence.cancelled_at
    client.post(f"/team/absences/new/?person={person.pk}", sent)
    assert Absence.objects.filter(person=person, cancelled_at=None, entered_by=boss).exists()
