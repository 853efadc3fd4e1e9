"""Writing contacts, addresses and tax numbers of customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from core import edits
from core.errors import Invalid, Refused
from customers import events, rules
from customers.models import Address, Contact, Customer, TaxId
from customers.operations._common import locked, text
from team.models import User
from trail.operations import record


class ContactExists(Refused):
    """An active contact of the customer has the e-mail address already."""


# ----------------------------------------------------------------------------------------------- contacts
@transaction.atomic
def add_contact(customer: Customer, *, name: str, actor: User | None, now: datetime, **given: Any) -> Contact:
    """Add a person or inbox: email, phone, role, language, purposes (billing, reminders, ...).

    `no_mail`: they asked for none; `opens_agreed`: they agreed that we note when a mail is opened.
    """
    customer = locked(customer)
    wanted = _with_moments(Contact(), {"name": name, **given}, now)
    contact = Contact(customer=customer, **_clean(wanted))
    _refuse_unreachable(contact)
    _refuse_second(contact)
    _keep_wish(contact)
    contact.save(force_insert=True)
    record(
        events.CONTACT_CREATED,
        contact,
        actor=actor,
        at=now,
        customer_id=customer.pk,
        changes={field: ("", getattr(contact, field)) for field in ("name", "email", "phone", "purposes")},
    )
    return contact


@transaction.atomic
def edit_contact(contact: Contact, *, actor: User | None, now: datetime, **given: Any) -> Contact:
    """Change a contact. A new address is tried again even if mail to the old one came back."""
    locked(contact.customer)
    contact = Contact.objects.select_for_update(of=("self",)).select_related("customer").get(pk=contact.pk)
    _refuse_inactive(contact)
    changes = edits.apply(contact, _clean(_with_moments(contact, given, now)))
    if not changes:
        return contact
    _refuse_unreachable(contact)
    _refuse_second(contact)
    if "email" in changes and contact.bounced_at:
        changes |= edits.apply(contact, {"bounced_at": None})
    if "email" in changes and "opted_out_at" not in changes:
        changes |= _keep_wish(contact)
    contact.save(update_fields=list(changes))
    record(
        events.CONTACT_EDITED, contact, actor=actor, at=now, customer_id=contact.customer_id, changes=changes
    )
    return contact


@transaction.atomic
def deactivate_contact(contact: Contact, *, actor: User | None, now: datetime) -> Contact:
    """Write to them no more. The row stays: messages name it."""
    locked(contact.customer)
    contact = Contact.objects.select_for_update(of=("self",)).get(pk=contact.pk)
    _refuse_inactive(contact)
    contact.is_active = False
    contact.save(update_fields=["is_active"])
    record(
        events.CONTACT_DEACTIVATED,
        contact,
        actor=actor,
        at=now,
        customer_id=contact.customer_id,
        changes={"is_active": (True, False)},
    )
    return contact


@transaction.atomic
def note_bounce(contact: Contact, *, reason: str, now: datetime, actor: User | None = None) -> Contact:
    """Mail to the contact came back for good: nothing is sent there until the address is changed."""
    contact = Contact.objects.select_for_update(of=("self",)).get(pk=contact.pk)
    if contact.bounced_at is None:
        contact.bounced_at = now
        contact.save(update_fields=["bounced_at"])
        record(
            events.CONTACT_BOUNCED,
            contact,
            actor=actor,
            at=now,
            customer_id=contact.customer_id,
            email=contact.email,
            reason=reason[:300],
        )
    return contact


def _with_moments(contact: Contact, given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What the contact asked for or agreed to, as the moment it was noted first; taken back, it is none."""
    values = dict(given)
    for wish, field in (("no_mail", "opted_out_at"), ("opens_agreed", "opens_agreed_at")):
        if wish in values:
            values[field] = (getattr(contact, field) or now) if values.pop(wish) else None
    return values


def _clean(given: Mapping[str, Any]) -> dict[str, Any]:
    cleaners: dict[str, Any] = {
        "name": lambda value: text(value, "name", "The name", 120, required=True),
        "email": _clean_email,
        "phone": _clean_phone,
        "role": lambda value: text(value, "role", "The role", 80),
        "language": rules.clean_language,
        "purposes": _clean_purposes,
        "opted_out_at": lambda value: value,
        "opens_agreed_at": lambda value: value,
    }
    if unknown := given.keys() - cleaners.keys():
        raise TypeError(f"A contact has no field {', '.join(sorted(unknown))}.")
    return {name: cleaners[name](value) for name, value in given.items()}


def _clean_email(value: Any) -> str:
    address = text(value, "email", "The e-mail address", 254)
    if not address:
        return ""
    try:
        validate_email(address)
    except ValidationError as fault:
        raise Invalid(
            f"“{address}” is not an e-mail address.",
            field="email",
            rule="email_is_valid",
            mend="Write it like ap@customer.example.",
        ) from fault
    return address


def _clean_phone(value: Any) -> str:
    number = text(value, "phone", "The phone number", 40)
    if number and (
        sum(character.isdigit() for character in number) < 5 or not set(number) <= set("+0123456789 ()-/.")
    ):
        raise Invalid(
            f"“{number}” is not a phone number.",
            field="phone",
            rule="phone_is_valid",
            mend="Write it like +49 40 123456.",
        )
    return number


def _clean_purposes(values: Iterable[str]) -> list[str]:
    wanted = set(values)
    if unknown := wanted - set(Contact.Purpose.values):
        raise Invalid(
            f"“{min(unknown)}” is not a purpose of a contact.",
            field="purposes",
            rule="purpose_is_known",
            mend=f"Choose from: {', '.join(Contact.Purpose.values)}.",
        )
    return [purpose for purpose in Contact.Purpose.values if purpose in wanted]


def _refuse_unreachable(contact: Contact) -> None:
    if contact.purposes and not contact.email:
        raise Invalid(
            "Somebody who gets invoices, reminders or statements needs an e-mail address.",
            field="email",
            rule="a_recipient_has_an_address",
            mend="Enter the address, or take away the purposes.",
        )
    if not contact.email and not contact.phone:
        raise Invalid(
            "A contact needs an e-mail address or a phone number.",
            field="email",
            rule="a_contact_can_be_reached",
            mend="Enter one of them.",
        )


def _refuse_second(contact: Contact) -> None:
    if not contact.email:
        return
    others = Contact.objects.filter(customer=contact.customer_id, is_active=True, email__iexact=contact.email)
    if other := others.exclude(pk=contact.pk).first():
        raise ContactExists(
            f"{other.name} has the address {contact.email} already.",
            field="email",
            rule="an_address_is_one_contact_of_a_customer",
            mend="Edit that contact, or use another address.",
        )


def _keep_wish(contact: Contact) -> dict[str, Any]:
    """Whoever reads this address asked for no mail while it was another contact's: entered again by whatever
    door, the wish still holds until it is taken back by an edit."""
    if not contact.email or contact.opted_out_at:
        return {}
    former = Contact.objects.filter(customer=contact.customer_id, email__iexact=contact.email)
    last = former.exclude(pk=contact.pk).filter(is_active=False).order_by("-pk").first()
    return edits.apply(contact, {"opted_out_at": last.opted_out_at}) if last and last.opted_out_at else {}


def _refuse_inactive(contact: Contact) -> None:
    if not contact.is_active:
        raise Refused(f"{contact.name} was deactivated.", rule="an_inactive_contact_stays_as_it_is")


# ---------------------------------------------------------------------------------------------- addresses
@transaction.atomic
def set_address(
    customer: Customer,
    *,
    lines: Iterable[str],
    city: str,
    country: str,
    actor: User | None,
    now: datetime,
    kind: str = "billing",
    postal_code: str = "",
    state_code: str = "",
) -> Address:
    """Set the billing or delivery address. The former one stays, inactive; issued documents keep theirs."""
    customer = locked(customer)
    if kind not in ("billing", "delivery"):
        raise Invalid(
            f"“{kind}” is not a kind of address.",
            field="kind",
            rule="address_kind_is_known",
            mend="Choose billing or delivery.",
        )
    values = _clean_address(lines, city, country, postal_code, state_code)
    before = customer.addresses.filter(kind=kind, is_active=True).first()
    if before and all(getattr(before, name) == value for name, value in values.items()):
        return before
    customer.addresses.filter(kind=kind, is_active=True).update(is_active=False)
    address = Address.objects.create(customer=customer, kind=kind, **values)
    record(
        events.ADDRESS_SET,
        address,
        actor=actor,
        at=now,
        customer_id=customer.pk,
        changes={f"{kind}_address": (before or "", address)},
    )
    return address


def _clean_address(
    lines: Iterable[str], city: str, country: str, postal_code: str, state_code: str
) -> dict[str, Any]:
    kept = [line for raw in lines if (line := text(raw, "lines", "The address line", 120))]
    if not kept or len(kept) > 5:
        raise Invalid(
            "An address has one to five lines.",
            field="lines",
            rule="an_address_has_lines",
            mend="Enter street and number, one line each.",
        )
    where = rules.clean_country(country)
    return {
        "lines": kept,
        "postal_code": text(postal_code, "postal_code", "The postal code", 20),
        "city": text(city, "city", "The city", 80, required=True),
        "state_code": rules.clean_state(where, text(state_code, "state_code", "The state", 8)),
        "country": where,
    }


# -------------------------------------------------------------------------------------------- tax numbers
@transaction.atomic
def set_tax_id(
    customer: Customer, *, scheme: str, number: str, actor: User | None, now: datetime, country: str = ""
) -> TaxId:
    """Set the customer's VAT id, GSTIN or EIN after checking its form and check digits.

    One per scheme and country: the former one stays, inactive. A new number counts as not yet verified.
    """
    customer = locked(customer)
    country = rules.clean_country(country or customer.country)
    found = rules.clean_tax_number(scheme, number, country=country, state=customer.state_code)
    mine = customer.tax_ids.filter(scheme=scheme, country=found.country, is_active=True)
    before = mine.first()
    if before and before.number == found.number:
        return before
    mine.update(is_active=False)
    tax_id = TaxId.objects.create(
        customer=customer, scheme=scheme, country=found.country, number=found.number
    )
    record(
        events.TAX_ID_SET,
        tax_id,
        actor=actor,
        at=now,
        customer_id=customer.pk,
        changes={scheme: (before.number if before else "", found.number)},
        notes=list(found.notes),
    )
    return tax_id


@transaction.atomic
def verify_tax_id(tax_id: TaxId, *, register: str, actor: User | None, now: datetime) -> TaxId:
    """Note that the register knows the number: which register, with its consultation number."""
    tax_id = TaxId.objects.select_for_update(of=("self",)).get(pk=tax_id.pk)
    register = text(register, "register", "Register and consultation number", 80, required=True)
    _refuse_ended(tax_id)
    tax_id.verified_at, tax_id.verified_by = now, register
    tax_id.save(update_fields=["verified_at", "verified_by"])
    record(
        events.TAX_ID_VERIFIED,
        tax_id,
        actor=actor,
        at=now,
        customer_id=tax_id.customer_id,
        register=register,
    )
    return tax_id


@transaction.atomic
def end_tax_id(tax_id: TaxId, *, actor: User | None, now: datetime) -> TaxId:
    """The customer has the number no more."""
    tax_id = TaxId.objects.select_for_update(of=("self",)).get(pk=tax_id.pk)
    _refuse_ended(tax_id)
    tax_id.is_active = False
    tax_id.save(update_fields=["is_active"])
    record(
        events.TAX_ID_ENDED,
        tax_id,
        actor=actor,
        at=now,
        customer_id=tax_id.customer_id,
        changes={tax_id.scheme: (tax_id.number, "")},
    )
    return tax_id


def _refuse_ended(tax_id: TaxId) -> None:
    if not tax_id.is_active:
        raise Refused(f"{tax_id} was replaced or ended.", rule="an_ended_tax_id_stays_as_it_is")
