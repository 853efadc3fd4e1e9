"""Office hours of a team: set, changed, ended; what no clock could run in is refused."""

from datetime import time

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.db.utils import DatabaseError

from core.errors import Invalid
from entities import events
from entities.models import TeamHours
from entities.operations import end_team_hours, set_access, set_team_hours
from entities.queries import hours_of, team_hours
from tests.book.test_concurrency import together
from tests.factories import NOW, make_entity, make_user
from trail.models import Entry

pytestmark = pytest.mark.django_db
GOOD = {
    "team": "specialist",
    "time_zone": "Asia/Kolkata",
    "holiday_region": "in",
    "opens": time(10),
    "closes": time(18),
}


def test_a_team_keeps_hours_of_its_own_until_they_end():
    entity = make_entity(country="DE", time_zone="Europe/Berlin", holiday_region="DE-BY")

    row = set_team_hours(entity, actor=None, now=NOW, **GOOD)

    assert team_hours(entity, "specialist") == row
    assert team_hours(entity, "collector") is None
    theirs, ours = hours_of(entity, row), hours_of(entity)
    assert (str(theirs.zone), theirs.opens, theirs.minutes, theirs.calendar.name) == (
        "Asia/Kolkata",
        time(10),
        480,
        "IN",
    )
    assert (str(ours.zone), ours.calendar.name) == ("Europe/Berlin", "DE-BY")

    end_team_hours(row, actor=None, now=NOW)
    end_team_hours(row, actor=None, now=NOW)

    assert team_hours(entity, "specialist") is None
    assert Entry.objects.filter(fact=events.HOURS_ENDED).count() == 1


def test_new_hours_are_a_new_row_and_the_same_ones_are_none():
    entity = make_entity()
    first = set_team_hours(entity, actor=None, now=NOW, **GOOD)

    assert set_team_hours(entity, actor=None, now=NOW, **GOOD) == first
    second = set_team_hours(entity, actor=None, now=NOW, **GOOD | {"closes": time(16)})

    first.refresh_from_db()
    assert (first.is_current, first.closes, second.is_current) == (False, time(18), True)
    assert Entry.objects.filter(fact=events.HOURS_SET).count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"team": "nobody"}, "team"),
        ({"team": ""}, "team"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"holiday_region": "ZZ"}, "holiday_region"),
        ({"holiday_region": "DE-XX"}, "holiday_region"),
        ({"closes": time(10)}, "closes"),
        ({"closes": time(9)}, "closes"),
    ],
)
def test_what_no_clock_runs_in_is_refused_on_the_page_as_well(client, change, field):
    entity = make_entity()
    with pytest.raises(Invalid) as fault:
        set_team_hours(entity, actor=None, now=NOW, **GOOD | change)
    assert fault.value.field == field

    client.force_login(make_user("administrator"))
    sent = {
        name: value.strftime("%H:%M") if isinstance(value, time) else value for name, value in GOOD.items()
    }
    told = {
        name: value.strftime("%H:%M") if isinstance(value, time) else value for name, value in change.items()
    }
    answer = client.post(f"/entities/{entity.pk}/hours/", sent | told)

    assert answer.status_code == 422
    assert f'name="{field}"' in answer.content.decode()
    assert not TeamHours.objects.exists()
    assert not Entry.objects.filter(fact=events.HOURS_SET).exists()


def test_hours_are_set_and_ended_on_the_page(client):
    entity = make_entity(country="DE", holiday_region="DE-BY")
    client.force_login(make_user("administrator"))
    sent = {"team": "specialist", "time_zone": "Asia/Kolkata", "opens": "10:00", "closes": "18:00"}

    assert client.post(f"/entities/{entity.pk}/hours/", sent).status_code == 302
    row = TeamHours.objects.get()
    assert row.holiday_region == "DE-BY"
    end = f"/entities/{entity.pk}/hours/{row.pk}/end/"
    assert end in client.get(f"/entities/{entity.pk}/").content.decode()

    assert client.post(end).status_code == 302
    assert end not in client.get(f"/entities/{entity.pk}/").content.decode()
    row.refresh_from_db()
    assert not row.is_current


def test_hours_of_another_company_are_not_found(client):
    mine, other, user = make_entity(), make_entity(), make_user("administrator")
    row = set_team_hours(other, actor=None, now=NOW, **GOOD)
    set_access(user, entities=[mine], actor=None, now=NOW)
    client.force_login(user)

    assert client.post(f"/entities/{mine.pk}/hours/{row.pk}/end/").status_code == 404
    assert client.post(f"/entities/{other.pk}/hours/", {}).status_code == 404
    row.refresh_from_db()
    assert row.is_current


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entities_teamhours SET closes = '19:00'",
        "UPDATE entities_teamhours SET time_zone = 'UTC', is_current = false",
        "DELETE FROM entities_teamhours",
        "UPDATE entities_teamhours SET opens = '20:00'",
    ],
)
def test_the_database_keeps_hours_that_were_given(statement):
    set_team_hours(make_entity(), actor=None, now=NOW, **GOOD)
    with (
        pytest.raises((IntegrityError, InternalError, DatabaseError)),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert TeamHours.objects.get(is_current=True).closes == time(18)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_set_of_hours_is_current():
    entity = make_entity()
    raised = together(
        4, lambda n: set_team_hours(entity, actor=None, now=NOW, **GOOD | {"closes": time(12 + n)})
    )
    assert raised == []
    assert TeamHours.objects.filter(is_current=True).count() == 1
    assert TeamHours.objects.count() == 4
