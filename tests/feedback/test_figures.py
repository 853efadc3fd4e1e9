"""Every figure opens exactly the answers it is made of; the pages of the board and the box."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import structlog
import time_machine
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from disputes import operations as disputes
from feedback import operations, queries
from feedback.models import Answer, Cause, Improvement, Suggestion, Theme
from feedback.showing import address_of
from tests.disputes.scene import raised
from tests.factories import make_user
from tests.feedback.scene import asked, contact_of, entered
from tests.feedback.test_improvements import done, planned
from tests.world import NOW, TODAY, make_world
from trail.models import Announcement, Entry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world():
    return make_world()


def signed_in(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_each_figure_is_the_sum_of_the_rows_it_opens(world):
    themes = list(Theme.objects.all()[:2])
    for n in range(14):
        made = entered(world, n % 5 + 1, now=NOW - timedelta(days=20 * n), subject=None)
        operations.set_themes(made, themes[: n % 3], actor=world.clerk, now=NOW)
    entered(world, 9, instrument="nps")
    entered(make_world(), 5)
    contact_of(world)
    survey = asked(world)
    operations.give_answer(survey.link, survey, score=5, now=NOW)
    client = signed_in(world.clerk)
    year = queries.Filters(since=queries.last_months(TODAY)[0], until=TODAY)
    csat = queries.Filters(instrument="csat", since=year.since, until=year.until)
    groups = [
        *queries.figures_of(world.clerk, year),
        *queries.months_of(world.clerk, csat, TODAY),
        *queries.themes_of(world.clerk, csat),
        *(one for by in ("template", "policy", "entity") for one in queries.groups_of(world.clerk, csat, by)),
    ]
    assert sum(group.figure.n for group in groups) > 40
    for group in groups:
        page = client.get(address_of(group.filters)).context["page"]
        assert page.total == group.figure.n, group
    whole = next(one for one in groups if one.filters.instrument == "csat")
    assert (whole.figure.asked, whole.figure.answered) == (1, 1)
    months = queries.months_of(world.clerk, csat, TODAY)
    assert sum(one.figure.n for one in months) == whole.figure.n


def test_the_trend_of_a_team_is_made_of_its_answers(world):
    """Whose work it was: the owner of a dispute, the author of an invoice, else the customer's own person."""
    told = raised(world, invoice=world.issued("50.00"))
    assert told.owner == world.clerk
    disputes.assign(told, to=world.lead, reason="Knows them", actor=world.lead, now=NOW)
    told.refresh_from_db()
    entered(world, 5, subject=told)
    entered(world, 2, subject=told.invoice)
    entered(world, 1)
    assert sorted(Answer.objects.values_list("team", flat=True)) == ["", "lead", "specialist"]
    csat = queries.Filters(instrument="csat")
    rows = {one.name: one.figure.value for one in queries.groups_of(world.lead, csat, "team")}
    assert rows == {"Team lead": 100, "Billing specialist": 0}

    client = signed_in(world.lead)
    page = client.get(reverse("feedback:dashboard"), {"team": "lead"}).content.decode()
    listed = client.get(reverse("feedback:answers"), {"team": "lead"})
    assert "1 answers, too few" in page
    assert "?instrument=csat&amp;team=specialist#trend" in page
    assert listed.context["page"].total == 1
    assert "Team lead" in listed.content.decode()


def test_too_few_are_marked_and_the_page_is_cheap(world, django_assert_max_num_queries):
    for _ in range(4):
        entered(world, 5)
    client = signed_in(world.lead)
    with django_assert_max_num_queries(30):
        page = client.get(reverse("feedback:dashboard")).content.decode()
    assert "too few" in page
    assert "100%" in page


def test_the_board_moves_its_cards_and_refusals_keep_what_was_typed(world):
    client = signed_in(world.lead)
    answer = entered(world, 2)
    plan = f"{reverse('feedback:plan')}?answer={answer.pk}"
    given = {"title": "Say it clearer", "action": "New words", "due_on": "2026-12-01", "owner": world.lead.pk,
             "figure": "csat", "once": "a" * 32}  # fmt: skip
    refused = client.post(plan, given | {"title": ""})
    assert refused.status_code == 422
    assert "New words" in refused.content.decode()
    assert client.post(reverse("feedback:plan"), given).status_code == 422
    client.post(plan, given)
    row = Improvement.objects.get()
    assert row.sources.get().answer == answer
    assert client.post(reverse("feedback:close", args=[row.pk])).status_code == 409
    client.post(reverse("feedback:start", args=[row.pk]))
    late = client.post(reverse("feedback:drop", args=[row.pk]), {"why": ""})
    assert late.status_code == 422
    page = client.get(reverse("feedback:board")).content.decode()
    assert "Say it clearer" in page
    early = client.post(reverse("feedback:publish", args=[row.pk]), {"said": "You said so", "did": "Done"})
    assert early.status_code == 409
    assert "You said so" not in early.content.decode()  # nothing can be told yet, so there is no form


def test_publishing_on_the_page_tells_the_customer(world):
    contact_of(world)
    row, client = done(world), signed_in(world.lead)
    client.post(reverse("feedback:publish", args=[row.pk]), {"said": "Unclear", "did": "Clearer"})
    page = client.get(row.get_absolute_url()).content.decode()
    assert world.customer.name in page
    assert signed_in(world.clerk).post(
        reverse("feedback:publish", args=[row.pk]), {"said": "x", "did": "y"}
    ).status_code == 403  # fmt: skip


def test_an_answer_is_sorted_and_its_cause_makes_a_correction_the_third_time(world):
    client = signed_in(world.clerk)
    theme, cause = Theme.objects.get(code="prices"), Cause.objects.get(code="discount")
    for _ in range(3):
        answer = entered(world, 1)
        client.post(reverse("feedback:sort", args=[answer.pk]), {"themes": [theme.pk], "cause": cause.pk})
    assert list(answer.themes.all()) == [theme]
    assert Improvement.objects.get().corrects == cause


def test_of_the_form_of_the_box_the_log_has_no_line_and_the_trail_no_entry(world):
    client = signed_in(world.clerk)
    path = reverse("feedback:suggest")
    before = (Entry.objects.count(), Announcement.objects.count())
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        once = re.search(r'name="once" value="([0-9a-f]{32})"', client.get(path).content.decode()).group(1)
        answer = client.post(path, {"body": "Too many meetings", "anonymous": "on", "once": once})
        assert client.post(path, {"body": " ", "anonymous": "on", "once": once}).status_code == 422
    assert "Thank you" in answer.content.decode()
    assert logs == []
    assert "X-Request-ID" not in answer.headers
    assert Suggestion.objects.get().author is None
    assert (Entry.objects.count(), Announcement.objects.count()) == before
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        client.get(reverse("feedback:suggestions"))
    assert any(one.get("user_id") == world.clerk.pk for one in logs)


def test_the_day_of_a_suggestion_tells_no_time_zone(world):
    world.clerk.time_zone = "Pacific/Auckland"
    world.clerk.save(update_fields=["time_zone"])
    client = signed_in(world.clerk)
    with time_machine.travel(datetime(2026, 3, 9, 22, 30, tzinfo=UTC), tick=False):
        sent = {"body": "Too many meetings", "anonymous": "on", "once": "f" * 32}
        client.post(reverse("feedback:suggest"), sent)
    assert Suggestion.objects.get().made_on == date(2026, 3, 9)


def test_a_named_suggestion_is_answered_and_planned_from(world):
    path = reverse("feedback:suggest")
    client, lead = signed_in(world.clerk), signed_in(world.lead)
    assert client.post(path, {"body": " ", "once": "d" * 32}).status_code == 422
    client.post(path, {"body": "Fewer clicks", "once": "d" * 32})
    row = Suggestion.objects.get()
    assert row.author == world.clerk
    answer = reverse("feedback:answer_suggestion", args=[row.pk])
    assert client.post(answer, {"state": "taken", "reply": "x"}).status_code == 403
    refused = lead.post(answer, {"state": "taken", "reply": ""})
    assert refused.status_code == 422
    lead.post(answer, {"state": "taken", "reply": "Thank you"})
    assert "Thank you" in client.get(row.get_absolute_url()).content.decode()
    lead.post(reverse("feedback:sort_suggestion", args=[row.pk]), {"themes": [Theme.objects.first().pk]})
    assert row.themes.count() == 1
    outsider = signed_in(make_user("administrator"))
    assert outsider.get(reverse("feedback:suggestions")).status_code == 200
    assert outsider.get(reverse("feedback:board")).status_code == 403


def test_another_companys_improvement_is_not_there(world):
    from entities.models import Access

    other = make_world()
    row = planned(other, entity=other.entity)
    user = make_user("lead")
    Access.objects.create(user=user, entity=world.entity)
    assert signed_in(user).get(row.get_absolute_url()).status_code == 404
