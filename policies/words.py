"""A policy in plain words: every clause as a sentence, what changed between versions, how easy it reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from core.errors import Problem, problem
from core.money import round_to
from core.terms import Terms, parse_terms
from policies.clauses import REGIMES, TITLES, Clauses, Step

# Clauses only people can write; the others say themselves what the engine does.
PROSE = (
    "scope",
    "overpayment",
    "suspension",
    "payment_plans",
    "tax",
    "delivery",
    "data_protection",
    "contacts",
    "law",
)
_METHOD_NAMES = {
    "bank_transfer": "bank transfer",
    "direct_debit": "direct debit",
    "card": "card",
    "upi": "UPI",
    "cheque": "cheque",
    "cash": "cash",
}
_ORDER_NAMES = {
    "remittance": "your remittance advice",
    "reference": "the invoices you name",
    "exact_amount": "the one invoice with exactly this amount",
    "oldest": "the oldest invoices",
}


@dataclass(frozen=True)
class Said:
    """One clause for readers: its key, title and words ("" when nobody has written it)."""

    key: str
    title: str
    text: str


@dataclass(frozen=True)
class Change:
    """A clause that reads differently in a new version."""

    key: str
    title: str
    before: str
    after: str


def summary(clauses: Clauses, language: str = "en") -> list[Said]:
    """All clauses in order, in plain words, the engine's part first, then the written text.

    There are English words only; for any other `language` they are given too.
    """
    del language
    return [Said(key, title, _sentence(clauses, key)) for key, title in TITLES.items()]


def complete(clauses: Clauses) -> list[Problem]:
    """The clauses that are missing, each with what to write; empty = the policy is complete.

    Who owns and approved a version, and when it starts, is kept with the version and always there.
    """
    return [
        problem(
            f"The clause “{TITLES[key]}” is missing.",
            field=f"texts.{key}",
            rule="policy_complete",
            mend=_MENDS.get(key, "Write the clause."),
        )
        for key in TITLES
        if not _sentence(clauses, key)
    ]


def diff(old: Clauses, new: Clauses) -> list[Change]:
    """What a reader of the old version must learn, clause by clause; empty = the same policy."""
    before, after = summary(old), summary(new)
    return [
        Change(was.key, was.title, was.text, now.text)
        for was, now in zip(before, after, strict=True)
        if was.text != now.text
    ]


def readability(text: str) -> Decimal | None:
    """Flesch reading ease of English text, 0 (hard) to 100 (easy); 60 is plain. None without words."""
    words = re.findall(r"[A-Za-z]+(?:['’][A-Za-z]+)?", text)
    if not words:
        return None
    sentences = max(1, len(re.findall(r"[.!?;:]+(?:\s|$)", text)))
    syllables = sum(_syllables(word) for word in words)
    score = (
        Fraction("206.835")
        - Fraction("1.015") * len(words) / sentences
        - Fraction("84.6") * syllables / len(words)
    )
    return round_to(min(max(score, Fraction(0)), Fraction(100)), Decimal("0.1"))


def _syllables(word: str) -> int:
    groups = len(re.findall(r"[aeiouy]+", word.lower()))
    silent = word.lower().endswith("e") and not word.lower().endswith("le") and groups > 1
    return max(1, groups - silent)


def terms_in_words(terms: Terms | str) -> str:
    """Payment terms as a phrase: 'CUT12 +1M DAY20' is 'after day 12 from the 1st of the next month, 1 month
    later, on day 20'."""
    parsed = parse_terms(terms) if isinstance(terms, str) else terms
    if str(parsed) == "NET 0":
        return "on the invoice date"
    phrases = [_step_in_words(step.kind, step.numbers) for step in parsed.steps]
    return ", then ".join(phrases) + _ADJUSTED[parsed.adjustment]


_ADJUSTED = {
    "": "",
    "F": "; on a day off, the next working day",
    "MF": "; on a day off, the nearest working day of that month",
    "P": "; on a day off, the working day before",
}


def _step_in_words(kind: str, numbers: tuple[int, ...]) -> str:
    count = numbers[0] if numbers else 0
    plural = "" if count == 1 else "s"
    listed = " or ".join(str(number) for number in numbers)
    return {
        "NET": f"{count} day{plural} later",
        "D": f"{count} day{plural} later",
        "M": f"{count} month{plural} later",
        "BD": f"{count} working day{plural} later",
        "EOM": "the end of that month",
        "DAY": f"day {count} of that month",
        "NEXT": f"the next day {listed} of a month",
        "CUT": f"after day {count}: from the 1st of the next month",
    }[kind]


def _sentence(clauses: Clauses, key: str) -> str:
    engine = _SENTENCES[key](clauses) if key in _SENTENCES else ""
    return " ".join(part for part in (engine, clauses.texts.get(key, "").strip()) if part)


def _currency(clauses: Clauses) -> str:
    return f"Fees and limits are in {clauses.currency}; invoices name their own currency."


def _due_date(clauses: Clauses) -> str:
    if not clauses.instalments:
        return f"Counted from the invoice date, payment is due: {terms_in_words(clauses.terms)}."
    parts = "; ".join(f"{part.pct:f} % {terms_in_words(part.terms)}" for part in clauses.instalments)
    return f"Counted from the invoice date, you pay in parts: {parts}."


def _methods(clauses: Clauses) -> str:
    names = _listed([_METHOD_NAMES.get(name, name) for name in clauses.methods])
    return f"You can pay by {names}. We never announce new bank details by e-mail alone." if names else ""


def _early_discount(clauses: Clauses) -> str:
    offer = clauses.early_discount
    if offer is None:
        return "There is no discount for early payment."
    return f"Pay within {offer.days} days of the invoice date and take {offer.pct:f} % off."


def _late_interest(clauses: Clauses) -> str:
    interest = clauses.late_interest
    if interest is None:
        return "We charge no interest on late payment."
    source = REGIMES[interest.regime].source
    if interest.regime == "contract":
        rate = f"{interest.margin:f} % a year"
    elif interest.regime == "MSMED":
        rate = "three times the bank rate, compounded every month,"
    else:
        rate = f"the reference rate plus {interest.margin:f} points a year"
    fixed = {
        "": "",
        "EU": " We add a fixed sum of 40 EUR for each late payment.",
        "UK": " We add a fixed sum of 40, 70 or 100 GBP, by the size of the debt.",
    }[interest.fixed_sum]
    days = f" Interest counts {interest.basis} days a year." if interest.basis != 365 else ""
    return f"From the day after the due date we may charge {rate} ({source}).{fixed}{days}"


def _part_payment(clauses: Clauses) -> str:
    order = [_ORDER_NAMES.get(name, name) for name in clauses.allocation_order]
    return f"A payment settles, in this order: {', then '.join(order)}." if order else ""


def _disputes(clauses: Clauses) -> str:
    return (
        f"Tell us within {clauses.dispute_window_days} days what is wrong with an invoice. "
        "What is not in dispute stays due."
    )


def _reminders(clauses: Clauses) -> str:
    steps = []
    for step in clauses.ladder:
        when = (
            "on the due date"
            if not step.day
            else f"{abs(step.day)} days {'before' if step.day < 0 else 'after'}"
        )
        fee = f", {charged}" if (charged := charges_in_words(step, clauses.currency)) else ""
        who = _listed([name.replace("_", " ") for name in step.recipients], "and")
        what = step.situation.replace("_", " ")
        steps.append(f"{when} ({what}, by {step.channel} to {who}, tone {step.tone}{fee})")
    return f"We write or call: {'; '.join(steps)}." if steps else ""


def charges_in_words(step: Step, currency: str) -> str:
    """What a step charges when it was sent; "" for nothing."""
    fee = (
        f"fee {step.fee:f} {currency}".strip()
        if step.fee
        else "fixed sum of the law"
        if step.statutory
        else ""
    )
    return " and ".join(filter(None, (fee, "late interest" if step.interest else "")))


def _write_off(clauses: Clauses) -> str:
    small = clauses.tolerance
    limits = [] if small.absolute is None else [f"{small.absolute:f} {clauses.currency}"]
    limits += [] if small.pct is None else [f"{small.pct:f} % of what is open"]
    text = f"We let go of a shortfall up to {_listed(limits, 'and')}." if limits else "We ask for every cent."
    over = " Small overpayments are not paid back." if small.absorb_over else " Overpayments stay yours."
    approved = "".join(
        f" {name.replace('_', ' ').capitalize()}: no approval up to {limit:f} {clauses.currency}."
        for name, limit in sorted(clauses.approval.items())
    )
    return text + over + approved


def _version(clauses: Clauses) -> str:
    return f"We announce changes {clauses.notice_days} days ahead. They never change invoices already issued."


_SENTENCES: Mapping[str, Callable[[Clauses], str]] = {
    "currency": _currency,
    "due_date": _due_date,
    "methods": _methods,
    "early_discount": _early_discount,
    "late_interest": _late_interest,
    "part_payment": _part_payment,
    "disputes": _disputes,
    "reminders": _reminders,
    "write_off": _write_off,
    "version": _version,
}
_MENDS = {
    "scope": "Say who this policy is for and what it covers.",
    "overpayment": "Say what happens with overpayments and credits, and by when you refund.",
    "suspension": "Say when service may be suspended, and how the customer is warned.",
    "payment_plans": "Say when payment in parts can be agreed, and with whom.",
    "tax": "Say which tax applies and which certificates you need.",
    "delivery": "Say how and to which address invoices are sent.",
    "data_protection": "Say what data is kept, why and how long.",
    "contacts": "Name whom to ask about invoices and about disputes.",
    "law": "Name the law that governs this policy and the place of the courts.",
    "reminders": "Add reminder steps.",
    "part_payment": "Choose the order in which payments are used.",
    "methods": "Choose at least one way to pay.",
}


def _listed(names: list[str], joint: str = "or") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {joint} {names[-1]}" if names else ""
