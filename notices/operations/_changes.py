"""Notices of change: proposed or written, submitted, approved by a second person."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from core import edits
from core.dates import in_words
from core.errors import Invalid, Refused
from core.money import exponent
from correspondence.operations import find_template
from customers.models import Segment
from entities.models import Entity
from notices import events
from notices.audience import audience, reached
from notices.models import ChangeNotice
from policies.models import Policy
from policies.queries import earliest_effective
from team.models import User
from trail.operations import record
from work import operations as work
from work.jobs import ask
from work.models import Approval
from work.queries import approvals_of

KIND = "change_notice"
State = ChangeNotice.State
_EDITABLE = ("title", "changes", "account_end", "effective_on", "segment", "currency", "policy")


class TooLate(Invalid):
    """The change would hold before customers had the notice they were promised."""


@transaction.atomic
def write_change(
    *,
    title: str,
    situation: str,
    entity: Entity,
    effective_on: date,
    actor: User,
    now: datetime,
    policy: Policy | None = None,
    changes: str = "",
    account_end: str = "",
    segment: Segment | None = None,
    currency: str = "",
) -> ChangeNotice:
    """A new draft of a notice of change."""
    notice = ChangeNotice(
        title=title.strip()[:160],
        situation=situation,
        entity=entity,
        policy=policy,
        changes=changes.strip(),
        account_end=account_end.strip(),
        effective_on=effective_on,
        segment=segment,
        currency=currency,
        author=actor,
        created_at=now,
    )
    _check(notice)
    _refuse_too_late(notice, now)
    notice.save(force_insert=True)
    record(events.CHANGE_PROPOSED, notice, actor=actor, at=now, situation=situation)
    return notice


@transaction.atomic
def edit_change(
    notice: ChangeNotice, values: Mapping[str, Any], *, actor: User, now: datetime
) -> ChangeNotice:
    """Change a draft. Whoever edits it is its author and does not approve it."""
    notice = _locked(notice, State.DRAFT)
    changes = edits.apply(notice, {name: values[name] for name in _EDITABLE if name in values})
    _check(notice)
    _refuse_too_late(notice, now)
    notice.author = actor
    notice.save()
    if changes:
        record(events.CHANGE_EDITED, notice, actor=actor, at=now, changes=changes)
    return notice


@transaction.atomic
def submit_change(notice: ChangeNotice, *, actor: User, now: datetime) -> ChangeNotice:
    """Ask a second person. Refused inside the notice period and where nobody is concerned."""
    notice = _locked(notice, State.DRAFT)
    _check(notice)
    if notice.situation == ChangeNotice.Situation.BANK:
        raise Refused(
            "Our mails tell customers that we never announce a new bank account by mail.",
            field="situation",
            rule="a_new_account_of_ours_is_not_announced_by_mail",
            mend="Drop this draft; the new account stands on the documents issued from its day.",
        )
    _refuse_too_late(notice, now)
    find_template(notice.situation, notice.entity.language, notice.entity, now=now)  # or refuses
    reach = list(reached(audience(notice)))
    if not reach:
        raise Refused(
            "No customer is concerned.", rule="a_notice_has_an_audience", mend="Widen whom it is for."
        )
    barred = [notice.author_id] if notice.author_id else []
    notice.author, notice.state = actor, State.WAITING
    notice.save(update_fields=["author", "state"])
    work.request_approval(
        notice,
        work.Question(
            kind=KIND,
            label=notice.title,
            path=notice.get_absolute_url(),
            snapshot=snapshot_of(notice),
            entity=notice.entity,
            barred=barred,
        ),
        actor=actor,
        now=now,
    )
    record(
        events.CHANGE_SUBMITTED,
        notice,
        actor=actor,
        at=now,
        customers=len(reach),
        unreached=sum(bool(one.why_not) for one in reach),
    )
    return notice


@transaction.atomic
def approve_change(notice: ChangeNotice, *, actor: User, now: datetime) -> ChangeNotice:
    """A second person agrees; a job sends it. What was changed since it was asked is not approved."""
    notice = _locked(notice, State.WAITING)
    _refuse_too_late(notice, now)
    approval = _question(notice)
    if approval.snapshot_hash != work.hash_of(snapshot_of(notice)):
        raise Refused("It differs from what was asked about.", rule="the_approved_state_is_sent")
    work.approve(approval, actor=actor, now=now)
    notice.state, notice.approver, notice.approved_at = State.APPROVED, actor, now
    notice.job = ask(
        KIND,
        title=notice.title,
        arguments={"notice": notice.pk},
        total=audience(notice).count(),
        actor=actor,
        now=now,
    )
    notice.save(update_fields=["state", "approver", "approved_at", "job"])
    record(events.CHANGE_APPROVED, notice, actor=actor, at=now)
    return notice


@transaction.atomic
def reject_change(notice: ChangeNotice, *, reason: str, actor: User, now: datetime) -> ChangeNotice:
    """Back to its author, with the reason."""
    notice = _locked(notice, State.WAITING)
    work.reject(_question(notice), actor=actor, now=now, reason=reason)
    notice.state = State.DRAFT
    notice.save(update_fields=["state"])
    record(events.CHANGE_REJECTED, notice, actor=actor, at=now, reason=reason)
    return notice


@transaction.atomic
def drop_change(notice: ChangeNotice, *, reason: str, actor: User, now: datetime) -> ChangeNotice:
    """A draft nobody needs to send, and why."""
    notice = _locked(notice, State.DRAFT)
    if not reason.strip():
        raise Invalid("Say why customers need not hear of it.", field="reason", rule="a_drop_has_a_reason")
    notice.state = State.DROPPED
    notice.save(update_fields=["state"])
    record(events.CHANGE_DROPPED, notice, actor=actor, at=now, reason=reason.strip()[:300])
    return notice


def snapshot_of(notice: ChangeNotice) -> dict[str, Any]:
    """What the second person agrees to."""
    return {
        "situation": notice.situation,
        "entity": notice.entity_id,
        "policy": notice.policy_id,
        "changes": notice.changes,
        "account_end": notice.account_end,
        "effective_on": notice.effective_on,
        "segment": notice.segment_id,
        "currency": notice.currency,
    }


def _question(notice: ChangeNotice) -> Approval:
    approval = approvals_of(notice).filter(state=Approval.State.PENDING).first()
    if approval is None:
        raise Refused("Nobody asks about this notice any more.", rule="a_question_is_answered_once")
    return approval


def _locked(notice: ChangeNotice, state: str) -> ChangeNotice:
    notice = (
        ChangeNotice.objects.select_for_update(of=("self",))
        .select_related("entity", "policy", "segment", "author")
        .get(pk=notice.pk)
    )
    if notice.state != state:
        raise Refused(
            f"“{notice.title}” is {notice.get_state_display().lower()}.",
            rule="a_notice_of_change_follows_its_states",
            mend="Reload the page to see where it stands.",
        )
    return notice


def _refuse_too_late(notice: ChangeNotice, now: datetime) -> None:
    """New bank details hold at once and are a warning; new terms need the notice the policy promises."""
    if notice.policy is None:
        return
    earliest = earliest_effective(notice.policy, now)
    if notice.effective_on < earliest:
        raise TooLate(
            f"{notice.policy.name} promises notice; what is sent now holds from {in_words(earliest)} at the "
            f"earliest, not from {in_words(notice.effective_on)}.",
            field="effective_on",
            rule="customers_get_the_notice_they_were_promised",
            mend=f"Choose {in_words(earliest)} or a later day, in the policy as well.",
        )


def _check(notice: ChangeNotice) -> None:
    if not notice.title:
        raise Invalid("Give it a title.", field="title", rule="a_notice_has_a_title")
    if notice.currency:
        exponent(notice.currency)  # refuses what is no currency
    if notice.situation == ChangeNotice.Situation.POLICY and (notice.policy is None or not notice.changes):
        raise Invalid(
            "Say which terms change, and how, in plain words.",
            field="changes",
            rule="a_notice_says_what_changes",
        )
    if notice.situation == ChangeNotice.Situation.BANK and not notice.account_end:
        raise Invalid(
            "Give the last characters of the new account.",
            field="account_end",
            rule="a_notice_says_what_changes",
        )
