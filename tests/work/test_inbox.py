"""The inbox: own work late first, colleagues' work for those who hand it out, acts in place with undo."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from team.absences import day_of, enter_absence
from tests.factories import make_entity, make_user
from work.inbox import open_count
from work.models import WorkItem
from work.operations import open_work

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_user("collector")


def given(owner, key="k", **values) -> WorkItem:
    values = {"label": f"Call {key}", "path": "/", "why": "It is late", "kind": "collect"} | values
    return open_work(
        key=key, subject=make_entity(), now=timezone.now(), owner=owner, role="collector", **values
    )


def act(client, item, name, **sent):
    return client.post(reverse("work:act", args=[item.pk, name]), sent, follow=True)


def test_what_is_late_stands_first_and_each_item_says_why(client, owner):
    now = timezone.now()
    given(owner, "later", due_at=now + timedelta(days=4))
    given(owner, "never")
    given(owner, "late", due_at=now - timedelta(days=1))
    client.force_login(owner)

    page = client.get(reverse("work:list")).content.decode()

    places = [page.index(f"Call {key}") for key in ("late", "later", "never")]
    assert places == sorted(places)
    assert "Overdue" in page
    assert "Named as the person in charge" in page
    assert open_count(owner) == 3


def test_done_and_its_undo(client, owner):
    item = given(owner)
    client.force_login(owner)

    page = act(client, item, "finish").content.decode()
    item.refresh_from_db()
    assert item.state == "done"
    assert reverse("work:act", args=[item.pk, "reopen"]) in page
    act(client, item, "reopen")

    item.refresh_from_db()
    assert item.state == "assigned"


def test_put_off_and_handed_over(client, owner):
    colleague = make_user("collector")
    item = given(owner)
    client.force_login(owner)

    act(client, item, "snooze", days="3")
    assert open_count(owner) == 0
    assert "Call k" in client.get(reverse("work:list") + "?tab=snoozed").content.decode()
    act(client, item, "wake")
    assert act(client, item, "hand_over", to=str(colleague.pk)).status_code == 422
    act(client, item, "hand_over", to=str(colleague.pk), reason="Speaks French")

    item.refresh_from_db()
    assert item.owner == colleague
    act(client, item, "take_back")
    item.refresh_from_db()
    assert item.owner == owner


def test_the_deputy_sees_the_work_of_the_absent_and_a_stranger_cannot_act(client, owner):
    deputy, stranger = make_user("collector"), make_user("manager")
    item = given(owner)
    now = timezone.now()
    today = day_of(owner, now)
    enter_absence(owner, first_on=today, last_on=today, deputy=deputy, actor=owner, now=now)
    client.force_login(deputy)
    assert "Call k" in client.get(reverse("work:list")).content.decode()
    client.force_login(stranger)

    assert "Call k" not in client.get(reverse("work:list") + "?tab=team").content.decode()
    assert act(client, item, "finish").status_code == 409
    assert act(client, item, "explode").status_code == 422
    item.refresh_from_db()
    assert item.state == "assigned"
