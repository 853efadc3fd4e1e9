"""What the editor shows around its form: requirements, prices, taxes, due date, totals, checks, conflicts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from catalogue.models import Price, TaxClass
from catalogue.queries import TaxDecision, items, prices_on, tax_rates
from core import formatting, locale
from core.errors import DomainError, Problem, Stale
from core.money import exponent
from core.terms import due_on, explain
from customers import queries as customers
from customers.models import Customer
from customers.rules import REQUIREMENT_KINDS
from entities.models import BankAccount, Entity
from entities.queries import calendar_of, exchange_rates, local_day
from invoices import operations
from invoices.forms import Editor
from invoices.models import Invoice
from invoices.pricing import Book
from invoices.views._edges import link
from ledger.queries import ageing_of_customer
from team.models import User
from team.requests import StaffRequest

_MOST_ITEMS = 300
_UNTAXED = {"AE": "Reverse charge", "K": "Intra-Community", "G": "Export", "O": "Not taxed"}
_COMPARED = (
    ("po_number", "Purchase order"),
    ("planned_on", "Issue day"),
    ("terms", "Terms"),
    ("currency", "Currency"),
    ("buyer_reference", "Buyer reference"),
    ("cost_centre", "Cost centre"),
    ("contract_reference", "Contract"),
    ("discount_pct", "Discount %"),
    ("discount_amount", "Discount amount"),
    ("notes", "Note to the customer"),
)


def currencies_of(customer: Customer, invoice: Invoice | None) -> list[str]:
    """Currencies we have a rate or an account for, the customer's own first."""
    profile = customers.billing_profile(customer, customer.entity, timezone.localdate())
    first = [invoice.currency] if invoice else []
    known = {
        *(cache.get_or_set("invoices:currencies", _known_currencies, 60) or []),
        customer.entity.functional_currency,
    }
    return list(dict.fromkeys([*first, profile.currency, *sorted(known)]))


def _known_currencies() -> list[str]:
    rates = exchange_rates().order_by().values_list("currency", flat=True).distinct()
    accounts = BankAccount.objects.filter(is_active=True).order_by().values_list("currency", flat=True)
    return sorted({*rates, *accounts})


def page_context(
    request: StaffRequest, customer: Customer, invoice: Invoice | None, on: date
) -> dict[str, Any]:
    """What only the whole page needs."""
    entity = invoice.entity if invoice else customer.entity
    profile = customers.billing_profile(customer, entity, on)
    today = local_day(entity, timezone.now())
    return {
        "profile": profile,
        "money": ageing_of_customer(customer.pk, on=today, today=today),
        "similar": customers.similar_names(customer.name, customer.pk)[:3],
        "customer_url": link("customers:detail", customer.pk),
        "contacts": customers.contacts_for(customer, "billing"),
        **requirements_context(customer, entity, request.user, on),
    }


def requirements_context(customer: Customer, entity: Entity, user: User, on: date) -> dict[str, Any]:
    """The customer's requirements in force, and which of them this writer has not read."""
    holding = customers.requirements_for(customer, entity, on)
    unread = {one.pk for one in customers.unread_of(holding, customer, user)}
    return {
        "customer": customer,
        "entity": entity,
        "requirements": [
            {
                "row": one,
                "label": REQUIREMENT_KINDS[one.kind].label if one.kind in REQUIREMENT_KINDS else one.kind,
                "about": one.note
                or (REQUIREMENT_KINDS[one.kind].about if one.kind in REQUIREMENT_KINDS else ""),
                "unread": one.pk in unread,
            }
            for one in holding
        ],
    }


def context_of(
    customer: Customer,
    invoice: Invoice | None,
    editor: Editor,
    faults: Sequence[Problem],
    *,
    worked: bool,
) -> dict[str, Any]:
    """The form and everything that follows from it. `worked`: the draft as saved can be looked at."""
    entity = _entity(editor, customer, invoice)
    currency = _currency(editor, invoice)
    on = local_day(entity, timezone.now())
    findings = _findings(invoice, on) if worked and invoice else []
    return {
        "customer": customer,
        "invoice": invoice,
        "editor": editor,
        "form": editor.head,
        "entity": entity,
        "currency": currency,
        "exponent": exponent(currency),
        "faults": [{**fault, "control": _control(fault["field"])} for fault in faults],
        "due": _due(editor, invoice, entity, on),
        "findings": findings,
        "counts": {
            s: sum(f["severity"] == s for f in findings) for s in ("block", "confirm", "warn", "info")
        },
        "taxes": _taxes(entity, customer, on),
        "catalogue": _catalogue(currency, on),
        "page_preview": link("portal:draft", invoice.pk) if invoice else "",
    }


def stale_context(invoice: Invoice | None, editor: Editor, stale: Stale) -> dict[str, Any]:
    """Who changed what meanwhile, beside what was typed here."""
    if invoice is None:
        raise stale
    theirs = operations.as_input(Invoice.objects.select_related("entity", "customer").get(pk=invoice.pk))
    typed = editor.to_input(timezone.localdate())
    rows = [
        {"label": label, "theirs": _plain(getattr(theirs, name)), "mine": _plain(getattr(typed, name))}
        for name, label in _COMPARED
        if _plain(getattr(theirs, name)) != _plain(getattr(typed, name))
    ]
    for number in range(max(len(theirs.lines), len(typed.lines))):
        left, right = _line(theirs.lines, number), _line(typed.lines, number)
        if left != right:
            rows.append({"label": f"Line {number + 1}", "theirs": left, "mine": right})
    version = Invoice.objects.values_list("lock_version", flat=True).get(pk=invoice.pk)
    return {"stale": stale, "rows": rows, "version": version, "invoice": invoice}


def _line(lines: Sequence[Any], number: int) -> str:
    if number >= len(lines):
        return "—"
    line = lines[number]
    price = locale.editable(line.unit_price, decimals=2)
    return f"{line.description}, {locale.editable(line.quantity)} × {price}"


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return locale.editable(value)
    if isinstance(value, date):
        return locale.day(value)
    return str(value or "—")


def _entity(editor: Editor, customer: Customer, invoice: Invoice | None) -> Entity:
    if editor.head.is_bound and editor.head.is_valid():
        chosen: Entity = editor.head.cleaned_data["entity"]
        return chosen
    return invoice.entity if invoice else customer.entity


def _currency(editor: Editor, invoice: Invoice | None) -> str:
    if editor.head.is_bound:
        return str(editor.head.cleaned_data.get("currency") or (invoice.currency if invoice else "EUR"))
    return str(invoice.currency if invoice else editor.head.initial["currency"])


def _control(field: str) -> str:
    """ "lines[0].description" -> "lines-0-description", the name of the control on the page."""
    head, bracket, rest = field.partition("[")
    if not bracket:
        return field
    number, _, name = rest.partition("]")
    return f"{head}-{number}-{name.lstrip('.')}" if name else f"{head}-{number}"


def _findings(invoice: Invoice, on: date) -> list[dict[str, Any]]:
    try:
        rows, _lines = operations.check_invoice(invoice, today=on)
    except DomainError as fault:
        return [
            {
                "severity": "block",
                "rule": p["rule"],
                "name": _name_of(p["rule"]),
                "message": p["message"],
                "mend": p["mend"],
            }
            for p in fault.problems
        ]
    return [
        {**row, "name": _name_of(row["rule"]), "reason": invoice.overrides.get(row["rule"], "")}
        for row in rows
    ]


def _name_of(rule: str) -> str:
    """A rule in words: the requirement's own name, else its id spelled out."""
    kind = rule.removeprefix("customer.")
    if kind in REQUIREMENT_KINDS:
        return str(REQUIREMENT_KINDS[kind].label)
    words = {"tax-review": "Tax treatment", "remit-to": "Bank account"}
    return words.get(rule) or kind.replace("-", " ").replace("_", " ").replace(".", " ").capitalize()


def _due(editor: Editor, invoice: Invoice | None, entity: Entity, today: date) -> dict[str, Any]:
    """When it falls due and why; the choice where the terms can mean two things."""
    base = invoice.planned_on if invoice and invoice.planned_on else today
    calendar = calendar_of(entity)
    chosen = str(editor.head.data.get("terms_reading", "")) if editor.head.is_bound else ""
    meanings = [
        {
            "terms": terms,
            "chosen": terms == chosen,
            "due_on": due_on(base, terms, calendar=calendar),
            "why": explain(base, terms, calendar=calendar),
        }
        for terms in editor.head.meanings()
    ]
    parts = [
        {"due_on": part.due_on, "amount": part.amount, "why": part.reason.partition(": ")[2] or part.reason}
        for part in (invoice.instalments.all() if invoice else [])
    ]
    backdated = bool(invoice and operations.lacks_backdate_reason(invoice, local_day(entity, timezone.now())))
    return {"parts": parts, "meanings": meanings, "base": base, "backdated": backdated}


def _taxes(entity: Entity, customer: Customer, on: date) -> list[dict[str, str]]:
    """The tax classes with a rate there on the day, as they fall on this customer; remembered for a moment.

    They only guide the eye while one types: every save asks anew.
    """
    key = f"invoices:taxes:{entity.pk}:{customer.pk}:{customer.lock_version}:{on}"
    return cache.get_or_set(key, lambda: _taxes_now(entity, customer, on), 60) or []


def _taxes_now(entity: Entity, customer: Customer, on: date) -> list[dict[str, str]]:
    known = set(tax_rates(country=entity.country, on=on).values_list("tax_class", flat=True))
    book, found = Book(), []
    for code, label in TaxClass.choices:
        if code not in known and code not in ("standard", "zero", "exempt"):
            continue
        try:
            decision = book.tax(entity, customer, code, "service", on)
        except DomainError:
            continue
        rate = f"{decision.rate.normalize():f}"
        found.append({"code": code, "label": _tax_words(decision, label), "rate": rate, "about": label})
    said = [tax["label"] for tax in found]
    for tax in found:  # Where classes fall alike, as in reverse charge, their names tell them apart.
        if said.count(tax["label"]) > 1:
            tax["label"] = f"{tax['label']} · {tax['about']}"
    return found or [{"code": "standard", "label": "Standard rate", "rate": "0", "about": ""}]


def _tax_words(decision: TaxDecision, label: str) -> str:
    """ "VAT 19%", "VAT 0%", "Reverse charge", "Exempt": how the class falls on this customer."""
    if decision.category == "E":
        return label
    words = _UNTAXED.get(decision.category) or str(decision.label or label)
    if decision.category in ("AE", "O") or any(sign.isdigit() for sign in words):
        return words
    return f"{words} {formatting.percent(decision.rate, locale.current())}"


def _catalogue(currency: str, on: date) -> list[dict[str, Any]]:
    """The price list for the search in the grid, with prices of the currency."""
    prices: dict[int, Price] = {price.item_id: price for price in prices_on(on).filter(currency=currency)}
    return [
        {
            "item": item,
            "price": locale.editable(prices[item.pk].unit_price, decimals=2) if item.pk in prices else "",
        }
        for item in items(active_only=True)[:_MOST_ITEMS]
    ]
