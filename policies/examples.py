"""What a policy means in days and money, worked out by the same rules that bill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.calendars import Calendar
from core.dates import add_days, in_words
from core.discount import discounted, last_day
from core.interest import DatedRate, late_interest, msmed_interest
from core.money import amount, plain
from core.terms import due_on, explain, instalments
from policies.clauses import REGIMES, Clauses, Interest

SAMPLE = Decimal(1000)
DAYS_LATE = 30


@dataclass(frozen=True)
class Example:
    """One worked example: the clause it explains, the days or amounts it gives, and a sentence."""

    key: str
    title: str
    text: str
    on: date | None = None
    amount: Decimal | None = None


def worked_examples(
    clauses: Clauses,
    on: date,
    currency: str,
    calendar: Calendar | None,
    *,
    reference_rates: Sequence[DatedRate] = (),
) -> list[Example]:
    """Due date, discount, interest and reminders for an invoice of 1,000 issued on `on`.

    Interest that rests on a reference rate is shown when `reference_rates` are given. Errors as in
    `core.terms.due_on`: a missing holiday calendar is said, not guessed.
    """
    sample = amount(SAMPLE, currency)
    due = due_on(on, clauses.terms, calendar=calendar)
    examples = _due(clauses, on, sample, currency, calendar)
    if clauses.early_discount:
        offer = clauses.early_discount
        until, pays = last_day(on, offer.days), discounted(sample, offer.pct, currency)
        whole = plain(sample, currency)
        text = f"Pay {plain(pays, currency)} {currency} instead of {whole} until {in_words(until)}."
        examples.append(Example("early_discount", "With the discount", text, until, pays))
    if clauses.late_interest:
        examples += _interest(clauses.late_interest, due, sample, currency, reference_rates)
    if clauses.ladder:
        step = next((step for step in clauses.ladder if step.day > 0), clauses.ladder[-1])
        day = add_days(due, step.day)
        text = (
            f"If nothing arrives, the step “{step.situation.replace('_', ' ')}” follows on {in_words(day)}."
        )
        examples.append(Example("reminders", "If it is forgotten", text, day))
    window = add_days(on, clauses.dispute_window_days)
    text = f"Tell us until {in_words(window)} if something is wrong with it."
    return [*examples, Example("disputes", "If something is wrong", text, window)]


def _due(
    clauses: Clauses, on: date, sample: Decimal, currency: str, calendar: Calendar | None
) -> list[Example]:
    if not clauses.instalments:
        text = explain(on, clauses.terms, calendar=calendar)
        return [
            Example("due_date", "When it is due", text, due_on(on, clauses.terms, calendar=calendar), sample)
        ]
    schedule = [(part.pct, part.terms) for part in clauses.instalments]
    parts = instalments(sample, on, schedule, currency, calendar=calendar)
    return [
        Example(
            "due_date",
            f"Part {part.number}",
            f"{plain(part.amount, currency)} {currency} on {explain(on, terms, calendar=calendar)}",
            part.due_on,
            part.amount,
        )
        for part, (_, terms) in zip(parts, schedule, strict=True)
    ]


def _interest(
    clause: Interest, due: date, sample: Decimal, currency: str, rates: Sequence[DatedRate]
) -> list[Example]:
    until = add_days(due, DAYS_LATE)
    regime = REGIMES[clause.regime]
    if regime.rate_mode == "contract":
        rates = [(date.min, Decimal(0))]
    if not rates:
        text = f"The reference rate for {until.isoformat()} is not entered yet, so no amount is shown."
        return [Example("late_interest", f"Paid {DAYS_LATE} days late", text)]
    if regime.rate_mode == "monthly":
        interest = msmed_interest(principal=sample, due=due, until=until, bank_rates=rates, currency=currency)
        extra, fixed = interest.interest, Decimal(0)
    else:
        result = late_interest(
            principal=sample,
            due=due,
            until=until,
            reference_rates=rates,
            currency=currency,
            margin=clause.margin,
            rate_mode="fixed" if regime.rate_mode == "fixed" else "floating",
            basis=clause.basis,
            compensation="EU" if clause.fixed_sum == "EU" else "UK" if clause.fixed_sum == "UK" else None,
        )
        extra, fixed = result.interest, result.compensation
    text = f"Paid on {in_words(until)}: {plain(extra, currency)} {currency} interest"
    text += f" and a fixed sum of {plain(fixed, currency)}." if fixed else "."
    return [Example("late_interest", f"Paid {DAYS_LATE} days late", text, until, extra + fixed)]
