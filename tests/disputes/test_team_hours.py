"""Clocks run in the office hours and on the calendar of the team that answers."""

from datetime import UTC, datetime, time, timedelta

import pytest

from disputes import operations
from entities.operations import end_team_hours, set_team_hours
from tests.disputes.scene import investigated, raised
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db


def hours(world, **changes):
    given = {
        "team": "specialist",
        "time_zone": "Asia/Kolkata",
        "holiday_region": "IN",
        "opens": time(10),
        "closes": time(18),
    }
    return set_team_hours(world.entity, actor=None, now=NOW, **given | changes)


def due(dispute, kind):
    return dispute.clocks.get(kind=kind, round=dispute.round).due_at


def test_the_clock_runs_where_the_team_of_the_owner_is():
    world = make_world()
    row = hours(world)

    dispute = raised(world)  # Monday 15:00 in Kolkata

    assert (dispute.owner, dispute.hours) == (world.clerk, row)
    # Three hours on Monday and one on Tuesday: 11:00 there.
    assert due(dispute, "acknowledge") == datetime(2026, 11, 17, 5, 30, tzinfo=UTC)
    # Sixteen hours: 3 + 8 + 5, Wednesday 15:00 there.
    assert due(dispute, "answer") == datetime(2026, 11, 18, 9, 30, tzinfo=UTC)


def test_other_teams_keep_the_hours_of_the_company():
    world = make_world()  # 9 to 17 in Berlin
    hours(world, team="collector")

    dispute = raised(world)  # Monday 10:30 in Berlin

    assert dispute.hours is None
    assert due(dispute, "acknowledge") == datetime(2026, 11, 16, 13, 30, tzinfo=UTC)


def test_a_holiday_of_the_team_does_not_count_and_the_change_of_the_clocks_moves_nothing():
    world = make_world()
    hours(world, time_zone="Europe/Dublin", holiday_region="IE", opens=time(9), closes=time(17))

    # Friday 16:00 in Dublin, still summer time; Monday is a bank holiday there, not in Germany.
    dispute = raised(world, now=datetime(2026, 10, 23, 15, tzinfo=UTC))

    assert due(dispute, "acknowledge") == datetime(2026, 10, 27, 12, tzinfo=UTC)


def test_a_running_clock_keeps_the_hours_it_was_started_with():
    world = make_world()
    row = hours(world)
    dispute = investigated(world)
    # Forty hours: 3 + 4 x 8 + 5.
    assert due(dispute, "resolve") == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    dispute = operations.ask_customer(dispute, body="Which price was agreed?", actor=world.clerk, now=NOW)
    end_team_hours(row, actor=None, now=NOW)
    hours(world, opens=time(0), closes=time(23, 59))

    # They answer after a whole working day of the team: 15:00 to 15:00 in Kolkata.
    dispute = operations.resume(dispute, actor=None, now=NOW + timedelta(days=1))

    assert dispute.hours == row
    # A working day later, and Tuesday the 24th is a holiday in India.
    assert due(dispute, "resolve") == datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


def test_the_page_says_in_which_hours_the_clock_runs(client):
    world = make_world()
    hours(world)
    client.force_login(world.clerk)

    page = client.get(raised(world).get_absolute_url()).content.decode()

    assert "10:00 – 18:00 Asia/Kolkata, holidays of IN" in page
