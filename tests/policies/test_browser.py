"""The clause editor and the public text in a browser."""

import pytest

from policies.models import PolicyVersion
from tests.browser import unreadable
from tests.factories import make_entity, make_user
from tests.policies.test_lifecycle import make_policy, published

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_both_readings_of_a_phrase_appear_while_typing_and_one_is_chosen(open_page):
    make_entity()
    author = make_user("controller")
    make_policy(author)
    page = open_page("/policies/eu/1/edit/", user=author)

    page.get_by_label("Payment terms").fill("30 days end of month")
    page.get_by_role("heading", name="EOM +30D").wait_for()
    assert page.get_by_role("heading", name="+30D EOM", exact=True).is_visible()
    page.get_by_role("button", name="Use this reading").nth(1).click()
    page.get_by_text("Saved as a draft.").wait_for()

    assert PolicyVersion.objects.get().clauses["terms"] == "EOM +30D"


def test_pages_can_be_read_by_everybody(open_page):
    make_entity()
    author, approver = make_user("controller"), make_user("compliance_officer")
    version = published(author, approver)
    make_policy(author, code="draft")

    for path, user in (
        ("/policies/eu/", author),
        ("/policies/draft/1/edit/", author),
        (f"/policy/{version.public_ref}/?lang=de", None),
    ):
        assert list(unreadable(open_page(path, user=user))) == [], path
