"""What the record page and the settings page show."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import locale
from customers import operations, queries, rules, timeline
from customers.models import ChangeRequest, Contact, Customer, Segment
from customers.views._parts import address_or_none
from entities import queries as entity_queries
from entities.models import Entity
from policies.models import Policy
from team.requests import StaffRequest

PURPOSES = ("billing", "reminders", "escalation", "statements")
SETTING_NAMES = {
    "language": gettext_lazy("Language"),
    "currency": gettext_lazy("Currency"),
    "delivery_channel": gettext_lazy("Delivery"),
    "payment_policy": gettext_lazy("Payment policy"),
    "terms_override": gettext_lazy("Terms agreed apart"),
    "credit_limit": gettext_lazy("Credit limit"),
}
LEVEL_NAMES = {
    "customer": gettext_lazy("Customer"),
    "segment": gettext_lazy("Segment"),
    "company": gettext_lazy("Company"),
    "none": "—",
}


def context(request: StaffRequest, customer: Customer) -> dict[str, Any]:
    """Everything of the record page."""
    entity = customer.entity
    entries = list(queries.change_history(customer)[: timeline.FEW + 1])
    contacts, addresses = queries.active_contacts(customer), customer.addresses.filter(is_active=True)
    return {
        **settings(request, customer, entity, contacts),
        "contacts": contacts,
        "addresses": addresses,
        "tax_ids": customer.tax_ids.filter(is_active=True),
        "missing_addresses": _missing_addresses({address.kind for address in addresses}),
        "certificates": customer.exemption_certificates.all(),
        "bank": shown_bank(request, customer),
        "changes": [shown_change(request, one) for one in _changes(customer)],
        "acts": actions(request, customer, contacts),
        "nobody": not queries.chosen_for(contacts, "billing"),
        "days": timeline.days(entries[: timeline.FEW]),
        "more": len(entries) > timeline.FEW,
        "summary_url": address_or_none("payments:account_summary", customer.pk),
        "invoices_url": address_or_none("invoices:list"),
        "children": customer.children.all()[:20],
    }


def settings(
    request: StaffRequest, customer: Customer, entity: Entity, contacts: list[Contact]
) -> dict[str, Any]:
    """Effective settings, recipients and requirements for invoices of one company."""
    on = entity_queries.local_day(entity, timezone.now())
    profile = queries.billing_profile(customer, entity, on)
    holding = queries.requirements_for(customer, entity, on)
    new = {one.pk for one in queries.unread_of(holding, customer, request.user)}
    currency = operations.limit_currency(customer)
    return {
        "customer": customer,
        "entity": entity,
        "entities": entity_queries.visible_to(request.user),
        "settings": [
            {
                "key": name,
                "name": SETTING_NAMES[name],
                "value": _setting(name, value, currency),
                "level": LEVEL_NAMES[level],
                "is_set": level != "none",
                "source": source,
            }
            for name, (value, level, source) in profile.levels.items()
        ],
        "recipients": [
            (purpose, [str(one) for one in queries.chosen_for(contacts, purpose)]) for purpose in PURPOSES
        ],
        "requirements": [shown_requirement(one, is_new=one.pk in new) for one in holding],
        "overridden": [shown_requirement(one) for one in queries.overridden(customer, entity, on)],
        "upcoming": [shown_requirement(one) for one in queries.upcoming_requirements(customer, on)],
        "unseen": len(new),
        "currency": currency,
    }


def entity_asked(request: StaffRequest, customer: Customer) -> Entity:
    """The company the settings page is about: the customer's own unless the address names another."""
    asked = request.GET.get("entity", "")
    if asked.isdigit() and len(asked) < 10:
        found = entity_queries.visible_to(request.user).filter(pk=asked).first()
        return found or customer.entity
    return customer.entity


def _missing_addresses(held: set[str]) -> list[tuple[str, str]]:
    """Kinds of address the customer has none of, with their names."""
    names = {"billing": _("Billing address"), "delivery": _("Delivery address")}
    return [(kind, label) for kind, label in names.items() if kind not in held]


def _setting(name: str, value: Any, currency: str) -> str:
    if name == "credit_limit":
        return locale.money(value, currency) if value is not None else _("No limit")
    if name == "language" and value:
        return str(locale.current().languages.get(str(value).split("-")[0], value))
    if name == "delivery_channel" and value:
        return str(dict(rules.DELIVERY_CHANNELS).get(value, value))
    return str(value) if value else "—"


def shown_requirement(requirement: Any, *, is_new: bool = False) -> dict[str, Any]:
    """A requirement in words: kind, parameters, level and where it comes from."""
    kind = rules.REQUIREMENT_KINDS[requirement.kind]
    level = rules.level_of(requirement)
    owner = requirement.customer or requirement.segment or requirement.entity
    return {
        "row": requirement,
        "kind": kind,
        "pill": {"block": "bad", "warn": "warn", "info": "info"}[requirement.severity],
        "words": rules.in_words(rules.REQUIREMENT_KINDS[requirement.kind].parameters, requirement.parameters),
        "level": level,
        "level_name": {"customer": _("Customer"), "segment": _("Segment"), "company": _("Company")}.get(
            level, _("Everybody")
        ),
        "of": "" if level == "customer" or owner is None else str(owner),
        "is_new": is_new,
        "ends_soon": bool(requirement.valid_to and (requirement.valid_to - timezone.localdate()).days <= 30),
    }


def shown_segment(segment: Segment) -> dict[str, Any]:
    """A segment with what it hands down in words."""
    names = ("language", "currency", "delivery_channel", "payment_policy")
    handed = {name: _setting(name, getattr(segment, name), "") for name in names}
    return {"row": segment, **handed}


def shown_bank(request: StaffRequest, customer: Customer) -> dict[str, Any] | None:
    """The account refunds go to, masked for those who may not see it."""
    bank = queries.bank_detail(customer)
    if bank is None:
        return None
    values = {name: getattr(bank, name) for name in rules.BANK_FIELDS}
    full = request.user.has_perm("customers.view_bank_data")
    return {"values": values if full else rules.masked_bank(values), "masked": not full, "since": bank.since}


def _changes(customer: Customer) -> Any:
    return customer.change_requests.select_related("requested_by", "called_back_by", "decided_by")[:6]


_CHANGE_PILLS = {"pending": "warn", "applied": "ok", "rejected": ""}
_CHANGE_LABELS = {
    "holder": gettext_lazy("Account holder"),
    "iban": "IBAN",
    "bic": "BIC",
    "account_number": gettext_lazy("Account number"),
    "routing": gettext_lazy("Routing"),
    "terms_override": gettext_lazy("Terms agreed apart"),
    "payment_policy": gettext_lazy("Payment policy"),
    "credit_limit": gettext_lazy("Credit limit"),
}


def shown_change(request: StaffRequest, change: ChangeRequest) -> dict[str, Any]:
    """A change with its values before and after, masked where the reader may not see them."""
    before, after = change.before, change.proposed
    is_bank = change.subject == ChangeRequest.Subject.BANK
    if is_bank and not request.user.has_perm("customers.view_bank_data"):
        before, after = rules.masked_bank(before), rules.masked_bank(after)
    return {
        "row": change,
        "pill": _CHANGE_PILLS[change.state],
        "url": reverse("customers:change_detail", args=[change.pk]),
        "rows": [
            (
                _CHANGE_LABELS[name],
                _value(name, before.get(name)),
                _value(name, after.get(name)),
                before.get(name) != after.get(name),
            )
            for name in _CHANGE_LABELS
            if after.get(name) or before.get(name)
        ],
    }


def _value(name: str, value: Any) -> str:
    if value in (None, ""):
        return _("No limit") if name == "credit_limit" else "—"
    if name == "payment_policy":
        return str(Policy.objects.filter(pk=value).first() or "—")
    return str(value)


def actions(request: StaffRequest, customer: Customer, contacts: list[Contact]) -> list[dict[str, Any]]:
    """The named acts; those that are not possible say why."""
    user = request.user
    edit, ask = user.has_perm("customers.edit_customer"), user.has_perm("customers.request_change")
    no_edit = "" if edit else _("Your role reads customers and does not change them.")
    no_ask = "" if ask else _("Your role may not ask for such a change.")
    phone = any(contact.phone for contact in contacts)
    no_ask = no_ask or ("" if phone else _("Needs a contact with a phone number on file to call back."))
    waiting = set(customer.change_requests.filter(state="pending").values_list("subject", flat=True))

    def change(subject: str, label: str, icon: str) -> dict[str, Any]:
        why = _("A change waits for a decision already.") if subject in waiting else no_ask
        return {
            "label": label,
            "icon": icon,
            "url": reverse("customers:change_new", args=[customer.pk, subject]),
            "why": why,
        }

    blocked = customer.status == Customer.Status.BLOCKED
    state = "unblock" if blocked else "block"
    return [
        {
            "label": _("Edit master data"),
            "icon": "pencil",
            "url": reverse("customers:edit", args=[customer.pk]),
            "why": no_edit,
            "key": "" if no_edit else "E",
        },
        change("terms", _("Change payment terms"), "calendar-due"),
        change("credit_limit", _("Change credit limit"), "scale"),
        change("bank", _("Change bank details"), "building-bank"),
        {
            "label": _("Allow invoices again") if blocked else _("Block new invoices"),
            "icon": "lock-open" if blocked else "ban",
            "url": reverse(f"customers:{state}", args=[customer.pk]),
            "why": no_edit,
        },
    ]
