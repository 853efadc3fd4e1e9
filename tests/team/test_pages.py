"""Pages about people, for each role."""

import pytest
from django.utils import timezone

from notices.models import Notice
from notices.operations import tell
from team.models import APIKey, ApprovalLimit, User
from team.roles import DECIDING_ACTS, ROLES
from tests.factories import make_user
from trail.models import Entry

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


def test_a_key_somebody_else_makes_decides_nothing_and_is_told(client):
    admin, lead = make_user("administrator"), make_user("lead")
    client.force_login(admin)
    address = f"/team/keys/new/?account={lead.pk}"
    form = client.get(address).context["form"]
    ends = form.fields["expires_on"].initial.isoformat()
    offered = [act for act, _ in form.fields["scopes"].choices]

    refused = client.post(
        address,
        {"name": "Shop", "expires_on": ends, "scopes": ["invoices.view_invoice", "work.decide_approval"]},
    )

    assert refused.status_code == 422
    assert not APIKey.objects.exists()
    assert not Entry.objects.filter(fact="api_key.created").exists()
    assert "invoices.view_invoice" in offered
    assert not set(offered) & set(DECIDING_ACTS)
    client.post(address, {"name": "Shop", "expires_on": ends, "scopes": ["invoices.view_invoice"]})
    made = Entry.objects.get(fact="api_key.created")
    assert made.actor == admin
    assert made in client.get(f"/team/{lead.pk}/").context["entries"]
    tell(made.pk, now=timezone.now())
    told = Notice.objects.get()
    assert told.person == lead
    assert str(admin) in told.title


@pytest.mark.parametrize("account", ["abc", "²", "", "-1", "9" * 30])
def test_a_key_for_no_account_is_not_found(client, account):
    client.force_login(make_user("administrator"))
    assert client.get("/team/keys/new/", {"account": account}).status_code == 404
    assert client.post(f"/team/keys/new/?account={account}", {"name": "Shop"}).status_code == 404
    assert not APIKey.objects.exists()


def test_limits_are_changed_by_those_who_manage_people_only(client):
    wanted = {"kind": "refund", "role": "lead", "limit": "1,500", "currency": ""}
    client.force_login(make_user("lead"))
    assert client.post("/team/limits/", wanted).status_code == 403
    assert ApprovalLimit.objects.get(kind="refund", role="lead").limit == 2000

    client.force_login(make_user("administrator"))
    client.post("/team/limits/", wanted)
    assert ApprovalLimit.objects.get(kind="refund", role="lead").limit == 1500


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limit": "99999999999999999999"}, "more than fifteen digits"),
        ({"limit": "-5"}, "Enter 0 for nothing"),
        ({"currency": "XXX"}, "is not an ISO 4217 currency"),
    ],
)
def test_a_limit_that_cannot_be_kept_is_refused_in_words(client, changes, said):
    client.force_login(make_user("administrator"))
    before = list(ApprovalLimit.objects.order_by("pk").values())

    answer = client.post(
        "/team/limits/", {"kind": "write_off", "role": "lead", "limit": "5", "currency": "EUR"} | changes
    )

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert list(ApprovalLimit.objects.order_by("pk").values()) == before
