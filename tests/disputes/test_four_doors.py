"""One table of states and one of rights, whatever the door: page, API, admin and task refuse alike."""

from datetime import timedelta

import pytest
import time_machine
from django.apps import apps
from django.contrib import admin
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from conversations.operations import receive_message
from disputes import tasks
from disputes.models import Dispute
from disputes.rules import NEXT
from team.roles import ROLES
from tests.api.client import Api
from tests.disputes.scene import ANSWER, raised
from tests.disputes.test_states import lead_to
from tests.factories import make_user
from tests.world import NOW, make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=2)
END = {"outcome": "credit_note", "root_cause": "billing", "answer": ANSWER}

# Page or address of the API -> what is sent, and the states it is taken in.
PAGES = {
    "acknowledge": ({}, {"raised"}),
    "investigate": ({}, {"acknowledged"}),
    "resume": ({}, {"waiting_customer"}),
    "reply": ({"body": "Which one is it?", "ask": "on"}, {"acknowledged", "investigating"}),
    "propose": (END | {"net_1": ""}, {"investigating"}),
    "accept": ({}, {"proposed"}),
    "decline": ({"reason": "Not proven at all"}, {"proposed"}),
    "withdraw": (
        {"reason": "They agree now"},
        {"raised", "acknowledged", "investigating", "waiting_customer"},
    ),
    "reopen": ({"reason": "Not solved"}, {"resolved", "withdrawn"}),
}
ADDRESSES = {
    "acknowledge": PAGES["acknowledge"],
    "investigate": PAGES["investigate"],
    "resume": PAGES["resume"],
    "replies": ({"body": "Which one is it?", "ask": True}, PAGES["reply"][1]),
    "proposals": (END, PAGES["propose"][1]),
    "withdraw": PAGES["withdraw"],
    "reopen": PAGES["reopen"],
}


@pytest.fixture(autouse=True)
def clock():
    cache.clear()
    with time_machine.travel(LATER, tick=False):
        yield


def picture(dispute):
    row = Dispute.objects.filter(pk=dispute.pk).values().get()
    return row, Entry.objects.filter(fact__startswith="dispute.").count(), row["state"]


@pytest.mark.parametrize("state", sorted(NEXT))
def test_a_page_refuses_what_the_table_does_not_have(state):
    world = make_world()
    dispute = lead_to(state, world)
    client = Client()
    for name, (sent, states) in PAGES.items():
        if state in states:
            continue
        client.force_login(world.director if name in ("accept", "decline") else world.lead)
        before = picture(dispute)
        answer = client.post(reverse(f"disputes:{name}", args=[dispute.pk]), sent)
        assert answer.status_code == 409, (name, answer.status_code)
        assert picture(dispute) == before, name


@pytest.mark.parametrize("state", sorted(NEXT))
def test_the_api_refuses_what_the_table_does_not_have(state):
    world = make_world()
    dispute = lead_to(state, world)
    api = Api(world.lead)
    for name, (sent, states) in ADDRESSES.items():
        if state in states:
            continue
        before = picture(dispute)
        answer = api.send("POST", f"disputes/{dispute.pk}/{name}/", sent)
        assert answer.status_code == 409, (name, answer.status_code, answer.content)
        assert picture(dispute) == before, name


@pytest.mark.parametrize("state", sorted(NEXT))
def test_a_task_refuses_what_the_table_does_not_have(state):
    """The clock's look ends nothing but what nobody answered in time; a message resumes what waited alone."""
    world = make_world()
    dispute = lead_to(state, world)
    tasks.watch()
    assert picture(dispute)[2] == state
    with time_machine.travel(NOW + timedelta(days=60), tick=False):
        tasks.watch()
    after = picture(dispute)[2]
    assert after == ("withdrawn" if state == "waiting_customer" else state)


@pytest.mark.parametrize("state", sorted(NEXT))
def test_a_message_resumes_what_waited_for_it_and_nothing_else(state):
    dispute = lead_to(state, make_world())
    receive_message(customer=dispute.customer, about=dispute, body="Here it is", channel="portal", now=LATER)
    entry = Entry.objects.filter(fact="inquiry.continued").latest("id")
    for _ in range(2):
        tasks.note_message(entry_id=entry.pk)
    assert picture(dispute)[2] == ("investigating" if state == "waiting_customer" else state)


def test_who_may_do_what_is_one_table_for_page_and_api():
    world = make_world()
    waiting = raised(world)
    for role in ROLES:
        person = make_user(role.code)
        client = Client()
        client.force_login(person)
        api = Api(person)
        works = "disputes.work_dispute" in role.acts
        for name in ("withdraw", "escalate"):
            page = client.post(reverse(f"disputes:{name}", args=[waiting.pk]), {})
            assert (page.status_code != 403) == works, (role.code, name)
            answer = api.send("POST", f"disputes/{waiting.pk}/{name}/", {"reason": ""})
            assert (answer.status_code != 403) == works, (role.code, name)
        sees = "disputes.view_dispute" in role.acts
        assert (client.get(waiting.get_absolute_url()).status_code == 200) == sees, role.code
        assert (api.send("GET", f"disputes/{waiting.pk}/").status_code == 200) == sees, role.code
    waiting.refresh_from_db()
    assert waiting.state == "raised"


@pytest.mark.parametrize("app", ["disputes", "feedback"])
def test_the_admin_shows_and_writes_nothing_even_for_a_superuser(app):
    world = make_world()
    dispute = lead_to("proposed", world)
    root = make_user("administrator", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(root)
    shown = [model for model in apps.get_app_config(app).get_models() if admin.site.is_registered(model)]
    assert shown
    before = picture(dispute)
    for model in shown:
        name = f"admin:{app}_{model._meta.model_name}"
        row = model._default_manager.first()
        assert client.get(reverse(f"{name}_changelist")).status_code == 200
        assert client.get(reverse(f"{name}_add")).status_code == 403
        assert client.post(reverse(f"{name}_add"), {}).status_code == 403
        if row is None:
            continue
        detail = reverse(f"{name}_change", args=[row.pk])
        assert client.get(detail).status_code == 200
        assert client.post(detail, {"state": "resolved", "level": "4", "_save": "1"}).status_code == 403
        assert client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
        bulk = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        client.post(reverse(f"{name}_changelist"), bulk)
        assert model._default_manager.filter(pk=row.pk).exists()
    assert picture(dispute) == before
