"""Bank accounts: proposed by one person, checked with the bank and put in force by another."""

import re
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from core.errors import Invalid, Refused
from core.money import exponent
from entities import events, queries, rules
from entities.models import BankAccount, BankChange, Entity
from team.models import User
from trail.operations import record

BANK_FIELDS = ("holder", "bank_name", "iban", "bic", "account_number", "routing", "upi_id")


@transaction.atomic
def request_bank_change(
    entity: Entity, *, currency: str, proposed: Mapping[str, str], reason: str, actor: User, now: datetime
) -> BankChange:
    """Propose the account customers pay into. Nothing changes until a second person applies it."""
    entity = Entity.objects.select_for_update().get(pk=entity.pk)
    exponent(currency)
    details = _checked_bank(proposed)
    if not reason.strip():
        raise Invalid("Say why the account changes.", field="reason", rule="a_bank_change_has_a_reason")
    if queries.waiting_bank_changes(entity).filter(currency=currency).exists():
        raise Refused(
            f"A change of the {currency} account waits already.",
            field="currency",
            rule="one_bank_change_waits_per_entity_and_currency",
            mend="Decide on that one first.",
        )
    change = BankChange.objects.create(
        entity=entity,
        currency=currency,
        proposed=details,
        reason=reason.strip(),
        requested_by=actor,
        requested_at=now,
    )
    record(events.BANK_CHANGE_REQUESTED, change, actor=actor, at=now, currency=currency, reason=change.reason)
    return change


@transaction.atomic
def apply_bank_change(change: BankChange, *, checked_with: str, actor: User, now: datetime) -> BankAccount:
    """A second person checked the details with the bank and puts them in force; the old account stays.

    `checked_with` says who at the bank confirmed them and how, on a number known before.
    """
    entity = Entity.objects.select_for_update().get(pk=change.entity_id)
    change = _locked_change(change, actor)
    if not checked_with.strip():
        raise Invalid(
            "Say who at the bank confirmed the details.",
            field="checked_with",
            rule="an_applied_bank_change_was_checked_with_the_bank",
            mend="Call the bank on the number you already had.",
        )
    # Checked again: the rules of the day it takes effect count.
    details = _checked_bank(change.proposed)
    before = queries.bank_account(entity, change.currency)
    if before is not None:
        before.is_active = False
        before.save(update_fields=["is_active"])
    account = BankAccount.objects.create(
        entity=entity, currency=change.currency, since=queries.local_day(entity, now), **details
    )
    change.state, change.decided_by, change.decided_at = BankChange.State.APPLIED, actor, now
    change.checked_with = checked_with.strip()
    change.save(update_fields=["state", "decided_by", "decided_at", "checked_with"])
    changes = {"account": (str(before or "none"), str(account))}
    record(
        events.BANK_CHANGE_APPLIED,
        change,
        actor=actor,
        at=now,
        changes=changes,
        checked_with=change.checked_with,
        requested_by=change.requested_by.email,
    )
    return account


@transaction.atomic
def reject_bank_change(change: BankChange, *, reason: str, actor: User, now: datetime) -> BankChange:
    """The proposal ends without effect. The person who made it may withdraw it through another."""
    change = _locked_change(change, actor)
    if not reason.strip():
        raise Invalid("Say why it is rejected.", field="reason", rule="a_rejection_has_a_reason")
    change.state, change.decided_by, change.decided_at = BankChange.State.REJECTED, actor, now
    change.decision_reason = reason.strip()
    change.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])
    record(events.BANK_CHANGE_REJECTED, change, actor=actor, at=now, reason=change.decision_reason)
    return change


def _checked_bank(proposed: Mapping[str, str]) -> dict[str, str]:
    """Bank details as they are stored: IBAN without spaces and checked, the rest trimmed."""
    details = {name: str(proposed.get(name, "")).strip() for name in BANK_FIELDS}
    for name in ("holder", "bank_name"):
        if not details[name]:
            raise Invalid(
                f"The {name.replace('_', ' ')} is missing.", field=name, rule="a_bank_account_is_named"
            )
    if not details["iban"] and not details["account_number"]:
        raise Invalid("Give an IBAN or an account number.", field="iban", rule="a_bank_account_has_a_number")
    if details["iban"]:
        checked = rules.iban(details["iban"])
        if not checked.valid:
            raise Invalid(checked.message, field="iban", rule="iban_is_well_formed", mend=checked.mend)
        details["iban"] = checked.number
    elif not details["routing"]:
        raise Invalid(
            "An account number needs its routing number.",
            field="routing",
            rule="a_bank_account_can_be_reached",
            mend="IFSC in India, ABA in the US, sort code in the UK.",
        )
    details["bic"] = details["bic"].replace(" ", "").upper()
    if details["bic"] and not re.fullmatch(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", details["bic"]):
        raise Invalid("A BIC has 8 or 11 letters and digits.", field="bic", rule="bic_is_well_formed")
    if details["upi_id"] and not re.fullmatch(r"[\w.\-]{2,60}@[A-Za-z][\w.]{1,18}", details["upi_id"]):
        raise Invalid("A UPI id looks like name@bank.", field="upi_id", rule="upi_id_is_well_formed")
    return details


def _locked_change(change: BankChange, actor: User) -> BankChange:
    change = (
        BankChange.objects.select_for_update(of=("self",)).select_related("requested_by").get(pk=change.pk)
    )
    if change.state != BankChange.State.PENDING:
        raise Refused("This change was decided already.", rule="a_bank_change_is_decided_once")
    if change.requested_by_id == actor.pk:
        raise Refused(
            "The person who asked for the change does not decide on it.",
            rule="nobody_approves_their_own_bank_change",
            mend="A second person with the right to set up companies does.",
        )
    return change
