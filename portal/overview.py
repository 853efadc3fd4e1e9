"""What a contact sees of everything between their company and us, ready as text in one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from cases.models import Plan, Promise
from core import formatting
from core.money import plain, round_money
from correspondence.models import Message
from customers.models import Contact, Customer
from entities.models import Entity
from entities.queries import bank_account, local_day
from feedback.models import Improvement
from feedback.queries import told_to
from invoices.documents.qr import NoPaymentCode, payment_code
from invoices.documents.view import bank_rows
from invoices.documents.writer import Writer, clean
from invoices.models import Invoice
from invoices.snapshots import payment_part, seller_part
from ledger.models import OpenItem
from portal.queries import Payment, pay_row
from portal.talks import Talk, talk_of, threads_of
from portal.words import Words
from statements.models import Statement

MOST = 200
_FEW = 12
ZERO = Decimal(0)


@dataclass(frozen=True)
class Bill:
    """One open document; `pk` is the invoice's."""

    pk: int
    number: str
    due: str
    late: str
    note: str
    open: str


@dataclass(frozen=True)
class Account:
    """What is open with one company in one currency, and how to pay all of it at once."""

    key: str
    company: str
    name: str
    total: str
    overdue_words: str
    credit_words: str
    bills: Sequence[Bill]
    more_words: str
    payment: Payment | None


@dataclass(frozen=True)
class OfferedPlan:
    """A plan as the customer is offered it, or as it runs. `terms` is the hash of what is accepted."""

    pk: int
    title: str
    parts: Sequence[tuple[str, str]]
    covers_words: str
    interest: str
    terms: str
    is_offer: bool


class Page:
    """Reads the parts of the page for one contact; every row is of the contact's own customer."""

    def __init__(self, contact: Contact, *, language: str, now: datetime) -> None:
        self.contact, self.customer = contact, contact.customer
        self.words, self.now = Words(language), now
        self.language = language
        self.seller = self.customer.entity
        self.today = local_day(self.seller, now)
        self._w = self._writer(self.seller, self.seller.functional_currency, ZERO)

    def accounts(self) -> list[Account]:
        """One per company and currency with something open, the largest sum of documents first."""
        groups: dict[tuple[int, str], list[OpenItem]] = {}
        for item in open_items(self.customer):
            groups.setdefault((item.entity_id, item.currency), []).append(item)
        marks = self._marks()
        return [self._account(items, currency, marks) for (_, currency), items in groups.items()]

    def _account(self, items: Sequence[OpenItem], currency: str, marks: Mapping[int, str]) -> Account:
        entity = items[0].entity
        today = local_day(entity, self.now)
        debits = [item for item in items if item.side == OpenItem.Side.DEBIT]
        asked = sum((item.open_amount - item.held_amount for item in debits), ZERO)
        late = [item for item in debits if (item.due_on or item.opened_on) < today]
        overdue = sum((item.open_amount - item.held_amount for item in late), ZERO)
        credit = sum((item.open_amount for item in items if item.side == OpenItem.Side.CREDIT), ZERO)
        w = self._writer(entity, currency, asked)
        return Account(
            key=f"{entity.pk}-{currency}",
            company=entity.legal_name or entity.name,
            name=f"{entity.name} {currency}",
            total=w.money(round_money(asked, currency)),
            overdue_words=self._say("my_overdue", w, overdue),
            credit_words=self._say("my_credit", w, credit),
            bills=[self._bill(item, w, today, marks) for item in debits[:MOST]],
            more_words=self.words.say("my_more", count=len(debits) - MOST) if len(debits) > MOST else "",
            payment=self._payment(w, asked) if asked > 0 else None,
        )

    def _say(self, key: str, w: Writer, amount: Decimal) -> str:
        """The phrase with the amount, "" for none."""
        return self.words.say(key, amount=w.money(round_money(amount, w.currency))) if amount else ""

    def _bill(self, item: OpenItem, w: Writer, today: date, marks: Mapping[int, str]) -> Bill:
        due = item.due_on or item.opened_on
        days = (today - due).days
        invoice = item.instalment.invoice_id if hasattr(item, "instalment") else 0
        held = round_money(item.held_amount, item.currency)
        note = self.words.say("held_note", amount=w.money(held)) if held else marks.get(invoice, "")
        return Bill(
            pk=invoice,
            number=item.reference,
            due=formatting.medium_date(due, w.locale),
            late=self.words.say("my_late_one" if days == 1 else "my_late", days=days) if days > 0 else "",
            note=note,
            open=w.money(round_money(item.open_amount, item.currency)),
        )

    def _marks(self) -> dict[int, str]:
        """Invoice -> that it is promised or in a plan."""
        marks: dict[int, str] = {}
        for promise in self._live_promises():
            day = formatting.medium_date(promise.promised_on, self._w.locale)
            for row in promise.covers.all():
                marks[row.invoice_id] = self.words.say("my_promised", date=day)
        for plan in self._live_plans():
            if plan.state == Plan.State.CURRENT:
                marks |= {row.invoice_id: self.words["my_in_plan"] for row in plan.covers.all()}
        return marks

    def _writer(self, entity: Entity, currency: str, asked: Decimal) -> Writer:
        content: dict[str, Any] = {
            "language": self.language,
            "currency": currency,
            "document_type": "invoice",
            "number": self.customer.number,
            "seller": seller_part(entity, []),
            "buyer": {"name": self.customer.name},
            "payment": payment_part(bank_account(entity, currency), None, self.customer.number),
            "totals": {"due": plain(round_money(asked, currency), currency)},
        }
        return Writer(clean(content))

    def _payment(self, w: Writer, asked: Decimal) -> Payment | None:
        rows = bank_rows(w)
        if not rows:
            return None
        code, label, kind = "", "", ""
        try:
            found = payment_code(dict(w.s), amount=round_money(asked, w.currency))
            code, kind = found.data_uri(scale=4, border=2), found.kind
            label = w.say(f"qr_{kind}", amount=w.money(round_money(asked, w.currency)))
        except NoPaymentCode:
            pass  # the rows say it all; a wrong code would be worse
        shown = [pay_row(row, self.words) for row in rows]
        return Payment(w.words["bank_transfer"], shown, code, label, kind, [self.words["my_state_numbers"]])

    # ------------------------------------------------------------------------------ promises and plans
    def _live_promises(self) -> list[Promise]:
        live = [Promise.State.OPEN, Promise.State.WAITING]
        rows = Promise.objects.filter(customer=self.customer, state__in=live).prefetch_related(
            "covers__invoice"
        )
        return list(rows.order_by("promised_on", "pk"))

    def _live_plans(self) -> list[Plan]:
        return list(plans_of(self.customer).prefetch_related("parts", "covers__invoice"))

    def promises(self) -> list[tuple[str, str]]:
        """(what was promised for when, the invoices) of each promise that stands."""
        said = []
        for promise in self._live_promises():
            amount = formatting.money(
                round_money(promise.amount, promise.currency), promise.currency, self._w.locale
            )
            day = formatting.long_date(promise.promised_on, self._w.locale)
            numbers = ", ".join(str(row.invoice.number) for row in promise.covers.all())
            said.append((self.words.say("promise_live", amount=amount, date=day), numbers))
        return said

    def plans(self) -> list[OfferedPlan]:
        """Offers first, then what runs."""
        plans = sorted(self._live_plans(), key=lambda plan: (plan.state != Plan.State.OFFERED, plan.pk))
        return [self._plan(plan) for plan in plans]

    def _plan(self, plan: Plan) -> OfferedPlan:
        def money(amount: Decimal) -> str:
            return formatting.money(round_money(amount, plan.currency), plan.currency, self._w.locale)

        is_offer = plan.state == Plan.State.OFFERED
        return OfferedPlan(
            pk=plan.pk,
            title=self.words.say("my_plan_offer" if is_offer else "my_plan_runs", amount=money(plan.total)),
            parts=[
                (formatting.long_date(part.due_on, self._w.locale), money(part.amount))
                for part in plan.parts.all()
            ],
            covers_words=self.words.say(
                "my_plan_covers", numbers=", ".join(str(row.invoice.number) for row in plan.covers.all())
            ),
            interest=self.words.say("my_plan_interest", amount=money(plan.interest)) if plan.interest else "",
            terms=plan.terms_hash,
            is_offer=is_offer,
        )

    # --------------------------------------------------------------------------------------- the others
    def statements(self) -> list[tuple[Statement, str, str]]:
        """(statement, its day, its balance), newest first."""
        return [
            (
                row,
                formatting.long_date(row.as_of, self._w.locale),
                formatting.money(round_money(row.closing, row.currency), row.currency, self._w.locale),
            )
            for row in statements_of(self.customer)[:_FEW]
        ]

    def talks(self) -> list[Talk]:
        """The contact's conversations, the latest first."""
        return [talk_of(thread, self.words, self._w) for thread in threads_of(self.contact)[:_FEW]]

    def improved(self) -> list[tuple[str, Improvement]]:
        """(day, what was said and done) of what was improved because of them, the newest first."""
        return [
            (formatting.long_date(local_day(self.customer.entity, row.at), self._w.locale), row.improvement)
            for row in told_to(self.customer)[:_FEW]
        ]


def open_items(customer: Customer) -> list[OpenItem]:
    """Everything open of the customer, by company, currency and due day."""
    rows = OpenItem.objects.filter(customer=customer, open_amount__gt=0)
    rows = rows.select_related("entity", "instalment")
    return list(rows.order_by("entity__name", "currency", "due_on", "opened_on", "pk"))


def open_invoices(customer: Customer) -> QuerySet[Invoice]:
    """The customer's issued invoices with something to pay, by due day."""
    rows = Invoice.objects.filter(
        customer=customer, document_status=Invoice.Status.ISSUED, balance__gt=0, snapshot__isnull=False
    ).exclude(document_type=Invoice.Type.CREDIT_NOTE)
    return rows.select_related("entity", "snapshot").order_by("next_due_on", "pk")


def plans_of(customer: Customer) -> QuerySet[Plan]:
    """Plans the customer may see: offered ones and those that run. What was not approved is ours alone."""
    seen = [Plan.State.OFFERED, Plan.State.CURRENT]
    return Plan.objects.filter(customer=customer, state__in=seen).select_related("entity").order_by("pk")


def statements_of(customer: Customer) -> QuerySet[Statement]:
    """Statements the customer was sent or made here; what a colleague only looked at is not among them."""
    sent = Message.objects.filter(
        situation="statement", about_id=OuterRef("pk"), about_type__model="statement", customer=customer
    )
    rows = Statement.objects.filter(customer=customer).defer("content")
    return (
        rows.filter(Q(made_by=None) | Exists(sent))
        .select_related("entity", "customer")
        .order_by("-as_of", "-pk")
    )


def colleagues_of(contact: Contact) -> QuerySet[Contact]:
    """Whom else at the customer we write to."""
    return contact.customer.contacts.filter(is_active=True).exclude(pk=contact.pk).order_by("name", "pk")
