"""The pre-issue check: one gate for screen, API, import and task, each answer with rule, reason and mend.

Severities: `block` stops, `confirm` stops until somebody wrote down why it is right, `warn` and `info` are
shown. What needs only the document (mandatory content, arithmetic, the customer's requirements) is asked
again at issue; what compares with other documents is asked at submission.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from django.db import connection

from catalogue.decisions import UNCONFIRMED_VAT_ID
from core.errors import Problem, problem
from core.rows import rows_of, rows_where
from customers.models import BillingRequirement, Customer
from customers.queries import contacts_for, similar_names
from customers.rules import REQUIREMENT_KINDS, RequirementFacts, check_requirements
from invoices.checks import check_document
from invoices.documents.letters import missing_letters
from invoices.models import Invoice, Line
from invoices.snapshots import Parts, Snapshot

# How far back, and how much larger than usual, an amount is compared.
_HISTORY = 12
_TENFOLD = 8
_DUPLICATE_DAYS = 90


@dataclass(frozen=True)
class Finding:
    """One thing the gate says. `source` is the law, the customer's letter or our own rule."""

    rule: str
    severity: str
    field: str
    message: str
    mend: str
    source: str = ""


ONE_A_MONTH = "consolidated_invoice"
"""The requirement of a customer that takes one invoice a month, with everything on it."""


def own_checks(
    parts: Parts, snapshot: Snapshot, requirements: Sequence[BillingRequirement], *, today: date
) -> list[Finding]:
    """What the document itself shows: law, arithmetic, customer's requirements, state of the customer."""
    found = list(_customer(parts.invoice.customer))
    found += [_tax_review(c["review"]) for c in parts.invoice.checks if "review" in c]
    if parts.policy is None:
        found.append(
            Finding(
                "policy-in-force",
                "block",
                "policy",
                "No payment policy is in force for this customer on that day.",
                "Publish a policy, or set one on the customer, its segment or the company.",
            )
        )
    if parts.bank is None and parts.invoice.document_type != Invoice.Type.CREDIT_NOTE:
        found.append(
            Finding(
                "remit-to",
                "warn",
                "currency",
                f"There is no bank account in {parts.invoice.currency} to print.",
                "Add one under Settings, or bill in another currency.",
            )
        )
    found += [
        Finding(f.rule, f.severity, f.field, f.message, f.mend, f.legal_ref)
        for f in check_document(snapshot, today=today)
    ]
    if parts.invoice.document_type != Invoice.Type.CREDIT_NOTE:
        document = {**snapshot, "delivery_channel": "email", "attachments": []}
        if any(one.kind == ONE_A_MONTH for one in requirements):
            document["earlier_this_month"] = _earlier_this_month(parts.invoice, today)
        found += [
            Finding(f["rule"], f["severity"], f["field"], f["message"], f["mend"], f["source"])
            for f in check_requirements([_facts(r) for r in requirements], document)
        ]
    return _ordered(found)


def _earlier_this_month(invoice: Invoice, today: date) -> int:
    """Invoices the customer has of this month already: asked only where it takes one."""
    day = invoice.planned_on or today
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM invoices_invoice WHERE customer_id = %s AND entity_id = %s AND id <> %s"
            " AND document_type = 'invoice' AND document_status = 'issued' AND issued_on BETWEEN %s AND %s",
            # One of a list has no key yet.
            [invoice.customer_id, invoice.entity_id, invoice.pk or 0, day.replace(day=1), day],
        )
        return int(cursor.fetchone()[0])


def print_checks(snapshot: Snapshot) -> list[Finding]:
    """What could not be printed; asked at submission, because it reads every letter."""
    letters = missing_letters(snapshot)
    if not letters:
        return []
    return [
        Finding(
            "printable-letters",
            "warn",
            "",
            f"The fonts of the document have no letter for {' '.join(letters[:8])}.",
            "Write the names in Latin or Devanagari letters, or they print as empty boxes.",
        )
    ]


def comparing_checks(invoice: Invoice, lines: Sequence[Line], *, on: date) -> list[Finding]:
    """What only other documents show: duplicates, unusual amounts, look-alikes, nobody to send to."""
    if invoice.document_type not in (Invoice.Type.INVOICE, Invoice.Type.DEPOSIT):
        # A pro-forma bills nothing; the others follow from a document, whose rules keep them from being made
        # twice.
        return []
    past = _past_amounts(invoice)
    return _ordered(
        [
            *_duplicates(invoice, lines, on),
            *_unusual_amount(invoice, past),
            *(_look_alike(invoice) if not past and not was_billed(invoice.customer_id) else ()),
            *_recipients(invoice),
        ]
    )


def was_billed(customer_id: int) -> bool:
    """Whether an invoice of the customer is issued; until then what is billed is looked at with care."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM invoices_invoice WHERE customer_id = %s AND document_status = %s)",
            [customer_id, Invoice.Status.ISSUED.value],
        )
        return bool(cursor.fetchone()[0])


# What a draft is compared with: asked at every submission and always the same, so nothing is compiled.
_OTHERS = """
customer_id = %(customer)s AND document_type = %(type)s
  AND currency = %(currency)s AND id <> %(id)s
"""
_SAME_AMOUNT = f"""
{_OTHERS} AND payable = %(payable)s AND document_status NOT IN ('discarded', 'cancelled')
  AND (issued_on >= %(since)s OR issued_on IS NULL) ORDER BY id DESC LIMIT 5
"""
_PAST_AMOUNTS = f"""
SELECT payable FROM invoices_invoice WHERE {_OTHERS}
  AND document_status = 'issued' ORDER BY issued_on DESC, id DESC LIMIT %(history)s
"""  # noqa: S608 (parts of this file)


def _terms(invoice: Invoice) -> dict[str, Any]:
    return {
        "customer": invoice.customer_id,
        "type": invoice.document_type,
        "currency": invoice.currency,
        "id": invoice.pk,
    }


def _past_amounts(invoice: Invoice) -> list[Decimal]:
    with connection.cursor() as cursor:
        cursor.execute(_PAST_AMOUNTS, _terms(invoice) | {"history": _HISTORY})
        return [payable for (payable,) in cursor.fetchall()]


def unread(requirements: Iterable[BillingRequirement]) -> list[Problem]:
    """What the writer has to read before submitting: on first use for this customer, and after a change."""
    return [
        problem(
            f"You have not confirmed yet that you read: {REQUIREMENT_KINDS[one.kind].label}.",
            field="requirements",
            rule="requirements_are_read_by_who_bills",
            mend="Open the draft, read it under “This customer asks for”, confirm it there, "
            "then submit again.",
        )
        for one in requirements
    ]


def as_rows(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Findings as stored on the invoice."""
    return [asdict(finding) for finding in findings]


def stopping(findings: Iterable[Mapping[str, Any]], overrides: Mapping[str, str]) -> list[Problem]:
    """The findings that stop the document: blocks, and points to confirm without a written reason."""
    return [
        problem(f["message"], field=f["field"], rule=f["rule"], mend=f["mend"])
        for f in findings
        if f.get("severity") == "block" or (f.get("severity") == "confirm" and not overrides.get(f["rule"]))
    ]


def _tax_review(why: str) -> Finding:
    """No general rule decides the tax: the reason as a sentence, and what settles it."""
    mend = (
        "Confirm the VAT id on the customer's page."
        if why == UNCONFIRMED_VAT_ID
        else "Settle the tax treatment, or ask the controller."
    )
    return Finding("tax-review", "block", "lines", f"{why[:1].upper()}{why[1:].rstrip('.')}.", mend)


def _facts(requirement: BillingRequirement) -> RequirementFacts:
    return RequirementFacts(
        kind=requirement.kind,
        severity=requirement.severity,
        parameters=requirement.parameters,
        valid_to=requirement.valid_to,
        source=requirement.source,
        id=requirement.pk,
    )


def _customer(customer: Customer) -> Iterable[Finding]:
    if customer.status != Customer.Status.ACTIVE:
        yield Finding(
            "customer-active",
            "block",
            "customer",
            f"{customer.name} is {customer.get_status_display().lower()}"
            + (f": {customer.status_reason}." if customer.status_reason else "."),
            "Unblock the customer, or bill another one.",
        )
    if customer.insolvent:
        yield Finding(
            "customer-insolvent",
            "warn",
            "customer",
            f"{customer.name} is insolvent.",
            "Ask the controller before new supplies.",
        )


def _duplicates(invoice: Invoice, lines: Sequence[Line], on: date) -> Iterable[Finding]:
    wanted = _terms(invoice) | {"payable": invoice.payable, "since": on - timedelta(days=_DUPLICATE_DAYS)}
    for other in rows_where(Invoice, _SAME_AMOUNT, wanted):
        theirs = {
            (line.description.lower(), line.quantity, line.unit_price, line.period_from)
            for line in rows_of(Line, "invoice_id", [other.pk])
        }
        ours = {
            (line.description.lower(), line.quantity, line.unit_price, line.period_from) for line in lines
        }
        exact = theirs == ours and other.supply_from == invoice.supply_from
        if exact or (other.issued_on and abs((other.issued_on - on).days) <= 7):
            yield Finding(
                "duplicate" if exact else "near-duplicate",
                "confirm",
                "lines",
                f"{other} bills the same customer "
                + ("exactly the same." if exact else "the same amount in the same week."),
                "Discard this draft, change it, or open it and say under “Check before issue” "
                "why both are right.",
            )
            return


def _unusual_amount(invoice: Invoice, past: Sequence[Decimal]) -> Iterable[Finding]:
    if len(past) >= 3 and invoice.payable >= _TENFOLD * median(past) > 0:
        yield Finding(
            "unusual-amount",
            "confirm",
            "lines",
            f"{invoice.payable:,.2f} {invoice.currency} is {invoice.payable / median(past):.0f} times what "
            f"{invoice.customer.name} usually gets ({median(past):,.2f}).",
            "Look for a slipped decimal point, or say why it is right.",
        )


def _look_alike(invoice: Invoice) -> Iterable[Finding]:
    if alike := similar_names(invoice.customer.name, invoice.customer_id)[:3]:
        yield Finding(
            "similar-customer",
            "confirm",
            "customer",
            "This is the first invoice for this customer, and the name is close to "
            + ", ".join(f"{c.name} ({c.number})" for c in alike)
            + ".",
            "Make sure it is the right one, and say so.",
        )


def _recipients(invoice: Invoice) -> Iterable[Finding]:
    if not contacts_for(invoice.customer, "billing"):
        yield Finding(
            "recipient",
            "warn",
            "customer",
            f"{invoice.customer.name} has no contact for invoices.",
            "Add a contact with the purpose Invoices; until then it cannot be sent.",
        )


_ORDER = ("block", "confirm", "warn", "info")


def _ordered(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda f: _ORDER.index(f.severity))
