"""Twelve months of the demo company: invoices, receipts, discounts, credits, returns, day by day."""

import heapq
import random
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count

from django.db import transaction

from core.money import round_money
from core.rows import rows_of
from customers.models import Customer
from integrations.demo.ground import LEITWEG, Company
from integrations.demo.reminding import EARLY, remind_day
from integrations.demo.tables import Good, Party
from invoices import operations as invoices
from invoices.inputs import DraftInput, LineInput
from invoices.models import Instalment, Invoice
from invoices.pricing import Book
from ledger.models import OpenItem
from payments import operations as payments
from payments.models import Payment
from policies.queries import clauses_of
from team.models import User
from team.roles import DEFAULT_LIMITS
from work.operations import NotYours

Act = Callable[[datetime], None]
ZERO = Decimal(0)
# How each kind of payer pays: days from the invoice ("early") or from the due day, at least and at most.
PAYERS: dict[str, tuple[int, int]] = {
    "early": (5, 9),
    "prompt": (-4, 2),
    "late": (4, 24),
    "slow": (28, 75),
    "part": (0, 12),
    "short": (0, 4),
    "over": (-2, 6),
    "dead": (-2, 4),
}
# What `per_month` is multiplied with: about 1,500 invoices in all.
_MONTHS = 10
# Those who pay no more stopped so many days ago.
_STOPPED = 150
_WHY = {
    "unusual-amount": "Agreed with the customer",
    "similar-customer": "Another company, checked",
    "duplicate": "A second order of the same",
    "near-duplicate": "A second order, same amount by chance",
}


@dataclass(frozen=True)
class How:
    """How somebody pays this time: `share` of it where they pay in parts; `luck` 0 to 1 decides the rest."""

    payer: str
    share: Decimal
    luck: float


def _amount(invoice: Invoice, owed: Decimal, how: How, on: date) -> Decimal:
    """What arrives: all of it, less the discount, a part, a little less or a little more."""
    if how.payer == "early" and invoice.policy_version is not None and invoice.issued_on is not None:
        offer = clauses_of(invoice.policy_version).early_discount
        if offer and (on - invoice.issued_on).days <= offer.days:
            return round_money(owed * (100 - offer.pct) / 100, invoice.currency)
    if how.payer == "part":
        return max(round_money(owed * how.share, invoice.currency), Decimal(1))
    if how.payer == "short" and owed > 100:
        return owed - Decimal(1 + int(how.luck * 3))
    if how.payer == "over" and how.luck < 0.3:
        return owed + Decimal(10 + int(how.luck * 500))
    return owed


@dataclass
class Year:
    """The agenda: acts by day, and the people and things they need. `chance` makes every run the same."""

    company: Company
    start: date
    today: date
    clock: Callable[[date], datetime]
    chance: random.Random
    agenda: list[tuple[date, int, Act]] = field(default_factory=list)
    drafts: dict[date, list[tuple[Party, Customer]]] = field(default_factory=dict)
    turn: Iterator[int] = field(default_factory=count)
    codes: list[str] = field(default_factory=list)

    def plan(self, codes: Collection[str], scale: float) -> int:
        """Decide who is billed when by these companies; returns how many invoices there will be."""
        planned, self.codes = 0, sorted(codes)
        days = (self.today - self.start).days
        for party, customer in self.company.customers.values():
            if party.entity not in codes:
                continue
            for _ in range(max(1, round(party.per_month * _MONTHS * scale))):
                on = self.workday(self.start + timedelta(days=self.chance.randrange(days)))
                self.drafts.setdefault(min(on, self.today), []).append((party, customer))
                planned += 1
        return planned

    def live(self, say: Callable[[str], None]) -> None:
        """Go through the days. One transaction a day; a broken load is begun again on a fresh database."""
        months = set()
        for number in range((self.today - self.start).days + 1):
            on = self.start + timedelta(days=number)
            with transaction.atomic():
                self._day(on)
                self._remind(on)
            if (on.year, on.month) not in months:
                months.add((on.year, on.month))
                say(f"{on:%B %Y}")

    def _remind(self, on: date) -> None:
        if (self.today - on).days in EARLY:
            for code in self.codes:
                remind_day(self.company.entities[code], on)

    def at(self, on: date, act: Act) -> None:
        """Put an act on the agenda of the first working day from `on`; what lies ahead of today stays out."""
        on = self.workday(max(on, self.start))
        if on <= self.today:
            heapq.heappush(self.agenda, (on, next(self.turn), act))

    @staticmethod
    def workday(on: date) -> date:
        """The day, or the Monday after a weekend."""
        return on + timedelta(days=max(0, 7 - on.weekday())) if on.weekday() > 4 else on

    def _day(self, on: date) -> None:
        now = self.clock(on)
        book = Book()
        ready = [self._written(party, customer, book, on, now) for party, customer in self.drafts.get(on, [])]
        if ready:
            done = invoices.issue_invoices(
                [invoice.pk for invoice in ready],
                actor=self.company.role("lead"),
                now=now,
                documents=False,
            )
            for refusal in done.refused.values():
                raise refusal
            self._expect(done.invoices)
        while self.agenda and self.agenda[0][0] <= on:
            heapq.heappop(self.agenda)[2](now)

    # ------------------------------------------------------------------------------------------- invoices
    def _written(self, party: Party, customer: Customer, book: Book, on: date, now: datetime) -> Invoice:
        draft = self.draft(party, customer, on)
        biller = self.company.biller(draft.entity)
        invoice = invoices.write_draft(draft, actor=biller, now=now, book=book)
        return self.approved(invoice, biller, now, book)

    def draft(self, party: Party, customer: Customer, on: date) -> DraftInput:
        """What the customer bought lately."""
        currency = party.currency or self.company.entities[party.entity].functional_currency
        begins = (on.replace(day=1) - timedelta(days=1)).replace(day=1)
        discount = Decimal(5) if self.chance.random() < 0.03 else None
        return DraftInput(
            entity=self.company.entities[party.entity],
            customer=customer,
            lines=self._lines(party, currency),
            supply_from=begins,
            supply_to=on.replace(day=1) - timedelta(days=1),
            po_number=self._order(party.po_pattern),
            buyer_reference=LEITWEG if party.country == "DE" and party.kind == "public" else "",
            discount_pct=discount,
            discount_reason="Framework agreement" if discount else "",
            overrides=_WHY,
        )

    def _lines(self, party: Party, currency: str) -> tuple[LineInput, ...]:
        basket = [pair for pair in self.company.goods.values() if pair[0].basket == party.basket]
        chosen = self.chance.sample(basket, k=self.chance.randint(2, min(4, len(basket))))
        # Goods go to customers at home: abroad they would need a document of their own.
        home = party.country == {"NWE": "IE", "NWI": "IN", "NWU": "US"}[party.entity]
        if home and self.chance.random() < 0.25:
            hardware = [
                pair for pair in self.company.goods.values() if pair[0].code in ("HW-METER", "HW-CLAMP")
            ]
            chosen.append(self.chance.choice(hardware))
        return tuple(
            LineInput(
                description=good.name,
                detail=good.detail,
                quantity=self._quantity(good, party.size),
                unit_price=good.prices[currency],
                item=item,
                unit=good.unit,
                tax_class=good.tax_class,
                kind=good.kind,
                hsn=good.hsn,
            )
            for good, item in chosen
        )

    def _quantity(self, good: Good, size: int) -> Decimal:
        middle = good.least + (good.most - good.least) * size / 6
        return Decimal(max(good.least, round(middle * self.chance.uniform(0.7, 1.3))))

    def _order(self, pattern: str) -> str:
        return re.sub(
            r"\\d\{(\d+)\}",
            lambda found: "".join(self.chance.choices("0123456789", k=int(found[1]))),
            pattern,
        )

    def approved(self, invoice: Invoice, author: User, now: datetime, book: Book | None = None) -> Invoice:
        """Submit it; the lowest person who may says yes where one is needed."""
        invoice = invoices.submit_invoice(invoice, actor=author, now=now, book=book)
        if invoice.document_status == Invoice.Status.APPROVED:
            return invoice
        approval = invoices.pending_approval(invoice)
        flags = [flag["key"] for flag in approval.flags]
        roles = [role for role, _ in DEFAULT_LIMITS[approval.kind]]
        for role in roles[max(0, roles.index(approval.needed_role)) :]:
            person = self._other(role, author)
            if person is None:
                continue
            try:
                return invoices.approve_invoice(invoice, actor=person, now=now, confirmed=flags)
            except NotYours:
                continue
        raise NotYours(f"Nobody may approve {invoice} of {invoice.payable} {invoice.currency}.")

    def _other(self, role: str, author: User) -> User | None:
        known = self.company.people
        if role == "specialist":
            colleague = known["Maria Keane" if author != known["Maria Keane"] else "Joel Hartman"]
            return colleague
        return known[role] if known[role] != author else None

    # ------------------------------------------------------------------------------------------- receipts
    def expect(self, issued: list[Invoice], chance: random.Random) -> None:
        """The same for invoices made elsewhere; their own `chance` leaves the rest of the year as it is."""
        own, self.chance = self.chance, chance
        self._expect(issued)
        self.chance = own

    def _expect(self, issued: list[Invoice]) -> None:
        """What each customer will do about these invoices."""
        parts: dict[int, list[Instalment]] = {}
        for part in rows_of(Instalment, "invoice_id", [invoice.pk for invoice in issued], order="number"):
            parts.setdefault(part.invoice_id, []).append(part)
        for invoice in issued:
            party, _ = self.company.customers[invoice.customer.name]
            fate = self.chance.random()
            if fate < 0.035:
                self.at(self._later(invoice, 3, 20), self._credit(invoice, in_full=fate < 0.008))
                if fate < 0.008:
                    continue
            for part in parts[invoice.pk]:
                self._expect_part(invoice, part, party)

    def _later(self, invoice: Invoice, least: int, most: int) -> date:
        assert invoice.issued_on is not None  # noqa: S101 (an issued invoice has its day)
        return invoice.issued_on + timedelta(days=self.chance.randint(least, most))

    def _expect_part(self, invoice: Invoice, part: Instalment, party: Party) -> None:
        least, most = PAYERS[party.payer]
        wait = self.chance.randint(least, most)
        on = (
            self._later(invoice, wait, wait) if party.payer == "early" else part.due_on + timedelta(days=wait)
        )
        if invoice.issued_on is not None:
            on = max(on, invoice.issued_on + timedelta(days=1))
        if party.payer == "dead" and on > self.today - timedelta(days=_STOPPED):
            return
        # Some of everybody's invoices get lost on the way.
        if self.chance.random() < 0.03:
            on += timedelta(days=self.chance.randint(20, 140))
        self.at(on, self._pay(invoice, part, party.payer))

    def _pay(self, invoice: Invoice, part: Instalment, payer: str) -> Act:
        how = How(payer, Decimal(self.chance.randint(30, 70)) / 100, self.chance.random())

        def act(now: datetime) -> None:
            [item] = rows_of(OpenItem, "id", [part.open_item_id or 0])
            if not item.open_amount:
                return
            amount = _amount(invoice, item.open_amount, how, now.date())
            used = payments.Part(item.pk, min(amount, item.open_amount), "Quoted on the transfer")
            payment = self._receive(invoice, amount, now)
            payments.allocate_payment(payment, [used], actor=self._cash, now=now)
            self._afterwards(invoice, part, payment, how)

        return act

    @property
    def _cash(self) -> User:
        return self.company.role("cash_applier")

    def _receive(self, invoice: Invoice, amount: Decimal, now: datetime) -> Payment:
        return payments.record_payment(
            payments.Receipt(
                entity=invoice.entity,
                customer=invoice.customer,
                received_on=min(now.date(), self.today),
                currency=invoice.currency,
                amount=amount,
                method=Payment.Method.BANK_TRANSFER,
                payer_name=invoice.customer.name,
                reference=str(invoice.number),
            ),
            actor=self._cash,
            now=now,
        )

    def _afterwards(self, invoice: Invoice, part: Instalment, payment: Payment, how: How) -> None:
        on = payment.received_on
        if how.payer == "part":
            if how.luck < 0.8:
                self.at(on + timedelta(days=25), self._pay(invoice, part, "prompt"))
        elif how.payer == "short":
            self.at(on + timedelta(days=2), self._let_go(invoice))
        elif how.luck > 0.988:
            self.at(on + timedelta(days=3), self._bounce(payment))
            self.at(on + timedelta(days=15), self._pay(invoice, part, "prompt"))

    def _let_go(self, invoice: Invoice) -> Act:
        def act(now: datetime) -> None:
            rest = Invoice.objects.get(pk=invoice.pk)
            if 0 < rest.balance <= 5:
                payments.write_off_difference(rest, actor=self._cash, now=now)

        return act

    def _bounce(self, payment: Payment) -> Act:
        def act(now: datetime) -> None:
            payments.bounce_payment(
                payment,
                on=min(now.date(), self.today),
                reason="Returned by the bank: account without funds",
                actor=self._cash,
                now=now,
            )

        return act

    def _credit(self, invoice: Invoice, *, in_full: bool) -> Act:
        code, reason = self.chance.choice(_REASONS)

        def act(now: datetime) -> None:
            fresh = Invoice.objects.get(pk=invoice.pk)
            biller = self.company.biller(invoice.entity)
            if in_full:
                note = invoices.credit_in_full(fresh, reason_code=code, reason=reason, actor=biller, now=now)
            else:
                line = fresh.lines.order_by("taxable").first()
                assert line is not None  # noqa: S101 (an issued invoice has lines)
                note = invoices.write_credit_note(
                    fresh,
                    {line.position: line.taxable},
                    reason_code=code,
                    reason=reason,
                    actor=biller,
                    now=now,
                )
            note = self.approved(note, biller, now)
            done = invoices.issue_invoices([note.pk], actor=biller, now=now, documents=False)
            for refusal in done.refused.values():
                raise refusal

        return act


_REASONS = (
    ("QTY", "Two meters were not read in the period"),
    ("PRC", "The framework price was agreed lower"),
    ("NDL", "The visit did not take place"),
    ("DUP", "Billed with the month before"),
    ("QLT", "The report came late and incomplete"),
)
