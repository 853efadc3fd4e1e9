"""Reading late charges, the debts behind an invoice over time, and the rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet

from charges import rules
from charges.models import Charge, ChargePart, ReferenceRate
from charges.rules import NotChargeable, Terms
from core.interest import DatedRate
from customers.models import Customer
from entities import queries as entities
from invoices.models import Instalment, Invoice
from ledger.models import Allocation, OpenItem
from policies.clauses import REGIMES
from policies.queries import clauses_of
from team.models import User

DISCARDED = Invoice.Status.DISCARDED


def visible_to(user: User) -> QuerySet[Charge]:
    """The late charges of the companies this person works for."""
    return Charge.objects.filter(entity__in=entities.visible_to(user)).select_related(
        "invoice", "document", "customer", "entity"
    )


def charges_of(invoice: Invoice) -> QuerySet[Charge]:
    """What was charged for one late invoice, the latest first."""
    return Charge.objects.filter(invoice=invoice).select_related("document").order_by("-id")


def kinds_charged(invoice: Invoice, step: int, items: Iterable[int]) -> set[str]:
    """The kinds a reminder step charged for any of these open items before; a draft thrown away counts."""
    rows = ChargePart.objects.filter(charge__invoice=invoice, step=step, instalment__open_item__in=items)
    return set(rows.order_by().values_list("kind", flat=True))


def waiting_to_send() -> QuerySet[Charge]:
    """Charges whose document is issued and whose mail is not written, with the reason unknown so far."""
    return Charge.objects.filter(
        message__isnull=True, unsent_reason="", document__document_status=Invoice.Status.ISSUED
    ).order_by("pk")


def waivers_of(charge: Charge) -> QuerySet[Invoice]:
    """The credit notes that waive some of a charge, the latest first; discarded ones left out."""
    found = charge.document.credit_notes.exclude(document_status=DISCARDED)
    return found.select_related("created_by").order_by("-id")


# -------------------------------------------------------------------------------------------------- rates
def rates_of(source: str) -> list[DatedRate]:
    """The published rates of a source as (day from which, percent)."""
    return list(ReferenceRate.objects.filter(source=source).values_list("valid_from", "rate"))


def missing_half_years(on: date) -> list[tuple[str, date]]:
    """(source, day) of current half-years nobody entered a rate for."""
    start = date(on.year, 7 if on.month > 6 else 1, 1)
    known = set(ReferenceRate.objects.filter(valid_from=start).values_list("source", flat=True))
    return [(source, start) for source in sorted(rules.HALF_YEARS - known)]


# ------------------------------------------------------------------------------------------ what is owed
def terms_of(invoice: Invoice) -> Terms:
    """The clause of late interest in the policy pinned to the invoice; refused without one."""
    clause = clauses_of(invoice.policy_version).late_interest if invoice.policy_version else None
    if clause is None:
        raise NotChargeable(
            f"The payment policy of {invoice} names no late interest.",
            rule="the_policy_names_late_interest",
            mend="Put the clause into the policy; it holds for invoices issued afterwards.",
        )
    terms = Terms(clause.regime, clause.margin, clause.basis, clause.fixed_sum)
    return rules.terms_for(terms, consumer=invoice.customer.kind == Customer.Kind.CONSUMER)


def legal_basis(terms: Terms) -> str:
    """By what right, in words."""
    return "Agreed in the payment terms" if terms.regime == "contract" else REGIMES[terms.regime].source


def debts_of(invoice: Invoice) -> list[tuple[Instalment, rules.Debt]]:
    """The instalments of an issued invoice as debts over time, from the ledger.

    A receipt lowers the debt on the day the money came, whenever it was allocated. A credit note of this
    invoice says that it was never owed. What was undone counts as if it had never been.
    """
    parts = list(
        invoice.instalments.filter(open_item__isnull=False).select_related("open_item").order_by("number")
    )
    moves: dict[int, list[Allocation]] = {}
    found = Allocation.objects.filter(debit__in=[part.open_item_id for part in parts])
    for move in found.select_related("credit__payment", "reversal_of__credit__payment").order_by("id"):
        moves.setdefault(move.debit_id or 0, []).append(move)
    own = set(invoice.credit_notes.values_list("number", flat=True))
    return [(part, _debt(part, moves.get(part.open_item_id or 0, ()), own)) for part in parts]


def _debt(part: Instalment, moves: Sequence[Allocation], own_notes: set[str | None]) -> rules.Debt:
    item = part.open_item
    assert item is not None  # noqa: S101 (only parts with an item are asked)
    amount = item.amount
    payments: list[tuple[date, Decimal]] = []
    for move in moves:
        origin = move.reversal_of or move
        if origin.kind == Allocation.Kind.CREDIT and origin.credit and origin.credit.reference in own_notes:
            amount -= move.amount
        else:
            payments.append((_day_of(origin), move.amount))
    return rules.Debt(
        key=part.pk,
        due=item.due_on or part.due_on,
        amount=amount,
        payments=tuple(payments),
        excluded=item.held_amount,
    )


def _day_of(move: Allocation) -> date:
    """When the money was there: the receipt's day, else that of the allocation."""
    credit = move.credit
    if move.kind == Allocation.Kind.PAYMENT and credit is not None and credit.kind == OpenItem.Kind.RECEIPT:
        # The credit may have entered the book later: its payer was found then, its month was closed.
        return credit.payment.received_on
    return move.on


def listing(user: User, *, state: str = "", text: str = "") -> QuerySet[Charge]:
    """The visible charges that match: `state` open, settled or waiting (for approval)."""
    states = {
        "open": Q(document__document_status=Invoice.Status.ISSUED, document__balance__gt=0),
        "settled": Q(document__document_status__in=["issued", "cancelled"], document__balance=0),
        "waiting": Q(document__document_status__in=["draft", "pending_approval", "approved"]),
        "waiver": Q(document__credit_notes__document_status__in=["pending_approval", "approved"]),
    }
    found = visible_to(user).filter(states.get(state, Q()))
    words = text.replace("\0", "").strip()[:60]
    if words:
        found = found.filter(
            Q(customer__name__icontains=words)
            | Q(invoice__number__istartswith=words)
            | Q(document__number__istartswith=words)
        )
    return found.distinct() if state == "waiver" else found
