"""API keys: shown once, scoped, expiring, never more than their account."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from core.errors import Invalid, Refused
from team import events
from team.models import APIKey
from team.operations import authenticate_key, create_key, deactivate_person, revoke_key
from team.queries import key_allows
from team.roles import DECIDING_ACTS
from tests.factories import NOW, make_user
from trail.models import Entry

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(days=30)


def make_key(user, **values):
    wanted = {"name": "Shop", "scopes": ["invoices.view_invoice"], "expires_at": SOON} | values
    return create_key(user, actor=None, now=NOW, **wanted)


def test_the_text_is_returned_once_and_kept_as_a_hash():
    user = make_user("specialist")

    key, raw = make_key(user)

    assert raw.startswith(key.prefix)
    assert raw not in str(APIKey.objects.values_list().get())
    assert raw not in str(Entry.objects.get(fact=events.KEY_CREATED).additional_data)
    assert authenticate_key(raw, now=NOW) == key


@pytest.mark.parametrize(
    "values",
    [
        {"scopes": []},
        {"scopes": ["team.manage_people"]},
        {"name": " "},
        {"expires_at": NOW},
        {"expires_at": NOW + timedelta(days=400)},
    ],
)
def test_a_key_beyond_its_account_is_not_made(values):
    with pytest.raises(Invalid):
        make_key(make_user("specialist"), **values)
    assert not APIKey.objects.exists()
    assert not Entry.objects.filter(fact=events.KEY_CREATED).exists()


@pytest.mark.parametrize("spoil", ["", "bo_", "nonsense", "bo_00000000_abc"])
def test_another_text_opens_nothing(spoil):
    make_key(make_user("specialist"))
    assert authenticate_key(spoil, now=NOW) is None


def test_every_flipped_character_is_refused():
    _, raw = make_key(make_user("specialist"))
    for at, sign in enumerate(raw):
        other = raw[:at] + ("x" if sign != "x" else "y") + raw[at + 1 :]
        assert authenticate_key(other, now=NOW) is None


def test_a_key_ends_by_time_revocation_and_its_account():
    admin, user = make_user("administrator"), make_user("specialist")
    key, raw = make_key(user)
    assert authenticate_key(raw, now=SOON) is None

    second, other = make_key(user, name="Second")
    revoke_key(second, actor=admin, now=NOW)
    assert authenticate_key(other, now=NOW) is None
    with pytest.raises(Refused):
        revoke_key(second, actor=admin, now=NOW)

    deactivate_person(user, actor=admin, now=NOW)
    assert authenticate_key(raw, now=NOW) is None
    key.refresh_from_db()
    assert not key_allows(key, "invoices.view_invoice")


def test_a_scope_lapses_with_the_role():
    user = make_user("specialist")
    key, raw = make_key(user, scopes=["invoices.issue_invoice"])
    assert key_allows(key, "invoices.issue_invoice")
    assert not key_allows(key, "invoices.view_invoice")

    user.groups.clear()

    found = authenticate_key(raw, now=NOW)
    assert found is not None
    assert not key_allows(found, "invoices.issue_invoice")


def test_the_command_prints_the_key_alone():
    make_user("specialist", email="shop@example.test")
    out, err = io.StringIO(), io.StringIO()

    call_command("create_api_key", "shop@example.test", "Shop", stdout=out, stderr=err)

    assert len(out.getvalue().split()) == 1
    assert authenticate_key(out.getvalue().strip(), now=APIKey.objects.get().created_at)
    with pytest.raises(CommandError, match="Nobody"):
        call_command("create_api_key", "nobody@example.test", "x")


@pytest.mark.parametrize("act", ["work.decide_approval", "customers.approve_change"])
@pytest.mark.parametrize("is_own", [True, False])
def test_a_person_makes_no_key_that_decides(act, is_own):
    account = make_user("lead")
    actor = account if is_own else make_user("administrator")

    with pytest.raises(Refused) as refusal:
        create_key(account, name="Shop", scopes=[act], expires_at=SOON, actor=actor, now=NOW)

    assert refusal.value.rule == "a_key_is_no_second_person"
    assert not APIKey.objects.exists()
    assert not Entry.objects.filter(fact=events.KEY_CREATED).exists()


def test_the_operator_makes_a_key_that_decides_and_an_older_one_of_a_person_does_not():
    account = make_user("lead")
    key, _ = make_key(account, scopes=["work.decide_approval"])
    assert key_allows(key, "work.decide_approval")

    key.created_by = make_user("administrator")

    assert not key_allows(key, "work.decide_approval")


def test_deciding_acts_are_those_of_a_second_person():
    assert set(DECIDING_ACTS) == {
        "work.decide_approval",
        "customers.approve_change",
        "policies.approve_policy",
        "policies.publish_policy",
        "correspondence.approve_template",
        "ledger.reopen_period",
        "feedback.publish_improvement",
    }
