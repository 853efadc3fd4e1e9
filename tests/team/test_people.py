"""Accounts and roles: who gets them, who may not change them, what stays on the trail."""

from decimal import Decimal

import pytest

from core.errors import Invalid, Refused
from team import events, queries
from team.models import APIKey, ApprovalLimit, User
from team.operations import (
    add_person,
    deactivate_person,
    edit_person,
    reactivate_person,
    remove_limit,
    set_limit,
    set_roles,
)
from team.roles import ROLES
from tests.factories import NOW, make_user
from trail.models import Entry
from trail.queries import entries_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return make_user("administrator")


def test_a_person_is_added_with_roles_and_no_password(admin):
    user = add_person(email="Ada@Example.test", name="Ada", roles=["specialist"], actor=admin, now=NOW)

    assert queries.role_codes(user) == {"specialist"}
    assert not user.has_usable_password()
    assert entries_of(user).get().fact == events.PERSON_ADDED


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"email": "nonsense"}, "email"),
        ({"name": " "}, "name"),
        ({"roles": ["emperor"]}, "roles"),
        ({"password": "short"}, "password"),
        ({"password": "a long enough pass phrase", "is_machine": True}, "password"),
    ],
)
def test_an_account_that_cannot_be_right_is_not_made(admin, values, field):
    wanted = {"email": "bo@example.test", "name": "Bo", "roles": ["specialist"]} | values

    with pytest.raises(Invalid) as refusal:
        add_person(**wanted, actor=admin, now=NOW)

    assert refusal.value.field == field
    assert not User.objects.filter(name="Bo").exists()


def test_an_address_belongs_to_one_person_whatever_its_case(admin):
    add_person(email="ada@example.test", name="Ada", roles=[], actor=admin, now=NOW)

    with pytest.raises(Refused, match="already uses"):
        add_person(email="ADA@example.test", name="Ada Two", roles=[], actor=admin, now=NOW)


def test_roles_change_the_rights_at_once(admin):
    user = make_user("manager")
    assert not user.has_perm("invoices.issue_invoice")

    set_roles(user, roles=["specialist"], actor=admin, now=NOW)

    fresh = User.objects.get(pk=user.pk)
    assert fresh.has_perm("invoices.issue_invoice")
    assert entries_of(user).first().changes["roles"] == ["manager", "specialist"]


def test_nobody_changes_their_own_roles(admin):
    make_user("administrator")

    with pytest.raises(Refused, match="their own roles"):
        set_roles(admin, roles=["administrator", "director"], actor=admin, now=NOW)

    assert queries.role_codes(User.objects.get(pk=admin.pk)) == {"administrator"}
    assert not Entry.objects.filter(fact=events.ROLES_CHANGED).exists()


@pytest.mark.parametrize("act", [lambda u, a: set_roles(u, roles=[], actor=a, now=NOW),
                                 lambda u, a: deactivate_person(u, actor=a, now=NOW)])  # fmt: skip
def test_one_administrator_stays(act):
    only, other = make_user("administrator"), make_user("controller")

    with pytest.raises(Refused, match="last administrator"):
        act(only, other)

    assert User.objects.get(pk=only.pk).is_active


def test_deactivating_ends_sessions_and_keys(admin, client):
    user = make_user("controller")
    key = APIKey.objects.create(
        user=user,
        name="k",
        prefix="bo_1",
        key_hash="x",
        scopes=["a.b"],
        created_at=NOW,
        expires_at=NOW.replace(year=2027),
    )
    client.force_login(user)

    deactivate_person(user, actor=admin, now=NOW)

    assert client.get("/team/profile/").status_code == 302
    key.refresh_from_db()
    assert key.revoked_at == NOW
    reactivate_person(user, actor=admin, now=NOW)
    key.refresh_from_db()
    assert key.revoked_at == NOW


def test_an_edit_records_what_it_was_before(admin):
    user = make_user(name="Old")

    edit_person(user, name="New", language="de", actor=admin, now=NOW)

    assert entries_of(user).first().changes == {"name": ["Old", "New"], "language": ["en", "de"]}


def test_every_act_of_the_table_is_a_permission():
    unknown = [
        act
        for act, name in queries.named({a for r in ROLES for a in r.acts})
        if name == act.partition(".")[2]
    ]

    assert unknown == []


def test_the_default_limits_follow_the_table_of_four_eyes():
    lead = make_user("lead")

    assert [(row.role, row.limit) for row in queries.limits_for("write_off")] == [
        ("lead", 500), ("controller", 10000), ("director", None),
    ]  # fmt: skip
    assert queries.limit_of(lead, "credit_note") == (True, 5000)
    assert queries.limit_of(lead, "standard_invoice") == (True, 100000)
    assert queries.limit_of(make_user("collector"), "credit_note") == (False, None)


def test_a_currency_with_limits_of_its_own_uses_those_alone(admin):
    set_limit(kind="refund", role="lead", limit=Decimal(200000), currency="INR", actor=admin, now=NOW)

    assert [row.limit for row in queries.limits_for("refund", "INR")] == [200000]
    assert queries.limits_for("refund", "EUR")[0].limit == 2000


def test_somebody_can_always_approve_any_amount(admin):
    top = ApprovalLimit.objects.get(kind="refund", limit=None)

    with pytest.raises(Refused, match="any amount"):
        remove_limit(top, actor=admin, now=NOW)

    assert ApprovalLimit.objects.filter(pk=top.pk).exists()


def test_a_limit_is_not_negative(admin):
    with pytest.raises(Invalid):
        set_limit(kind="refund", role="lead", limit=Decimal(-1), actor=admin, now=NOW)
    assert not Entry.objects.filter(fact=events.LIMIT_CHANGED).exists()
