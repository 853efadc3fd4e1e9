"""Figures of disputes: each is made of the rows its page lists, by the definition beside it."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from disputes import operations
from metrics import disputing, kpis
from metrics.queries import dispute_figures
from metrics.rules import cycle_time
from tests.disputes.scene import investigated, proposed, raised
from tests.factories import make_user
from tests.world import NOW, make_world

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def figures(world, now=NOW + 10 * DAY):
    return dispute_figures([world.entity], now=now)


def test_the_middle_and_the_mean_of_times():
    assert cycle_time([]).median is None
    found = cycle_time([60, 120, 600])
    assert (found.n, found.median, found.mean) == (3, Decimal("2.0"), Decimal("4.3"))
    assert cycle_time([60, 120]).median == Decimal("1.5")


@pytest.mark.django_db
def test_without_disputes_there_is_no_rate_of_ends_and_nothing_late():
    world = make_world()
    found = figures(world)
    assert [found[code].value for code in ("rate", "cycle", "won", "reopened")] == [None] * 4
    assert found["late"].value == 0
    world.issued("10.00")
    assert figures(world)["rate"].value == 0


@pytest.mark.django_db
def test_the_rate_counts_an_invoice_once_and_only_of_the_last_90_days():
    world = make_world()
    old = world.issued("500.00", now=NOW - 120 * DAY)
    two = world.issued("100.00", "200.00", now=NOW - 9 * DAY)
    world.issued("410.00", now=NOW - 8 * DAY)
    raised(world, invoice=old)
    first = raised(world, invoice=two)
    raised(world, invoice=two, claims=[operations.Claim(2)])
    rate = figures(world)["rate"]
    assert (rate.value, rate.n, rate.is_too_few) == (Decimal("50.0"), 2, True)
    assert [one.dispute for one in rate.rows] == [first]


@pytest.mark.django_db
def test_the_time_is_office_time_without_waiting_and_without_the_rest_before_a_reopening():
    world = make_world()
    monday = NOW.replace(hour=8, minute=0)  # nine o'clock there
    one = investigated(world, "100.00", now=monday)
    one = operations.ask_customer(one, body="Which day?", actor=world.clerk, now=monday + HOUR)
    one = operations.resume(one, actor=None, now=monday + 4 * HOUR)
    one = operations.withdraw(one, reason="They agree", actor=world.clerk, now=monday + 5 * HOUR)
    cycle = figures(world)["cycle"]
    assert [(row.ours, row.theirs) for row in cycle.rows] == [(120, 180)]
    assert (cycle.value, cycle.whole.median) == (Decimal("2.0"), Decimal("5.0"))

    one = operations.reopen(one, reason="Not solved", actor=None, now=monday + DAY)
    assert figures(world)["cycle"].rows == []
    operations.withdraw(one, reason="They agree", actor=world.clerk, now=monday + DAY + HOUR)
    [row] = figures(world)["cycle"].rows
    assert (row.ours, row.theirs) == (180, 180)


@pytest.mark.django_db
def test_what_was_rejected_or_withdrawn_is_won_by_amount():
    world = make_world()
    lost = proposed(world, "300.00")
    operations.accept(lost, actor=world.director, now=NOW + HOUR)
    won = investigated(world, "100.00")
    operations.withdraw(won, reason="They agree", actor=world.clerk, now=NOW + HOUR)
    found = figures(world)["won"]
    assert (found.value, found.n) == (Decimal("25.0"), 2)
    assert [row.dispute.pk for row in found.rows] == [won.pk]
    assert figures(world, NOW + 100 * DAY)["won"].value is None


@pytest.mark.django_db
def test_reopened_ones_count_while_they_run_and_after():
    world = make_world()
    for net in ("100.00", "200.00", "300.00"):
        last = investigated(world, net)
        operations.withdraw(last, reason="They agree", actor=world.clerk, now=NOW + HOUR)
    operations.reopen(last, reason="Not solved", actor=None, now=NOW + DAY)
    for _ in range(2):
        found = figures(world)["reopened"]
        assert (found.value, found.n) == (Decimal("33.3"), 3)
        assert [row.dispute.pk for row in found.rows] == [last.pk]
        last.refresh_from_db()
        if not last.is_over:
            operations.withdraw(last, reason="They agree", actor=world.clerk, now=NOW + 2 * DAY)


@pytest.mark.django_db
def test_late_is_what_missed_a_deadline_and_is_open():
    world = make_world()
    late = raised(world, "100.00")
    operations.acknowledge(raised(world, "200.00"), actor=world.clerk, now=NOW)
    found = dispute_figures([world.entity], now=NOW + 6 * HOUR)["late"]
    assert (found.value, found.n) == (1, 2)
    assert [row.dispute.pk for row in found.rows] == [late.pk]


@pytest.mark.django_db
def test_late_ones_are_counted_by_the_database_and_read_as_far_as_they_are_shown(monkeypatch):
    world = make_world()
    late = [raised(world, f"{n}00.00", now=NOW + n * HOUR / 10) for n in range(1, 5)]
    with CaptureQueriesContext(connection) as asked:
        found = dispute_figures([world.entity], now=NOW + 9 * DAY)
        assert (found["late"].value, found["late"].n) == (4, 4)
    assert all("COUNT(" in one["sql"] for one in asked if "met_at" in one["sql"])

    monkeypatch.setattr(disputing, "MOST", 2)
    with CaptureQueriesContext(connection) as asked:
        shown = disputing.rows_of(found["late"])
    assert [row.dispute for row, _, _ in shown] == late[:2]
    assert len(asked) == 1
    assert "LIMIT 2" in asked[0]["sql"]
    assert found["late"].rows[3].dispute == late[3]


@pytest.mark.django_db
def test_another_companys_disputes_are_in_no_figure():
    ours, theirs = make_world(), make_world()
    raised(theirs)
    assert all(not found.rows for found in figures(ours).values())


@pytest.mark.django_db
def test_an_improvement_can_aim_at_each():
    world = make_world()
    raised(world)
    codes = {code for code in kpis.KPIS if code.startswith("dispute_")}
    assert codes == {"dispute_rate", "dispute_cycle", "dispute_won", "dispute_reopened", "dispute_late"}
    assert kpis.KPIS["dispute_rate"].value([world.entity], NOW) == 100
    assert kpis.KPIS["dispute_late"].value([world.entity], NOW + 9 * DAY) == 1
    assert kpis.KPIS["dispute_won"].value([world.entity], NOW) is None


@pytest.mark.django_db
@pytest.mark.parametrize("show", ["rate", "cycle", "won", "reopened", "late", "nonsense"])
def test_the_page_shows_every_figure_and_the_rows_of_one(client, show):
    world = make_world()
    dispute = proposed(world, "300.00")
    operations.accept(dispute, actor=world.director, now=NOW + HOUR)
    client.force_login(world.lead)
    with time_machine.travel(NOW + 2 * HOUR, tick=False):
        page = client.get(reverse("metrics:disputes"), {"show": show}).content.decode()
        tiles = client.get(reverse("metrics:dispute_tiles")).content.decode()
        home = client.get(reverse("metrics:home")).content.decode()
    assert 'id="dispute-rate">100<small> %' in page.replace("\n", "")
    assert (dispute.reference in page) == (show in ("rate", "cycle", "nonsense"))
    assert 'id="dispute-late">0' in tiles
    assert reverse("metrics:dispute_tiles") in home


@pytest.mark.django_db
def test_who_sees_no_disputes_sees_no_figures_of_them(client):
    make_world()
    client.force_login(make_user("administrator"))
    for name in ("metrics:disputes", "metrics:dispute_tiles"):
        assert client.get(reverse(name)).status_code == 403
