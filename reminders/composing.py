"""Whom a reminder goes to, and why; and what it says. What is asked for was decided before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings

from correspondence.rules import SITUATIONS, Amount, Item, Value
from customers.models import Contact, Customer
from customers.rules import Choice, choose_recipients
from entities.models import Entity
from entities.queries import bank_account
from entities.rules import iban_in_groups
from invoices.models import Invoice
from policies.queries import public_path
from reminders.deciding import Facts, Planned
from reminders.models import Reminder

# Recipients of a step that is no message -> whose work it becomes.
ROLES = {"collector": "collector", "team_lead": "lead", "controller": "controller"}
# Recipients of a message -> the purpose of the contacts it goes to. The first has fallbacks, the others none.
_PURPOSES = {
    "billing": Contact.Purpose.REMINDERS,
    "second_contact": Contact.Purpose.PAYABLE,
    "executive": Contact.Purpose.ESCALATION,
}
_NAMED = 3  # numbers spelled out as what to state when paying
_ANSWER_DAYS = 7
"""A day to pay by is at least so far ahead, also when the next step was already due."""


@dataclass(frozen=True)
class Asked:
    """A reminder with what is known of its item: all a message about it says."""

    reminder: Reminder
    facts: Facts
    invoice: Invoice
    plan: Sequence[Planned]


def role_of(recipients: Sequence[str]) -> str:
    """Whose work a step becomes that writes to nobody."""
    return next((ROLES[name] for name in recipients if name in ROLES), "collector")


def recipients_of(contacts: Sequence[Contact], named: Sequence[str]) -> list[Choice[Contact]]:
    """Whom of a customer's contacts a step goes to; empty when nobody may be written to.

    Never somebody who was not named for it.
    """
    return choose_recipients(contacts, [purpose for name, purpose in _PURPOSES.items() if name in named])


class Composer:
    """Writes for one company on a day; what many messages say alike is read once."""

    def __init__(self, entity: Entity, day: date) -> None:
        """Nothing is read before it is asked for."""
        self._entity, self._day = entity, day
        self._accounts: dict[str, str | None] = {}
        self._policies: dict[int, str] = {}

    def variables_of(self, asked: Sequence[Asked], customer: Customer) -> dict[str, Value | None]:
        """What the text of their message may say about these open items, the oldest first."""
        entity, day = self._entity, self._day
        rows = sorted(asked, key=lambda one: (one.facts.due, one.invoice.pk))
        currencies = {one.reminder.currency for one in rows}
        orders = {one.invoice.po_number for one in rows}
        known = {variable.name for variable in SITUATIONS.get(str(headline(asked)["situation"]), ())}
        values: dict[str, Value | None] = {
            "seller_name": entity.legal_name or entity.name,
            "customer_name": customer.name,
            "contact_email": entity.email or None,
            "contact_phone": entity.phone or None,
            "policy_link": self._policy_link(rows[0].invoice),
            "bank_account": self._account(currencies.pop()) if len(currencies) == 1 else None,
            "payment_reference": _numbers([str(one.invoice.number) for one in rows]),
            "po_number": (orders.pop() or None) if len(orders) == 1 else None,
            "items": tuple(_item(one, day) for one in rows),
            "pay_by": pay_by(rows, day),
        }
        return {name: value for name, value in values.items() if name in known}

    def _policy_link(self, invoice: Invoice) -> str | None:
        version = invoice.policy_version
        if version is None:
            return None
        if version.pk not in self._policies:
            self._policies[version.pk] = f"{settings.BASE_URL}{public_path(version)}"
        return self._policies[version.pk]

    def _account(self, currency: str) -> str | None:
        if currency not in self._accounts:
            self._accounts[currency] = _account(self._entity, currency)
        return self._accounts[currency]


def pay_by(asked: Sequence[Asked], day: date) -> date:
    """The last day before the next step of any of them; never so soon that nobody could answer."""
    coming = [
        planned.on
        for one in asked
        for planned in one.plan
        if planned.step.day > one.reminder.step and planned.on > day
    ]
    least = day + timedelta(days=_ANSWER_DAYS)
    return max(min(coming) - timedelta(days=1), least) if coming else least


def _item(one: Asked, day: date) -> Item:
    currency, held = one.reminder.currency, one.facts.held
    return Item(
        number=str(one.invoice.number),
        issued_on=one.facts.issued,
        due_on=one.facts.due,
        amount=Amount(one.facts.asked, currency),
        days_overdue=(day - one.facts.due).days,
        disputed=Amount(held, currency) if held else None,
    )


def _account(entity: Entity, currency: str) -> str | None:
    account = bank_account(entity, currency)
    if account is None:
        return None
    return (iban_in_groups(account.iban) if account.iban else account.account_number) or None


def _numbers(numbers: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(numbers))
    more = len(distinct) - _NAMED
    return ", ".join(distinct[:_NAMED]) + (f" +{more}" if more > 0 else "")


def headline(asked: Sequence[Asked]) -> Mapping[str, str | int]:
    """Tone, situation and channel of the message: those of the firmest step in it."""
    firmest = max(asked, key=lambda one: (one.reminder.tone, one.reminder.step)).reminder
    return {"tone": firmest.tone, "situation": firmest.situation, "channel": firmest.channel}
