"""Writing policies: draft, review, approval by a second person, publication, confirmation by readers."""

import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from core import edits
from core.dates import add_months, in_words
from core.errors import Invalid, Refused
from entities.models import Entity
from policies import events, queries, rules
from policies.models import Acknowledgement, Policy, PolicyVersion
from team.models import User
from trail.operations import record
from trail.queries import check_version

Status = PolicyVersion.Status
_POLICY_FIELDS = ("name", "owner", "default_for", "notice_days", "review_months")


@transaction.atomic
def create_policy(
    *,
    code: str,
    name: str,
    owner: User,
    clauses: Mapping[str, Any],
    actor: User,
    now: datetime,
    notice_days: int = 30,
    review_months: int = 12,
    default_for: Entity | None = None,
) -> Policy:
    """A new policy with its first version as a draft of `actor`."""
    code = code.strip().lower()
    if not code or not name.strip():
        raise Invalid("A policy has a code and a name.", field="name", rule="a_policy_is_named")
    if Policy.objects.filter(code=code).exists():
        raise Refused(f"There is a policy {code} already.", field="code", rule="a_policy_code_is_used_once")
    _check_default(default_for, None)
    policy = Policy.objects.create(
        code=code,
        name=name.strip(),
        owner=owner,
        default_for=default_for,
        notice_days=notice_days,
        review_months=review_months,
    )
    record(events.POLICY_ADDED, policy, actor=actor, at=now, code=code)
    _add_version(policy, number=1, clauses=_checked(clauses), actor=actor, now=now)
    return policy


@transaction.atomic
def edit_policy(policy: Policy, *, actor: User, now: datetime, **values: Any) -> Policy:
    """Change name, owner, notice period or review interval. The texts of the versions stay as they are."""
    policy = Policy.objects.select_for_update().get(pk=policy.pk)
    changes = edits.apply(policy, {name: value for name, value in values.items() if name in _POLICY_FIELDS})
    if "default_for" in changes:
        _check_default(policy.default_for, policy)
    if changes:
        policy.save(update_fields=list(changes))
        record(events.POLICY_EDITED, policy, actor=actor, at=now, changes=changes)
    return policy


@transaction.atomic
def draft_version(policy: Policy, *, actor: User, now: datetime) -> PolicyVersion:
    """Begin the next version as a copy of the newest. One version is in work at a time."""
    policy = Policy.objects.select_for_update().get(pk=policy.pk)
    newest = policy.versions.order_by("-number").first()
    if newest is not None and newest.status in queries.IN_WORK:
        raise Refused(
            f"Version {newest.number} is in work already, by {newest.author}.",
            rule="one_version_is_in_work",
            mend="Finish or discard it first.",
        )
    clauses = newest.clauses if newest is not None else {}
    number = newest.number + 1 if newest is not None else 1
    return _add_version(policy, number=number, clauses=clauses, actor=actor, now=now)


@transaction.atomic
def edit_version(
    version: PolicyVersion,
    *,
    clauses: Mapping[str, Any],
    actor: User,
    now: datetime,
    change_note: str = "",
    effective_from: date | None = None,
    expected_version: int | None = None,
) -> PolicyVersion:
    """Write on a draft. `Invalid` lists every clause that cannot be executed; then nothing is saved."""
    version = _locked(version)
    check_version(version, expected_version, fields=("clauses", "change_note", "effective_from"))
    _require(version, Status.DRAFT, "edited")
    values = {
        "clauses": _checked(clauses),
        "change_note": change_note.strip(),
        "effective_from": effective_from,
    }
    changes = edits.apply(version, values)
    if changes:
        version.lock_version += 1
        version.save(update_fields=[*changes, "lock_version"])
        record(events.VERSION_EDITED, version, actor=actor, at=now, changes=changes)
    return version


@transaction.atomic
def submit_version(version: PolicyVersion, *, actor: User, now: datetime) -> PolicyVersion:
    """Ask a second person to look at the draft. From here it does not change until it comes back."""
    version = _locked(version)
    _require(version, Status.DRAFT, "submitted")
    _checked(version.clauses)
    if version.number > 1 and not version.change_note:
        raise Invalid(
            "Say in a sentence what changes and why.",
            field="change_note",
            rule="a_new_version_says_what_changes",
            mend="Customers and colleagues read it beside the text.",
        )
    return _move(version, Status.REVIEW, events.VERSION_SUBMITTED, actor=actor, now=now)


@transaction.atomic
def return_version(version: PolicyVersion, *, reason: str, actor: User, now: datetime) -> PolicyVersion:
    """Send a version back to its author. An approval it had is void."""
    version = _locked(version)
    _require(version, (Status.REVIEW, Status.APPROVED), "returned")
    if not reason.strip():
        raise Invalid("Say what should change.", field="reason", rule="a_return_has_a_reason")
    version.approver, version.approved_at = None, None
    version.save(update_fields=["approver", "approved_at"])
    return _move(version, Status.DRAFT, events.VERSION_RETURNED, actor=actor, now=now, reason=reason.strip())


@transaction.atomic
def approve_version(version: PolicyVersion, *, actor: User, now: datetime) -> PolicyVersion:
    """The second signature. Nobody who wrote on the version gives it."""
    version = _locked(version)
    _require(version, Status.REVIEW, "approved")
    if actor.pk in queries.writers_of(version):
        raise Refused(
            "You wrote on this version, so somebody else approves it.",
            rule="an_author_does_not_approve_their_own_policy",
            mend="Ask another person with the right to approve policies.",
        )
    version.approver, version.approved_at = actor, now
    version.save(update_fields=["approver", "approved_at"])
    return _move(version, Status.APPROVED, events.VERSION_APPROVED, actor=actor, now=now)


@transaction.atomic
def publish_version(
    version: PolicyVersion, *, actor: User, now: datetime, effective_from: date | None = None
) -> PolicyVersion:
    """Put an approved version in force from a day on; the one before it ends the day before.

    The day defaults to the version's own, else to the earliest the notice period allows; an earlier one is
    refused. From here the text is frozen, with its hash, and its page is public.
    """
    version = _locked(version)
    policy = version.policy
    _require(version, Status.APPROVED, "published")
    earliest = queries.earliest_effective(policy, now)
    begins = effective_from or version.effective_from or earliest
    if begins < earliest:
        raise Refused(
            f"With {queries.notice_of(policy)} days of notice the earliest day is {in_words(earliest)}.",
            field="effective_from",
            rule="policy_notice_is_kept",
            mend=f"Choose {earliest.isoformat()} or later.",
        )
    _end_previous(version, begins)
    version.status, version.effective_from = Status.PUBLISHED, begins
    version.published_by, version.published_at = actor, now
    version.review_due = add_months(begins, policy.review_months)
    version.text_hash = queries.text_hash(version)
    version.lock_version += 1
    try:
        with transaction.atomic():
            version.save()
    except IntegrityError as fault:
        raise Refused(
            "Another version is in force in those days.",
            field="effective_from",
            rule="published_policy_versions_do_not_overlap",
            mend="Choose a later day.",
        ) from fault
    record(
        events.VERSION_PUBLISHED,
        version,
        actor=actor,
        at=now,
        changes={"status": (Status.APPROVED.value, Status.PUBLISHED.value)},
        effective_from=begins,
        text_hash=version.text_hash,
        author=str(version.author),
        approver=str(version.approver),
    )
    return version


@transaction.atomic
def discard_version(version: PolicyVersion, *, actor: User, now: datetime) -> None:
    """Drop a version that was never published. The trail keeps what it said."""
    version = _locked(version)
    _require(version, queries.IN_WORK, "discarded")
    record(events.VERSION_DISCARDED, version, actor=actor, at=now, clauses=version.clauses)
    version.delete()


@transaction.atomic
def confirm_review(version: PolicyVersion, *, note: str, actor: User, now: datetime) -> PolicyVersion:
    """The periodic look found the text still right: the next one is due after the review interval."""
    version = _locked(version)
    _require(version, Status.PUBLISHED, "reviewed")
    if not note.strip():
        raise Invalid("Say what you looked at.", field="note", rule="a_review_has_a_result")
    due = add_months(queries.local_day(version.policy, now), version.policy.review_months)
    changes = {"review_due": (version.review_due, due)}
    version.review_due = due
    version.save(update_fields=["review_due"])
    record(events.VERSION_REVIEWED, version, actor=actor, at=now, changes=changes, note=note.strip())
    return version


@transaction.atomic
def acknowledge_version(version: PolicyVersion, *, actor: User, now: datetime) -> Acknowledgement:
    """The person has read and understood exactly this text. A second time gives the first answer again."""
    version = PolicyVersion.objects.select_for_update().get(pk=version.pk)
    if version.status not in queries.PUBLISHED:
        raise Refused("Only a published text is confirmed.", rule="a_draft_is_not_acknowledged")
    found, made = Acknowledgement.objects.get_or_create(
        version=version, user=actor, defaults={"at": now, "text_hash": version.text_hash}
    )
    if made:
        record(events.VERSION_ACKNOWLEDGED, version, actor=actor, at=now, text_hash=version.text_hash)
    return found


def _add_version(
    policy: Policy, *, number: int, clauses: Mapping[str, Any], actor: User, now: datetime
) -> PolicyVersion:
    version = PolicyVersion.objects.create(
        policy=policy, number=number, clauses=clauses, author=actor, public_ref=secrets.token_hex(12)
    )
    record(events.VERSION_DRAFTED, version, actor=actor, at=now, number=number)
    return version


def _locked(version: PolicyVersion) -> PolicyVersion:
    """The version with its policy locked first, so that all writers on one policy queue up."""
    policy = Policy.objects.select_for_update(of=("self",)).get(pk=version.policy_id)
    locked = (
        PolicyVersion.objects.select_for_update(of=("self",))
        .select_related("author", "approver")
        .get(pk=version.pk)
    )
    locked.policy = policy
    return locked


def _require(version: PolicyVersion, wanted: str | tuple[str, ...], act: str) -> None:
    """Refuse an act the version's state does not allow, saying the state."""
    allowed = (wanted,) if isinstance(wanted, str) else wanted
    if version.status not in allowed:
        raise Refused(
            f"Version {version.number} is {version.get_status_display().lower()} and cannot be {act}.",
            rule="a_policy_moves_step_by_step",
            mend="Begin a new version." if version.status in queries.PUBLISHED else "",
        )


def _move(
    version: PolicyVersion, to: Status, fact: str, *, actor: User, now: datetime, **payload: Any
) -> PolicyVersion:
    before, version.status = version.status, to
    version.lock_version += 1
    version.save(update_fields=["status", "lock_version"])
    record(fact, version, actor=actor, at=now, changes={"status": (before, to.value)}, **payload)
    return version


def _end_previous(version: PolicyVersion, begins: date) -> None:
    """The version before ends the day before. One that begins as late or later is in the way."""
    rows = PolicyVersion.objects.select_for_update().filter(
        policy_id=version.policy_id, status__in=queries.PUBLISHED
    )
    later = rows.filter(effective_from__gte=begins).order_by("-effective_from").first()
    if later is not None and later.effective_from is not None:
        after = later.effective_from + timedelta(days=1)
        raise Refused(
            f"Version {later.number} takes effect on {in_words(later.effective_from)} already.",
            field="effective_from",
            rule="published_policy_versions_do_not_overlap",
            mend=f"Choose {after.isoformat()} or later.",
        )
    for previous in rows.filter(effective_to=None).order_by("pk"):
        previous.effective_to = begins - timedelta(days=1)
        previous.status = Status.SUPERSEDED
        previous.save(update_fields=["effective_to", "status"])


def _checked(clauses: Mapping[str, Any]) -> dict[str, Any]:
    """The clauses as they are stored. Whatever the engine could not execute is `Invalid`."""
    return rules.to_json(rules.from_json(clauses))


def _check_default(entity: Entity | None, policy: Policy | None) -> None:
    if entity is None:
        return
    other = Policy.objects.filter(default_for=entity).exclude(pk=policy.pk if policy else 0).first()
    if other is not None:
        raise Refused(
            f"“{other}” is the default of {entity} already.",
            field="default_for",
            rule="an_entity_has_one_default_policy",
            mend="Take it away there first.",
        )
