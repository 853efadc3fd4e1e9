"""Pages about people, for each role."""

import pytest

from team.models import APIKey, ApprovalLimit, User
from team.roles import ROLES
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", [role.code for role in ROLES])
def test_who_opens_which_page(client, role):
    client.force_login(make_user(role))
    manages = role == "administrator"

    assert client.get("/team/roles/").status_code == 200
    assert client.get("/team/limits/").status_code == 200
    assert client.get("/team/profile/").status_code == 200
    for address in ("/team/", "/team/new/", "/team/keys/"):
        assert client.get(address).status_code == (200 if manages else 403)


def test_strangers_are_sent_to_sign_in(client):
    for address in ("/team/", "/team/roles/", "/team/keys/", "/team/profile/"):
        answer = client.get(address)
        assert answer.status_code == 302
        assert "/accounts/login/" in answer["Location"]


def test_an_account_is_made_and_changed_on_the_screen(client):
    client.force_login(make_user("administrator"))

    wrong = client.post(
        "/team/new/", {"name": "Bo", "email": "no", "roles": ["lead"], "language": "de", "time_zone": "UTC"}
    )
    made = client.post(
        "/team/new/",
        {"name": "Bo", "email": "bo@example.test", "roles": ["lead"], "language": "de", "time_zone": "UTC"},
    )

    assert wrong.status_code == 422
    user = User.objects.get(email="bo@example.test")
    assert made["Location"] == f"/team/{user.pk}/"
    assert client.get(f"/team/{user.pk}/").status_code == 200
    client.post(f"/team/{user.pk}/roles/", {"roles": ["controller"]})
    assert [group.name for group in user.groups.all()] == ["controller"]
    client.post(f"/team/{user.pk}/deactivate/")
    assert not User.objects.get(pk=user.pk).is_active


def test_a_key_is_shown_once(client):
    client.force_login(make_user("administrator"))
    account = make_user("specialist", is_machine=True)
    address = f"/team/keys/new/?account={account.pk}"

    wrong = client.post(
        address, {"name": "Shop", "expires_on": "2020-01-01", "scopes": ["invoices.view_invoice"]}
    )
    form = client.get(address)
    ends = form.context["form"].fields["expires_on"].initial.isoformat()
    made = client.post(address, {"name": "Shop", "expires_on": ends, "scopes": ["invoices.view_invoice"]})

    assert wrong.status_code == 422
    raw = made.context["raw"]
    assert raw in made.content.decode()
    assert raw not in client.get("/team/keys/").content.decode()
    client.post(f"/team/keys/{APIKey.objects.get().pk}/revoke/")
    assert APIKey.objects.get().revoked_at


def test_limits_are_changed_by_those_who_manage_people_only(client):
    wanted = {"kind": "refund", "role": "lead", "limit": "1,500", "currency": ""}
    client.force_login(make_user("lead"))
    assert client.post("/team/limits/", wanted).status_code == 403
    assert ApprovalLimit.objects.get(kind="refund", role="lead").limit == 2000

    client.force_login(make_user("administrator"))
    client.post("/team/limits/", wanted)
    assert ApprovalLimit.objects.get(kind="refund", role="lead").limit == 1500
