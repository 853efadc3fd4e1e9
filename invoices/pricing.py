"""Working a draft out: taxes of the day, totals, exchange rate, due dates. Reads, writes nothing.

One `Book` serves one run, also of thousands of documents: it looks every shared thing up once.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar, cast

from catalogue.queries import Facts, TaxDecision, prices_of, tax_of
from catalogue.rules import COMPONENTS
from core.calendars import Calendar
from core.errors import Invalid, Problem, problem
from core.money import LARGEST
from core.money import amount as exact_amount
from core.terms import explain, instalments, parse_terms
from customers.codes import clean_language
from customers.models import BillingRequirement, Customer
from customers.queries import BillingProfile, billing_profile, requirements_of_many
from entities import queries as entities
from entities.models import BankAccount, Entity, TaxRegistration
from invoices.inputs import ChargeInput, DraftInput, LineInput
from invoices.models import Invoice
from invoices.rules import Adjustment, Line, Totals, invoice_totals
from invoices.totals import ONE_TAX
from policies.models import PolicyVersion
from policies.queries import clauses_of, version_in_force
from policies.rules import Clauses

Value = TypeVar("Value")


class Book:
    """Look-ups of one run, each asked once."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Any] = {}
        self._taxes = Facts()

    def _once(self, key: Hashable, ask: Callable[[], Value]) -> Value:
        if key not in self._kept:
            self._kept[key] = ask()
        return cast("Value", self._kept[key])

    def calendar(self, entity: Entity) -> Calendar:
        return self._once(("calendar", entity.pk), lambda: entities.calendar_of(entity))

    def rate(self, currency: str, entity: Entity, on: date) -> entities.Rate:
        functional = entity.functional_currency
        return self._once(
            ("rate", currency, functional, on), lambda: entities.rate_on(currency, functional, on)
        )

    def profile(self, customer: Customer, entity: Entity, on: date) -> BillingProfile:
        return self._once(
            ("profile", customer.pk, entity.pk, on), lambda: billing_profile(customer, entity, on)
        )

    def policy(self, customer: Customer, entity: Entity, on: date) -> PolicyVersion | None:
        policy = self.profile(customer, entity, on).payment_policy
        if policy is None:
            return None
        return self._once(("policy", policy.pk, on), lambda: version_in_force(policy, on))

    def clauses(self, version: PolicyVersion) -> Clauses:
        return self._once(("clauses", version.pk), lambda: clauses_of(version))

    def tax(self, entity: Entity, customer: Customer, tax_class: str, kind: str, on: date) -> TaxDecision:
        return self._once(
            ("tax", entity.pk, customer.pk, tax_class, kind, on),
            lambda: tax_of(entity, customer, tax_class=tax_class, kind=kind, on=on, facts=self._taxes),
        )

    def load_tax_numbers(self, customers: Iterable[Customer]) -> None:
        """Look the tax numbers of many customers up in one query."""
        self._taxes.load(customer.pk for customer in customers)

    def prices(self, items: Iterable[int], currency: str, on: date) -> dict[int, Decimal | None]:
        """The list price of each item; those not asked before are asked together."""
        known: dict[int, Decimal | None] = self._once(("prices", currency, on), dict)
        if new := {pk for pk in items if pk not in known}:
            found = prices_of(new, currency, on)
            known |= {pk: found.get(pk) for pk in new}
        return known

    def requirements(self, customer: Customer, entity: Entity, on: date) -> list[BillingRequirement]:
        return self._once(
            ("requirements", customer.pk, entity.pk, on),
            lambda: requirements_of_many([customer], entity, on)[customer.pk],
        )

    def load_requirements(self, invoices: Sequence[Invoice], on: date) -> None:
        """Look the requirements of many documents up in one query; those planned for another day wait."""
        by_entity: dict[int, dict[int, Customer]] = {}
        entities_by_id = {invoice.entity_id: invoice.entity for invoice in invoices}
        for invoice in invoices:
            by_entity.setdefault(invoice.entity_id, {})[invoice.customer_id] = invoice.customer
        for entity_id, found in by_entity.items():
            rows = requirements_of_many(list(found.values()), entities_by_id[entity_id], on)
            self._kept |= {("requirements", pk, entity_id, on): held for pk, held in rows.items()}

    def bank_account(self, entity: Entity, currency: str) -> BankAccount | None:
        return self._once(("bank", entity.pk, currency), lambda: entities.bank_account(entity, currency))

    def tax_numbers(self, entity: Entity, on: date) -> list[TaxRegistration]:
        return self._once(("numbers", entity.pk, on), lambda: entities.tax_numbers(entity, on))


@dataclass(frozen=True)
class Due:
    """One instalment: when, how much, and in words why then."""

    number: int
    due_on: date
    amount: Decimal
    reason: str


@dataclass(frozen=True)
class Worked:
    """A draft worked out for one day."""

    on: date
    currency: str
    language: str
    terms: str
    rate: entities.Rate
    policy: PolicyVersion | None
    taxes: tuple[TaxDecision, ...]
    charge_taxes: tuple[TaxDecision, ...]
    totals: Totals
    due: tuple[Due, ...]
    list_prices: tuple[Decimal | None, ...]
    texts: tuple[str, ...]
    reviews: tuple[str, ...]


def work_out(draft: DraftInput, *, today: date, book: Book, prepaid: Decimal = Decimal(0)) -> Worked:
    """Everything that follows from the input on its day. `Invalid` names the field at fault.

    `prepaid` is what deposits were billed for before, with their tax.
    """
    _refuse_empty(draft)
    on = draft.tax_point_on or draft.planned_on or today
    entity, customer = draft.entity, draft.customer
    profile = book.profile(customer, entity, on)
    currency = draft.currency or profile.currency
    rate = book.rate(currency, entity, on)
    taxes = tuple(book.tax(entity, customer, line.tax_class, line.kind, on) for line in draft.lines)
    charge_taxes = tuple(
        book.tax(entity, customer, charge.tax_class, "service", on) for charge in draft.charges
    )
    _refuse_fractions(draft, currency)
    totals = _totals(draft, currency, taxes, charge_taxes, prepaid)
    _refuse_huge(totals, rate)
    policy = book.policy(customer, entity, draft.planned_on or today)
    terms = draft.terms or profile.terms_override or (book.clauses(policy).terms if policy else "")
    if not terms and profile.payment_policy is not None:
        raise Invalid(
            f"“{profile.payment_policy}” was not in force yet on {draft.planned_on or today}.",
            field="planned_on",
            rule="a_policy_is_in_force_on_its_day",
            mend="Choose a later issue day, or type the payment terms that were agreed.",
        )
    parse_terms(terms or "NET 0")
    due = due_dates(
        totals.due,
        base=draft.planned_on or today,
        terms=terms or "NET 0",
        # Instalments are the policy's; terms agreed apart, or others typed in, replace them.
        schedule=()
        if policy is None or profile.terms_override or terms != book.clauses(policy).terms
        else schedule_of(book.clauses(policy)),
        currency=currency,
        calendar=book.calendar(entity),
    )
    listed = book.prices([line.item.pk for line in draft.lines if line.item], currency, on)
    prices = tuple(listed[line.item.pk] if line.item else None for line in draft.lines)
    decisions = [*taxes, *charge_taxes]
    return Worked(
        on=on,
        currency=currency,
        language=clean_language(draft.language) if draft.language else profile.language,
        terms=terms or "NET 0",
        rate=rate,
        policy=policy,
        taxes=taxes,
        charge_taxes=charge_taxes,
        totals=totals,
        due=due,
        list_prices=prices,
        texts=tuple(dict.fromkeys(d.text for d in decisions if d.text)),
        reviews=tuple(dict.fromkeys(d.review for d in decisions if d.review)),
    )


def _refuse_fractions(draft: DraftInput, currency: str) -> None:
    """Refuse amounts with more decimals than the currency has, by the names of the input."""
    if draft.discount_amount is not None:
        exact_amount(draft.discount_amount, currency, field="discount_amount")
    for number, charge in enumerate(draft.charges):
        exact_amount(charge.amount, currency, field=f"charges[{number}].amount")


def _refuse_huge(totals: Totals, rate: entities.Rate) -> None:
    """Refuse what the columns cannot hold, in the document's currency or in the books."""
    for number, line in enumerate(totals.lines):
        if abs(line.net) >= LARGEST:
            raise _huge(f"lines[{number}]")
    if max(abs(totals.gross), abs(totals.due)) * max(rate.rate, Decimal(1)) >= LARGEST:
        raise _huge("lines")


def _huge(field: str) -> Invalid:
    return Invalid(
        "This comes to an amount of more than fifteen digits.",
        field=field,
        rule="an_amount_can_be_kept",
        mend="Check quantity and price.",
    )


def due_dates(
    payable: Decimal,
    *,
    base: date,
    terms: str,
    schedule: Sequence[tuple[Decimal, str]],
    currency: str,
    calendar: Calendar,
) -> tuple[Due, ...]:
    """When what is payable falls due, counted from `base`, with the reason in words."""
    steps = list(schedule) or [(Decimal(100), terms)]
    parts = instalments(payable, base, steps, currency, calendar=calendar)
    return tuple(
        Due(part.number, part.due_on, part.amount, explain(base, step, calendar=calendar)[:200])
        for part, (_, step) in zip(parts, steps, strict=True)
    )


def schedule_of(clauses: Clauses) -> list[tuple[Decimal, str]]:
    """The policy's instalments as (percent, terms); empty when everything is due at once."""
    return [(part.pct, part.terms) for part in clauses.instalments]


def _totals(
    draft: DraftInput,
    currency: str,
    taxes: Sequence[TaxDecision],
    charge_taxes: Sequence[TaxDecision],
    prepaid: Decimal,
) -> Totals:
    regimes = {decision.regime for decision in taxes if decision.regime}
    india = COMPONENTS[regimes.pop()] if len(regimes) == 1 else ONE_TAX
    return invoice_totals(
        [_rule_line(line, decision) for line, decision in zip(draft.lines, taxes, strict=True)],
        currency=currency,
        discount_pct=draft.discount_pct or Decimal(0),
        discount=draft.discount_amount or Decimal(0),
        charges=[_rule_charge(c, d) for c, d in zip(draft.charges, charge_taxes, strict=True)],
        tax_rounding="line" if draft.entity.tax_rounding == "line" else "group",
        components=india,
        prepaid=prepaid,
    )


def _rule_line(line: LineInput, decision: TaxDecision) -> Line:
    return Line(
        qty=line.quantity,
        price=line.unit_price,
        category=decision.category,
        rate=decision.rate,
        base_qty=line.base_quantity,
        discount_pct=line.discount_pct or Decimal(0),
    )


def _rule_charge(charge: ChargeInput, decision: TaxDecision) -> Adjustment:
    return Adjustment(decision.category, decision.rate, charge.amount, charge.reason)


def _refuse_empty(draft: DraftInput) -> None:
    problems = [found for number, line in enumerate(draft.lines) for found in _line_faults(number, line)]
    problems += _document_faults(draft)
    if problems:
        first = problems[0]
        raise Invalid(
            first["message"], field=first["field"], rule=first["rule"], mend=first["mend"], problems=problems
        )


def _line_faults(number: int, line: LineInput) -> Iterator[Problem]:
    where, name = f"lines[{number}]", f"Line {number + 1}"
    if len(line.description.strip()) < 3:
        yield problem(
            f"{name} says too little.",
            field=f"{where}.description",
            rule="EU-6",
            mend="Describe what was supplied in at least three characters.",
        )
    if line.quantity < 0 and not line.is_deduction and not (line.item and line.item.allows_negative):
        yield problem(
            f"{name}: the quantity is negative.",
            field=f"{where}.quantity",
            rule="quantity_not_negative",
            mend="Use a discount, a deduction item, or a credit note.",
        )
    if line.tax_class == "exempt" and not line.exemption_reason:
        yield problem(
            f"{name} is exempt and says no reason.",
            field=f"{where}.exemption_reason",
            rule="E-REASON",
            mend="Name the provision that exempts it, like Art. 132(1)(i).",
        )
    if line.period_from and line.period_to and line.period_to < line.period_from:
        yield problem(
            f"{name}: the period ends before it begins.",
            field=f"{where}.period_to",
            rule="a_line_period_ends_after_it_begins",
            mend="Swap the two days.",
        )


def _document_faults(draft: DraftInput) -> Iterator[Problem]:
    if not draft.lines:
        yield problem(
            "The invoice has no lines.", field="lines", rule="an_invoice_bills_something", mend="Add a line."
        )
    if draft.discount_amount is not None and draft.discount_amount < 0:
        yield problem(
            "A discount is not negative: it would raise the bill.",
            field="discount_amount",
            rule="a_discount_lowers_the_bill",
            mend="Bill more by a line or a charge.",
        )
    for number, charge in enumerate(draft.charges):
        if charge.amount < 0:
            yield problem(
                "A charge is not negative: it would be a discount without a name.",
                field=f"charges[{number}].amount",
                rule="a_charge_raises_the_bill",
                mend="Give a discount on the document, or a line that deducts.",
            )
    if (draft.discount_pct or draft.discount_amount) and not draft.discount_reason.strip():
        yield problem(
            "A discount on the document needs a reason.",
            field="discount_reason",
            rule="BR-33",
            mend="Say why it is given.",
        )
    if draft.supply_from and draft.supply_to and draft.supply_to < draft.supply_from:
        yield problem(
            "The supply ends before it begins.",
            field="supply_to",
            rule="a_supply_ends_after_it_begins",
            mend="Swap the two days.",
        )
