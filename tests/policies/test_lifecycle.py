"""A policy version from draft to publication: who may do what, and what the database holds on its own."""

import hashlib
import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from core.errors import DomainError, Invalid, Refused, Stale
from policies import events, queries
from policies.models import Acknowledgement, Policy, PolicyVersion
from policies.operations import (
    acknowledge_version,
    approve_version,
    confirm_review,
    create_policy,
    discard_version,
    draft_version,
    edit_policy,
    edit_version,
    publish_version,
    return_version,
    submit_version,
)
from policies.starter import clauses as usual_clauses
from tests.factories import NOW, make_entity, make_user
from trail.models import Entry
from trail.queries import entries_of

TODAY = NOW.date()
EARLIEST = TODAY + timedelta(days=30)


@pytest.fixture
def people():
    return make_user("controller"), make_user("compliance_officer"), make_user("director")


def make_policy(author, **values: Any) -> PolicyVersion:
    wanted = {"code": "eu", "name": "Payment terms EU", "owner": author, "clauses": usual_clauses()} | values
    return create_policy(**wanted, actor=author, now=NOW).versions.get()


def published(author, approver, *, now=NOW, **values: Any) -> PolicyVersion:
    version = make_policy(author, **values)
    submit_version(version, actor=author, now=now)
    approve_version(version, actor=approver, now=now)
    return publish_version(version, actor=approver, now=now)


def next_version(policy: Policy, author, approver, *, terms="NET 14") -> PolicyVersion:
    version = draft_version(policy, actor=author, now=NOW)
    version = edit_version(
        version, clauses={**version.clauses, "terms": terms}, change_note="Shorter", actor=author, now=NOW
    )
    submit_version(version, actor=author, now=NOW)
    return approve_version(version, actor=approver, now=NOW)


@pytest.mark.django_db
class TestLifecycle:
    def test_two_persons_publish_and_the_text_gets_its_hash(self, people):
        author, approver, _ = people

        version = published(author, approver)

        assert version.status == "published"
        assert version.effective_from == EARLIEST
        assert version.review_due == date(2027, 12, 20)
        assert version.text_hash == hashlib.sha256(queries.canonical_text(version)).hexdigest()
        assert [entry.fact for entry in entries_of(version)] == [
            events.VERSION_PUBLISHED,
            events.VERSION_APPROVED,
            events.VERSION_SUBMITTED,
            events.VERSION_DRAFTED,
        ]

    def test_the_author_does_not_approve(self, people):
        author, _, _ = people
        version = submit_version(make_policy(author), actor=author, now=NOW)

        with pytest.raises(Refused, match="somebody else"):
            approve_version(version, actor=author, now=NOW)

        version.refresh_from_db()
        assert (version.status, version.approver) == ("review", None)
        assert not Entry.objects.filter(fact=events.VERSION_APPROVED).exists()

    def test_nobody_who_wrote_on_it_approves(self, people):
        author, editor, third = people
        version = make_policy(author)
        edit_version(version, clauses={**version.clauses, "terms": "NET 20"}, actor=editor, now=NOW)
        submit_version(version, actor=author, now=NOW)

        with pytest.raises(Refused, match="wrote on"):
            approve_version(version, actor=editor, now=NOW)
        assert approve_version(version, actor=third, now=NOW).approver == third

    def test_inside_the_notice_period_is_refused_with_the_earliest_day(self, people):
        author, approver, _ = people
        version = make_policy(author)
        submit_version(version, actor=author, now=NOW)
        approve_version(version, actor=approver, now=NOW)

        with pytest.raises(Refused) as refusal:
            publish_version(version, effective_from=EARLIEST - timedelta(days=1), actor=approver, now=NOW)

        assert "20 December 2026" in refusal.value.message
        assert refusal.value.rule == "policy_notice_is_kept"
        version.refresh_from_db()
        assert (version.status, version.text_hash) == ("approved", "")
        assert not Entry.objects.filter(fact=events.VERSION_PUBLISHED).exists()

    def test_notice_is_never_less_than_the_text_promised(self, people):
        author, approver, _ = people
        version = published(author, approver, clauses={**usual_clauses(), "notice_days": 60})
        edit_policy(version.policy, notice_days=5, actor=author, now=NOW)

        assert queries.earliest_effective(version.policy, NOW) == TODAY + timedelta(days=60)

    def test_the_next_version_ends_the_one_before_the_day_before(self, people):
        author, approver, _ = people
        first = published(author, approver)
        second = next_version(first.policy, author, approver)

        publish_version(second, effective_from=EARLIEST + timedelta(days=31), actor=approver, now=NOW)

        first.refresh_from_db()
        assert first.effective_to == EARLIEST + timedelta(days=30)
        policy = first.policy
        assert queries.version_in_force(policy, EARLIEST - timedelta(days=1)) is None
        assert queries.version_in_force(policy, EARLIEST + timedelta(days=30)) == first
        assert queries.version_in_force(policy, EARLIEST + timedelta(days=31)) == second
        assert queries.clauses_of(first).terms == "NET 30/F"
        assert queries.clauses_of(second).terms == "NET 14"

    def test_a_version_does_not_begin_before_one_already_announced(self, people):
        author, approver, _ = people
        first = published(author, approver)
        second = next_version(first.policy, author, approver)

        with pytest.raises(Refused, match="takes effect") as refusal:
            publish_version(second, effective_from=EARLIEST, actor=approver, now=NOW)

        assert refusal.value.mend == "Choose 2026-12-21 or later."

    def test_one_version_is_in_work_at_a_time(self, people):
        author, _, _ = people
        version = make_policy(author)

        with pytest.raises(Refused, match="in work"):
            draft_version(version.policy, actor=author, now=NOW)
        assert PolicyVersion.objects.count() == 1

    def test_clauses_the_engine_cannot_run_are_refused_with_every_fault(self, people):
        author, _, _ = people
        version = make_policy(author)

        with pytest.raises(Invalid) as refusal:
            edit_version(
                version,
                clauses={**version.clauses, "terms": "30 days end of month", "currency": "XXX"},
                actor=author,
                now=NOW,
            )

        assert {one["field"] for one in refusal.value.problems} == {"terms", "currency"}
        version.refresh_from_db()
        assert version.clauses["terms"] == "NET 30/F"
        assert not Entry.objects.filter(fact=events.VERSION_EDITED).exists()

    def test_an_older_form_is_stale(self, people):
        author, other, _ = people
        version = make_policy(author)
        edit_version(
            version, clauses={**version.clauses, "terms": "NET 20"}, actor=other, now=NOW, expected_version=1
        )

        with pytest.raises(Stale, match=str(other)):
            edit_version(
                version,
                clauses={**version.clauses, "terms": "NET 10"},
                actor=author,
                now=NOW,
                expected_version=1,
            )

        version.refresh_from_db()
        assert version.clauses["terms"] == "NET 20"

    def test_a_submitted_version_is_not_edited_until_it_comes_back(self, people):
        author, approver, _ = people
        version = submit_version(make_policy(author), actor=author, now=NOW)
        with pytest.raises(Refused, match="cannot be edited"):
            edit_version(version, clauses=version.clauses, actor=author, now=NOW)
        approve_version(version, actor=approver, now=NOW)
        with pytest.raises(Invalid):
            return_version(version, reason=" ", actor=approver, now=NOW)

        returned = return_version(version, reason="Too harsh", actor=approver, now=NOW)

        assert (returned.status, returned.approver) == ("draft", None)
        assert edit_version(returned, clauses={**version.clauses, "terms": "NET 45"}, actor=author, now=NOW)

    def test_a_new_version_says_what_changes(self, people):
        author, approver, _ = people
        version = draft_version(published(author, approver).policy, actor=author, now=NOW)

        with pytest.raises(Invalid, match="what changes"):
            submit_version(version, actor=author, now=NOW)

    def test_a_draft_may_be_discarded_a_published_text_may_not(self, people):
        author, approver, _ = people
        version = published(author, approver)
        with pytest.raises(Refused):
            discard_version(version, actor=author, now=NOW)
        draft = draft_version(version.policy, actor=author, now=NOW)

        discard_version(draft, actor=author, now=NOW)

        assert version.policy.versions.get() == version
        assert Entry.objects.get(fact=events.VERSION_DISCARDED).additional_data["clauses"]

    def test_reading_is_noted_once_with_the_hash(self, people):
        author, approver, third = people
        version = make_policy(author)
        with pytest.raises(Refused, match="published"):
            acknowledge_version(version, actor=third, now=NOW)
        submit_version(version, actor=author, now=NOW)
        approve_version(version, actor=approver, now=NOW)
        version = publish_version(version, actor=approver, now=NOW)

        acknowledge_version(version, actor=third, now=NOW)
        acknowledge_version(version, actor=third, now=NOW)

        assert Acknowledgement.objects.get().text_hash == version.text_hash
        assert Entry.objects.filter(fact=events.VERSION_ACKNOWLEDGED).count() == 1
        by_role = {group.role: group for group in queries.readers(version)}
        assert [user.pk for user in by_role["Finance director"].read] == [third.pk]
        assert [user.pk for user in by_role["Controller"].missing] == [author.pk]

    @pytest.mark.parametrize(("days", "state"), [(-31, ""), (-30, "soon"), (0, "soon"), (1, "overdue")])
    def test_a_review_warns_thirty_days_before(self, people, days, state):
        author, approver, _ = people
        version = published(author, approver)

        assert queries.review_state(version, version.review_due + timedelta(days=days)) == state

    def test_a_confirmed_review_sets_the_next_date(self, people):
        author, approver, _ = people
        version = published(author, approver)
        with pytest.raises(Invalid):
            confirm_review(version, note="", actor=approver, now=NOW)

        confirm_review(version, note="Compared with the law", actor=approver, now=NOW)

        version.refresh_from_db()
        assert version.review_due == date(2027, 11, 20)

    def test_a_company_has_one_default_policy(self, people):
        author, _, _ = people
        entity = make_entity()
        make_policy(author, default_for=entity)

        with pytest.raises(Refused, match="default of"):
            make_policy(author, code="two", default_for=entity)
        assert Policy.objects.count() == 1


@pytest.mark.django_db
class TestDatabase:
    """What holds against raw SQL too."""

    @pytest.mark.parametrize(
        "change",
        [
            "clauses = '{}'::jsonb",
            "text_hash = 'x'",
            "effective_from = effective_from - 1",
            "number = 9",
            "public_ref = 'other'",
            "status = 'draft'",
            "policy_id = policy_id + 1",
        ],
    )
    def test_a_published_text_is_frozen(self, people, change):
        version = published(*people[:2])

        with (
            pytest.raises(DatabaseError, match=r"[Cc]annot update"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE policies_policyversion SET {change} WHERE id = %s", [version.pk])

    def test_it_is_not_deleted(self, people):
        version = published(*people[:2])

        with (
            pytest.raises(DatabaseError, match=r"[Cc]annot delete"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("DELETE FROM policies_policyversion WHERE id = %s", [version.pk])

    def test_two_published_versions_do_not_overlap(self, people):
        version = published(*people[:2])

        with (
            pytest.raises(DatabaseError, match="do_not_overlap"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                """INSERT INTO policies_policyversion (policy_id, number, status, clauses, change_note,
                     effective_from, author_id, approver_id, published_at, text_hash, public_ref,
                     lock_version)
                   SELECT policy_id, 2, 'published', clauses, '', effective_from + 10, author_id, approver_id,
                     published_at, 'h', 'r2', 1 FROM policies_policyversion WHERE id = %s""",
                [version.pk],
            )

    def test_an_author_is_not_the_approver(self, people):
        version = make_policy(people[0])

        with (
            pytest.raises(DatabaseError, match="does_not_approve"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "UPDATE policies_policyversion SET approver_id = author_id WHERE id = %s", [version.pk]
            )


def _at_once(*acts: Any) -> list[object]:
    """Run the acts in threads that start together; each result is what came back or was refused."""
    results: list[object] = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(at: int) -> None:
        try:
            gate.wait(timeout=60)
            results[at] = acts[at]()
        except DomainError as refusal:
            results[at] = refusal
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return results


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_publish_the_same_version(self, people):
        author, approver, third = people
        version = make_policy(author)
        submit_version(version, actor=author, now=NOW)
        approve_version(version, actor=approver, now=NOW)

        results = _at_once(
            lambda: publish_version(version, actor=approver, now=NOW),
            lambda: publish_version(version, actor=third, now=NOW),
        )

        assert sorted(type(one).__name__ for one in results) == ["PolicyVersion", "Refused"]
        assert Entry.objects.filter(fact=events.VERSION_PUBLISHED).count() == 1

    def test_two_versions_for_the_same_day(self, people):
        author, approver, third = people
        first = make_policy(author)
        submit_version(first, actor=author, now=NOW)
        approve_version(first, actor=approver, now=NOW)
        # A second approved version, as only an import or an older release could leave one.
        second = PolicyVersion.objects.create(
            policy=first.policy, number=2, status="approved", clauses=first.clauses, author=author,
            approver=approver, approved_at=NOW, public_ref="second",
        )  # fmt: skip

        results = _at_once(
            lambda: publish_version(first, actor=third, now=NOW),
            lambda: publish_version(second, actor=third, now=NOW),
        )

        assert sorted(type(one).__name__ for one in results) == ["PolicyVersion", "Refused"]
        assert PolicyVersion.objects.filter(status="published").count() == 1

    def test_two_begin_the_next_version(self, people):
        author, approver, _ = people
        policy = published(author, approver).policy

        results = _at_once(
            lambda: draft_version(policy, actor=author, now=NOW),
            lambda: draft_version(policy, actor=approver, now=NOW),
        )

        assert sorted(type(one).__name__ for one in results) == ["PolicyVersion", "Refused"]
        assert policy.versions.count() == 2
