"""Changes of bank data, payment terms and credit limit: two persons, and a call back between them.

The usual fraud is a letter or mail with a new bank account and, at its foot, a new phone number. So the
numbers on file are written down when the change is asked for, and only one of those counts as called.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from core.errors import Invalid, Refused
from customers import events, rules
from customers.models import BankDetail, ChangeRequest, Customer
from customers.operations._common import locked, text
from customers.queries import bank_detail
from policies.models import Policy
from team.models import User
from trail.operations import record

KNOWN_NUMBERS = "known_numbers"


class ChangeRefused(Refused):
    """The change cannot take this step, or not by this person."""


@transaction.atomic
def request_change(
    customer: Customer,
    *,
    subject: str,
    proposed: Mapping[str, Any],
    reason: str,
    actor: User,
    now: datetime,
) -> ChangeRequest:
    """Ask for a change; nothing changes yet. `proposed`: see `rules.clean_change`.

    Refused while another change of the same subject waits, and when no phone number is on file to call.
    """
    customer = locked(customer)
    values = rules.clean_change(subject, proposed, currency=limit_currency(customer))
    reason = text(reason, "reason", "The reason", 300, required=True)
    if customer.change_requests.filter(subject=subject, state=ChangeRequest.State.PENDING).exists():
        raise ChangeRefused(
            "Another change of this waits already.",
            field="subject",
            rule="one_change_waits_per_subject",
            mend="Decide or withdraw that one first.",
        )
    _refuse_unknown_policy(values)
    before = current_values(customer, subject)
    if before == values:
        raise Invalid(
            "The proposed values are those that hold already.",
            field=next(iter(values)),
            rule="a_change_changes_something",
            mend="Enter what is to be different.",
        )
    numbers = _numbers_on_file(customer)
    change = ChangeRequest.objects.create(
        customer=customer,
        subject=subject,
        before=before | {KNOWN_NUMBERS: numbers},
        proposed=values,
        reason=reason,
        requested_by=actor,
        requested_at=now,
    )
    record(
        events.CHANGE_REQUESTED,
        change,
        actor=actor,
        at=now,
        customer_id=customer.pk,
        changes=_difference(subject, before, values),
        about=subject,
        reason=reason,
    )
    return change


@transaction.atomic
def record_call_back(
    change: ChangeRequest, *, person: str, number: str, actor: User, now: datetime
) -> ChangeRequest:
    """Somebody at the customer confirmed the change on the phone. `number` was on file before the request.

    Not recorded by the one who asked: a letter that deceived one person should meet a second one here.
    """
    change = _locked(change)
    _refuse_decided(change)
    person = text(person, "person", "Who confirmed it", 120, required=True)
    number = text(number, "number", "The number called", 40, required=True)
    if change.called_back_at is not None:
        raise ChangeRefused("The call back is recorded already.", rule="a_change_is_called_back_once")
    if actor.pk == change.requested_by_id:
        raise ChangeRefused(
            "The person who asked for the change does not call back.",
            rule="the_caller_is_another_person",
            mend="Ask a colleague to call.",
        )
    if change.subject == ChangeRequest.Subject.BANK:
        _refuse_unseen(actor)
    if not any(rules.same_number(number, known["phone"]) for known in change.before[KNOWN_NUMBERS]):
        raise ChangeRefused(
            f"{number} was not on file when the change was asked for.",
            field="number",
            rule="the_number_called_was_known_before",
            mend="Call a number the customer gave earlier, never one from the letter or mail itself.",
        )
    change.called_back_by, change.called_back_at = actor, now
    change.called_person, change.called_number = person, number
    change.save(update_fields=["called_back_by", "called_back_at", "called_person", "called_number"])
    record(
        events.CHANGE_CALLED_BACK,
        change,
        actor=actor,
        at=now,
        customer_id=change.customer_id,
        about=change.subject,
        person=person,
        number=number,
    )
    return change


@transaction.atomic
def approve_change(change: ChangeRequest, *, actor: User, now: datetime) -> ChangeRequest:
    """The second person agrees and the change takes effect. Nobody approves their own, whoever they are."""
    change = _locked(change)
    _refuse_decided(change)
    if not actor.has_perm("customers.approve_change"):
        raise ChangeRefused(
            "Approving such a change is not among your rights.", rule="approvers_have_the_right"
        )
    if actor.pk == change.requested_by_id:
        raise ChangeRefused(
            "You asked for this change yourself.",
            rule="nobody_approves_their_own_change",
            mend="Another person who may approve changes decides.",
        )
    if change.subject == ChangeRequest.Subject.BANK:
        _refuse_unseen(actor)
    if change.called_back_at is None:
        raise ChangeRefused(
            "Nobody has called the customer back yet.",
            rule="an_applied_change_was_called_back",
            mend="Call a number on file, and record who confirmed it.",
        )
    customer = change.customer
    before = {key: value for key, value in change.before.items() if key != KNOWN_NUMBERS}
    if current_values(customer, change.subject) != before:
        raise ChangeRefused(
            "What was to be changed is no longer what it was when the change was asked for.",
            rule="a_change_starts_from_what_holds",
            mend="Reject it and ask again.",
        )
    _apply(customer, change, now)
    _decide(change, ChangeRequest.State.APPLIED, actor, now)
    record(
        events.CHANGE_APPLIED,
        change,
        actor=actor,
        at=now,
        customer_id=customer.pk,
        changes=_difference(change.subject, before, change.proposed),
        about=change.subject,
        requested_by=str(change.requested_by),
    )
    return change


@transaction.atomic
def reject_change(change: ChangeRequest, *, reason: str, actor: User, now: datetime) -> ChangeRequest:
    """It will not happen. The one who asked can withdraw it the same way."""
    change = _locked(change)
    _refuse_decided(change)
    reason = text(reason, "reason", "The reason", 300, required=True)
    own = actor.pk == change.requested_by_id
    if not own and not actor.has_perm("customers.approve_change"):
        raise ChangeRefused(
            "Rejecting such a change is not among your rights.", rule="approvers_have_the_right"
        )
    _decide(change, ChangeRequest.State.REJECTED, None if own else actor, now)
    record(
        events.CHANGE_REJECTED,
        change,
        actor=actor,
        at=now,
        customer_id=change.customer_id,
        about=change.subject,
        reason=reason,
        withdrawn=own,
    )
    return change


def current_values(customer: Customer, subject: str) -> dict[str, Any]:
    """What holds now of the values a change of this subject proposes, in the same form."""
    if subject == ChangeRequest.Subject.BANK:
        bank = bank_detail(customer)
        return {name: getattr(bank, name) if bank else "" for name in rules.BANK_FIELDS}
    if subject == ChangeRequest.Subject.TERMS:
        return {"terms_override": customer.terms_override, "payment_policy": customer.payment_policy_id}
    limit = None if customer.credit_limit is None else str(customer.credit_limit)
    return rules.clean_change("credit_limit", {"credit_limit": limit}, currency=limit_currency(customer))


def limit_currency(customer: Customer) -> str:
    """The currency of the customer's credit limit: its own, else its segment's, else its company's."""
    segment = customer.segment.currency if customer.segment else ""
    return customer.currency or segment or customer.entity.functional_currency


def _apply(customer: Customer, change: ChangeRequest, now: datetime) -> None:
    values = change.proposed
    if change.subject == ChangeRequest.Subject.BANK:
        customer.bank_details.filter(is_active=True).update(is_active=False)
        BankDetail.objects.create(customer=customer, since=now, **values)
    elif change.subject == ChangeRequest.Subject.TERMS:
        customer.terms_override = values["terms_override"]
        customer.payment_policy_id = values["payment_policy"]
    else:
        limit = values["credit_limit"]
        customer.credit_limit = None if limit is None else Decimal(limit)
    customer.lock_version += 1
    customer.save(update_fields=["terms_override", "payment_policy", "credit_limit", "lock_version"])


def _decide(change: ChangeRequest, state: str, actor: User | None, now: datetime) -> None:
    change.state, change.decided_by, change.decided_at = state, actor, now
    change.save(update_fields=["state", "decided_by", "decided_at"])


def _locked(change: ChangeRequest) -> ChangeRequest:
    """Customer first, then the change: the order of every other write."""
    customer = locked(change.customer)
    change = (
        ChangeRequest.objects.select_for_update(of=("self",)).select_related("requested_by").get(pk=change.pk)
    )
    change.customer = customer
    return change


def _refuse_decided(change: ChangeRequest) -> None:
    if not rules.CHANGE_NEXT[change.state]:
        raise ChangeRefused(
            f"The change was {change.get_state_display().lower()} already.", rule="a_change_is_decided_once"
        )


def _refuse_unseen(actor: User) -> None:
    if not actor.has_perm("customers.view_bank_data"):
        raise ChangeRefused(
            "You see bank data masked, so you cannot compare them with the customer.",
            rule="who_confirms_bank_data_sees_them",
            mend="Somebody with the right to see bank data calls and approves.",
        )


def _refuse_unknown_policy(values: Mapping[str, Any]) -> None:
    policy = values.get("payment_policy")
    if policy is not None and not Policy.objects.filter(pk=policy).exists():
        raise Invalid(
            "There is no such payment policy.",
            field="payment_policy",
            rule="payment_policy_exists",
            mend="Choose one from the list.",
        )


def _numbers_on_file(customer: Customer) -> list[dict[str, Any]]:
    contacts = customer.contacts.filter(is_active=True).exclude(phone="").order_by("pk")
    numbers = [{"contact": one.pk, "name": one.name, "phone": one.phone} for one in contacts]
    if not numbers:
        raise ChangeRefused(
            "No phone number of the customer is on file, so nobody could call back.",
            rule="a_change_can_be_called_back",
            mend="First add a contact with a number from the contract or an earlier letter.",
        )
    return numbers


def _difference(
    subject: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """For the trail, which more people read than may see bank data."""
    if subject == ChangeRequest.Subject.BANK:
        hidden_before, hidden_after = rules.masked_bank(before), rules.masked_bank(after)
    else:
        hidden_before, hidden_after = dict(before), dict(after)
    return {name: (hidden_before[name], hidden_after[name]) for name in after if before[name] != after[name]}
