"""What needs me, the inbox of approvals, jobs: each person sees what they may decide and what is theirs."""

import pytest
from django.urls import reverse
from django.utils import timezone

from invoices import operations
from team.roles import ROLES
from tests.factories import make_user
from tests.invoices.scene import make_scene
from work.queries import needs_me, waiting_count

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", [role.code for role in ROLES])
def test_who_may_open_which_page(client, role):
    user = make_user(role)
    client.force_login(user)
    assert client.get(reverse("work:list")).status_code == 200
    assert client.get(reverse("work:needs")).status_code == 200
    assert client.get(reverse("work:jobs")).status_code == 200
    allowed = 200 if user.has_perm("work.decide_approval") else 403
    assert client.get(reverse("work:approvals")).status_code == allowed


def test_the_inbox_shows_what_differs_to_those_who_may_decide(client, django_assert_max_num_queries):
    scene = make_scene()
    invoice = scene.waiting("3000")
    client.force_login(scene.lead)
    with django_assert_max_num_queries(30):
        page = client.get(reverse("work:approvals")).content.decode()
    assert "First invoice for Kestrel Robotics" in page
    assert f'href="{invoice.get_absolute_url()}#decide"' in page
    assert waiting_count(scene.lead) == 1

    client.force_login(scene.clerk)
    own = client.get(reverse("work:approvals")).content.decode()
    assert "Nothing waits for your decision" in own
    assert "You asked" in own


def test_what_was_sent_back_needs_its_author_until_it_is_asked_again():
    scene = make_scene()
    invoice = scene.waiting("3000")
    operations.reject_invoice(invoice, actor=scene.lead, now=timezone.now(), reason="Hours are wrong")
    [need] = needs_me(scene.clerk)
    assert "Hours are wrong" in need.detail
    operations.submit_invoice(invoice, actor=scene.clerk, now=timezone.now())
    assert needs_me(scene.clerk) == []
    assert [need.path for need in needs_me(scene.lead)] == [invoice.get_absolute_url()]
