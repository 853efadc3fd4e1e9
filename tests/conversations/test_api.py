"""Threads, posts and notes over the API; a key without the right to notes never sees one."""

import pytest

from conversations import operations
from tests.api.client import Api, refused
from tests.conversations.test_receiving import ask
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db
SECRET = "Kestrel-is-nearly-insolvent"


@pytest.fixture
def world():
    return make_world()


def test_a_message_is_handed_in_once_and_read(world):
    api = Api(world.clerk)
    sent = {"customer": world.customer.pk, "body": "Why?", "channel": "portal", "external_id": "crm-1"}

    first = api.post("threads/", sent)
    again = api.post("threads/", sent)

    assert again["id"] == first["id"]
    [thread] = api.get("threads/")["items"]
    assert (thread["state"], thread["customer"]) == ("open", world.customer.pk)
    [post] = api.get(f"threads/{thread['id']}/posts/")["items"]
    assert post["body"] == "Why?"


def test_notes_are_a_resource_of_their_own(world):
    thread = ask(world).thread
    api = Api(world.clerk)

    api.post(f"threads/{thread.pk}/notes/", {"body": SECRET})
    api.post(f"customers/{world.customer.pk}/notes/", {"body": SECRET})

    assert [note["body"] for note in api.get(f"threads/{thread.pk}/notes/")["items"]] == [SECRET]
    customers = Api(world.clerk, "conversations.read_inquiries", "customers.view_customer")
    given = [
        customers.get(path)
        for path in (
            "threads/",
            f"threads/{thread.pk}/",
            f"threads/{thread.pk}/posts/",
            f"customers/{world.customer.pk}/",
        )
    ]
    assert SECRET not in str(given)
    refused(customers.send("GET", f"threads/{thread.pk}/notes/"), 403)
    refused(customers.send("GET", f"customers/{world.customer.pk}/notes/"), 403)


def test_a_note_that_names_nobody_is_refused(world):
    thread = ask(world).thread

    answer = Api(world.clerk).send("POST", f"threads/{thread.pk}/notes/", {"body": "@nobody look"})

    refused(answer, 422, rule="a_mention_names_a_colleague_who_may_see_it")


def test_a_threads_words_are_the_tabs_of_the_inbox(world):
    thread = ask(world).thread
    operations.assign_thread(thread, owner=world.clerk, actor=world.clerk, now=NOW)

    assert Api(world.clerk).get("threads/?tab=mine")["items"]
    assert not Api(world.lead).get("threads/?tab=mine")["items"]


def test_a_thread_is_closed_with_a_recap_once_and_taken_up_again(world):
    thread = ask(world).thread
    api = Api(world.clerk)
    path = f"threads/{thread.pk}/"
    whole = {"said": "It is too high", "understood": "Misread meter", "agreed": "A credit note"}
    refused(api.send("POST", f"{path}recaps/", whole | {"agreed": " "}), 422, field="agreed")
    assert api.get(path)["state"] == "open"

    made = api.post(f"{path}recaps/", whole)

    assert ({name: made[name] for name in whole}, made["is_sent"]) == (whole, True)
    assert api.get(path)["state"] == "closed"
    assert api.send("POST", f"{path}recaps/", whole).status_code == 409
    assert api.post(f"{path}reopen/")["state"] == "open"
    assert api.send("POST", f"{path}reopen/").status_code == 409
    [recap] = api.get(f"{path}recaps/")["items"]
    assert (recap["reopened_at"] is None, recap["reopened_by_customer"]) == (False, False)
