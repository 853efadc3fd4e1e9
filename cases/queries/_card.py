"""What to know before speaking to a customer: one card, read in a few statements."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Q, QuerySet

from cases import rules
from cases.models import Call, Case, Escalation, HandOver, Plan, Promise
from cases.queries._cases import risk_of, visible_to
from correspondence.models import Message
from customers.models import Contact
from customers.queries import contacts_for
from entities.queries import local_day
from invoices.models import Hold
from ledger.models import OpenItem
from payments.models import Payment
from team.models import User
from team.queries import people_with_role

_FEW = 6
_MOST_ITEMS = 200


@dataclass(frozen=True)
class Share:
    """A term of the risk with its part of the largest, 0 to 100, for the bar beside it."""

    term: rules.Term
    width: int


@dataclass(frozen=True)
class Card:
    """Everything the context card shows."""

    case: Case
    days_late: int
    risk: rules.Risk
    shares: list[Share]
    contacts: list[Contact]
    items: list[OpenItem]
    more_items: int
    promises: list[Promise]
    kept: int
    judged: int
    plans: list[Plan]
    holds: list[Hold]
    receipts: list[Payment]
    calls: list[Call]
    messages: list[Message]

    @property
    def contact(self) -> Contact | None:
        """Whom to call first."""
        return next((one for one in self.contacts if one.phone), self.contacts[0] if self.contacts else None)


def card_of(case: Case, *, now: datetime, items: int = _FEW) -> Card:
    """The card of a case; at most `items` open items are listed."""
    risk = risk_of(case)
    most = max((abs(term.amount) for term in risk.terms), default=Decimal(0))
    rows = list(open_items_of(case)[: _MOST_ITEMS + 1])
    judged = Promise.objects.filter(customer=case.customer, judged_at__isnull=False).aggregate(
        all=Count("pk"), kept=Count("pk", filter=Q(state=Promise.State.KEPT))
    )
    return Card(
        case=case,
        days_late=days_late(case, now=now),
        risk=risk,
        shares=[Share(term, int(abs(term.amount) / most * 100) if most else 0) for term in risk.terms],
        contacts=contacts_for(case.customer, "reminders"),
        items=rows[:items],
        more_items=max(0, len(rows) - items),
        promises=list(
            Promise.objects.filter(customer=case.customer).select_related("entity").order_by("-id")[:_FEW]
        ),
        kept=judged["kept"],
        judged=judged["all"],
        plans=list(Plan.objects.filter(customer=case.customer).order_by("-id")[:3]),
        holds=list(
            Hold.objects.filter(
                invoice__customer=case.customer, invoice__entity=case.entity, released_at__isnull=True
            ).select_related("invoice")[:_FEW]
        ),
        receipts=list(
            Payment.objects.filter(
                customer=case.customer, entity=case.entity, state="received", open_item__open_amount__gt=0
            ).select_related("open_item")[:_FEW]
        ),
        calls=list(calls_of(case)[:_FEW]),
        messages=list(Message.objects.filter(customer=case.customer).order_by("-id")[:_FEW]),
    )


def days_late(case: Case, *, now: datetime) -> int:
    """How long the oldest item of a case is late."""
    if case.oldest_due_on is None:
        return 0
    return max(0, (local_day(case.entity, now) - case.oldest_due_on).days)


def open_items_of(case: Case) -> QuerySet[OpenItem]:
    """What the customer owes the company, the oldest first, as the book has it now."""
    return (
        OpenItem.objects.filter(
            customer=case.customer_id, entity=case.entity_id, side="debit", open_amount__gt=0
        )
        .select_related("instalment__invoice")
        .order_by("due_on", "opened_on", "id")
    )


def calls_of(case: Case) -> QuerySet[Call]:
    """The notes of a customer's cases at the company that nobody corrected, newest first."""
    return (
        Call.objects.filter(
            case__customer=case.customer_id, case__entity=case.entity_id, corrected_by__isnull=True
        )
        .select_related("by", "contact", "corrects")
        .order_by("-id")
    )


def escalations_of(case: Case) -> QuerySet[Escalation]:
    """The way up so far."""
    return case.escalations.select_related("to", "deputy_of")


def hand_overs_of(case: Case) -> QuerySet[HandOver]:
    """Hand-overs of a case, newest first."""
    return case.hand_overs.select_related("asked_by", "job")


def hand_overs_visible_to(user: User) -> QuerySet[HandOver]:
    """Hand-overs of the companies this person sees."""

    return HandOver.objects.filter(case__in=visible_to(user).order_by().values("pk")).select_related(
        "case__customer", "case__entity", "asked_by", "job"
    )


def calls_visible_to(user: User) -> QuerySet[Call]:
    """Call notes of the companies this person sees."""

    return Call.objects.filter(case__in=visible_to(user).order_by().values("pk")).select_related(
        "case__customer", "by", "contact"
    )


def colleagues() -> list[User]:
    """Who may be given a case."""
    return list(people_with_role("collector", "lead", "controller").order_by("name"))
