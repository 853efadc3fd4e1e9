"""Reading statements, and the account a new one is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet, Sum
from django.utils.module_loading import import_string

from correspondence.models import Delivery
from customers.models import Customer
from customers.queries import matching
from entities import queries as entities
from entities.models import Entity
from invoices.models import Hold, Invoice
from ledger.models import Line, OpenItem
from payments import queries as payments
from payments.models import Payment
from payments.queries import Account
from statements.models import Mailing, Schedule, Statement
from statements.rules import Proof
from team.models import User

SORTS: Mapping[str, str] = {"day": "as_of", "made": "made_at", "closing": "closing"}
_MOST_CUSTOMERS = 50
_DOCUMENTS = ("invoice", "debit_note", "deposit", "credit_note", "discount", "tolerance")
ZERO = Decimal(0)
_PROMISES = "cases.queries.promised_as_of"
"""Which promises stood on a day. By name, because they lie above this app."""


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; "" or None leaves it open."""

    q: str = ""
    entity: int | None = None
    customer: int | None = None
    currency: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def is_narrow(self) -> bool:
        return any((self.q, self.entity, self.customer, self.currency, self.since, self.until))


def visible_to(user: User) -> QuerySet[Statement]:
    """Statements of the companies this person sees, with company and customer."""
    rows = Statement.objects.select_related("entity", "customer", "made_by").defer("content")
    return rows.filter(entity__in=entities.visible_to(user))


def listing(user: User, filters: Filters) -> QuerySet[Statement]:
    """The visible statements that match, in no order yet."""
    wanted = {
        "entity_id": filters.entity,
        "customer_id": filters.customer,
        "currency": filters.currency,
        "as_of__gte": filters.since,
        "as_of__lte": filters.until,
    }
    rows = visible_to(user).filter(**{name: value for name, value in wanted.items() if value})
    if words := filters.q.replace("\0", "").strip()[:100]:
        named = matching(Customer.objects.all(), words).order_by().values_list("pk", flat=True)
        rows = rows.filter(customer_id__in=list(named[:_MOST_CUSTOMERS]))
    return rows


def of_customer(customer: Customer, user: User) -> QuerySet[Statement]:
    """The customer's statements this person sees, newest first."""
    return visible_to(user).filter(customer=customer)


def deliveries_of(statement: Statement) -> QuerySet[Delivery]:
    """To whom it was sent and what became of it, newest first."""
    kind = ContentType.objects.get_for_model(Statement)
    rows = Delivery.objects.filter(message__about_type=kind, message__about_id=statement.pk)
    return rows.select_related("contact", "message").order_by("-pk")


def mailings_of(customer: Customer) -> QuerySet[Mailing]:
    """What became of the periods stated by themselves, newest first."""
    return Mailing.objects.filter(customer=customer).select_related("entity", "statement")


def problems_visible_to(user: User) -> QuerySet[Mailing]:
    """Periods that could not be stated, of the companies this person sees."""
    stuck = [Mailing.State.NOBODY, Mailing.State.REFUSED]
    rows = Mailing.objects.filter(state__in=stuck, entity__in=entities.visible_to(user))
    return rows.select_related("customer", "entity").order_by("-id")


def schedule_of(customer: Customer) -> Schedule | None:
    """How often the customer gets statements; None when nobody ever said."""
    return Schedule.objects.filter(customer=customer).first()


def effective_schedule(customer: Customer) -> Schedule | None:
    """What holds for the customer: their own choice, else the segment's; None when nobody ever said."""
    own = schedule_of(customer)
    if own is not None or customer.segment_id is None:
        return own
    return Schedule.objects.filter(segment=customer.segment_id).first()


def schedules_visible_to(user: User) -> QuerySet[Schedule]:
    """The choices of segments, and of the customers this person sees; segments first."""
    mine = Q(customer__entity__in=entities.visible_to(user)) | Q(customer=None)
    rows = Schedule.objects.filter(mine).select_related("customer", "segment", "changed_by")
    return rows.order_by("customer__name", "segment__name")


def mailings_visible_to(user: User) -> QuerySet[Mailing]:
    """What became of the periods of the companies this person sees."""
    rows = Mailing.objects.filter(entity__in=entities.visible_to(user))
    return rows.select_related("customer", "entity", "statement")


def accounts_of(customer_id: int) -> list[tuple[int, str]]:
    """(company, currency) of every account the customer has with us."""
    rows = OpenItem.objects.filter(customer_id=customer_id).order_by().values_list("entity_id", "currency")
    return sorted(rows.distinct())


# ------------------------------------------------------------------------------------------- the account
@dataclass(frozen=True)
class Promised:
    """A promise that stood: how much by when, for which invoices."""

    amount: Decimal
    on: date
    invoices: Sequence[int]


@dataclass(frozen=True)
class Reading:
    """The account of a day, what is marked on its documents, and the proof that it foots.

    `held`: invoice id -> what was under review that day. `promised`: the promises that stood. `numbers`:
    (source type, id) -> what to call it.
    """

    account: Account
    proof: Proof
    held: Mapping[int, Decimal]
    promised: Sequence[Promised]
    numbers: Mapping[tuple[str, int], str]


def read_account(customer: Customer, entity: Entity, currency: str, *, since: date, on: date) -> Reading:
    """The account as of a day, from postings and allocations dated up to it."""
    # The day after stands for today, so that even today's account is worked out from what is dated.
    found = payments.account_of(
        customer, on=on, today=on + timedelta(days=1), since=since, most=10**9, entity=entity
    )
    empty = payments.empty_account(currency, since=since, on=on)
    account = next((one for one in found if one.currency == currency), empty)
    moved = sum((row.amount for row in account.movements), ZERO)
    proof = Proof(
        opening=account.opening,
        moved=moved,
        closing=account.closing,
        debits=sum((row.open_amount for row in account.items), ZERO),
        credits=sum((row.open_amount for row in account.credits), ZERO),
        aged=account.outstanding,
        book=_booked(customer, entity, currency, on),
    )
    sources = {(row.source_type, row.source_id) for row in account.movements}
    invoices = {row.item.instalment.invoice_id for row in account.items if hasattr(row.item, "instalment")}
    return Reading(
        account, proof, _held(invoices, entity, on), _promised(invoices, entity, on), _numbers(sources)
    )


def _booked(customer: Customer, entity: Entity, currency: str, on: date) -> Decimal:
    lines = Line.objects.filter(customer=customer, currency=currency, entry__entity=entity, entry__on__lte=on)
    return lines.aggregate(total=Sum("amount"))["total"] or ZERO


def _promised(invoices: set[int], entity: Entity, on: date) -> list[Promised]:
    read = cast("Callable[..., list[Promised]]", import_string(_PROMISES))
    return read(entity, sorted(invoices), on) if invoices else []


def _held(ids: set[int], entity: Entity, on: date) -> dict[int, Decimal]:
    """What was under review at the end of the day, by invoice."""
    end = _end_of(on, entity)
    rows = Hold.objects.filter(Q(released_at=None) | Q(released_at__gte=end), placed_at__lt=end)
    rows = rows.filter(Q(until=None) | Q(until__gte=on), invoice_id__in=ids)
    sums = rows.order_by().values_list("invoice_id").annotate(total=Sum("amount"))
    return dict(sums)


def _end_of(on: date, entity: Entity) -> datetime:
    return datetime.combine(on + timedelta(days=1), time.min, tzinfo=ZoneInfo(entity.time_zone))


def _numbers(sources: set[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """What the customer knows the documents and payments by."""
    invoices = {pk for kind, pk in sources if kind in _DOCUMENTS}
    receipts = {pk for kind, pk in sources if kind == "payment"}
    numbers = dict(Invoice.objects.filter(pk__in=invoices).values_list("pk", "number"))
    references = dict(Payment.objects.filter(pk__in=receipts).values_list("pk", "reference"))
    named: dict[tuple[str, int], str] = {}
    for kind, pk in sources:
        found = references.get(pk) if kind == "payment" else numbers.get(pk) if kind in _DOCUMENTS else ""
        named[kind, pk] = str(found or "")
    return named
