"""Four eyes: limits are inclusive, splitting does not help, nobody approves their own."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from work.rules import POLICIES, ROLES, UNRESOLVED, Level, Worker, approver, assign, policy_for

LEVELS = POLICIES["credit_note"].levels
USERS = [("ann", "specialist"), ("bob", "lead"), ("cid", "lead"), ("dee", "controller"), ("eva", "director")]
amounts = st.integers(min_value=-(10**9), max_value=10**9).map(lambda units: Decimal(units).scaleb(-2))
people = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(ROLES)), max_size=8, unique_by=lambda u: u[0]
)


@given(amounts, amounts, people, st.sampled_from("abcdefgh"), st.sampled_from(sorted(POLICIES)))
def test_who_approves_may_and_did_not_write_it(amount, already, users, creator, document):
    policy = policy_for(document)
    found = approver(
        amount=amount,
        creator=creator,
        levels=policy.levels,
        users=users,
        auto_limit=policy.auto,
        already_today=already,
        persons=policy.persons,
    )
    roles = dict(users)
    limits = {level.role: level.limit for level in policy.levels}

    assert creator not in found.eligible
    for user in found.eligible:
        limit = limits[roles[user]]
        assert limit is None or abs(amount) + abs(already) <= limit
    assert (found.needs in ("auto", UNRESOLVED)) == (not found.eligible)
    assert found.needs in ("auto", UNRESOLVED) or len(found.eligible) >= policy.persons


def ask(amount, **more):
    return approver(amount=Decimal(amount), levels=LEVELS, users=USERS, **({"creator": "zoe"} | more))


def test_limits_are_inclusive_and_absolute():
    assert ask("500.00").needs == "specialist"
    assert ask("-500.01").needs == "lead"
    assert ask("50000.01").needs == "director"


def test_what_was_approved_for_the_customer_today_counts():
    assert ask("300", already_today=Decimal(300)).needs == "lead"


def test_the_creator_and_the_last_editor_never_approve():
    assert ask("1000", creator="bob").eligible == ("cid",)
    assert ask("1000", creator="bob", editors=["cid"]).needs == "controller"
    assert (
        approver(amount=Decimal(1), creator="a", levels=LEVELS, users=[("a", "director")]).needs == UNRESOLVED
    )


def test_small_amounts_may_need_nobody_but_only_where_a_limit_says_so():
    invoice = policy_for("standard_invoice")
    asked = {"creator": None, "users": USERS, "levels": invoice.levels}

    assert approver(amount=Decimal("10000.00"), auto_limit=invoice.auto, **asked).needs == "auto"
    assert approver(amount=Decimal("10000.01"), auto_limit=invoice.auto, **asked).needs == "specialist"
    assert approver(amount=Decimal("0.01"), **asked).needs == "specialist"


def test_two_persons_are_sought_upwards():
    levels = (Level("lead", Decimal(2000)), Level("controller", None))
    users = [("bob", "lead"), ("dee", "controller")]

    found = approver(amount=Decimal(10), creator="zoe", levels=levels, users=users, persons=2)
    assert (found.needs, found.eligible) == ("lead", ("bob", "dee"))
    assert (
        approver(amount=Decimal(10), creator="bob", levels=levels, users=users, persons=2).needs == UNRESOLVED
    )


def test_a_kind_nobody_thought_of_is_refused():
    with pytest.raises(Invalid):
        policy_for("poem")


@given(
    st.lists(st.integers(min_value=0, max_value=50), min_size=1, max_size=6),
    st.integers(min_value=1, max_value=20),
)
def test_nobody_is_given_more_than_fits(loads, effort):
    workers = [Worker(f"{n}", {"vat": n % 4}, Decimal(load), Decimal(40)) for n, load in enumerate(loads)]
    found = assign({"vat": 2}, Decimal(effort), workers)
    fits = [w for w in workers if w.skills["vat"] >= 2 and w.load + effort <= 40]

    assert (found.assignee is None) == (not fits) == (found.queue == "unassigned")
    if fits:
        chosen = next(w for w in workers if w.id == found.assignee)
        assert chosen.load == min(w.load for w in fits)
    assert set(found.skipped) | {found.assignee} >= {w.id for w in workers}


def test_the_owner_comes_first_and_the_others_are_told_why():
    workers = [
        Worker("a", {}, Decimal(30), Decimal(40)),
        Worker("b", {}, Decimal(1), Decimal(40)),
        Worker("c", {}, Decimal(0), Decimal(40), absent=True),
    ]

    assert assign({}, Decimal(1), workers).assignee == "b"
    found = assign({}, Decimal(1), workers, owner="a")
    assert (found.assignee, found.skipped) == ("a", {"b": "has less room", "c": "absent"})
