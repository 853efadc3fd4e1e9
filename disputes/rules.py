"""States, reasons, clocks and levels of a dispute. Pure.

Escalation is a dimension of its own: what is being done about a dispute (its state) and who holds it (its
level) are two questions, so a breach raises the level and leaves the state.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from core.errors import Refused
from core.money import round_money

RAISED, ACKNOWLEDGED, INVESTIGATING = "raised", "acknowledged", "investigating"
WAITING, PROPOSED, RESOLVED, WITHDRAWN = "waiting_customer", "proposed", "resolved", "withdrawn"

NEXT: Mapping[str, frozenset[str]] = {
    RAISED: frozenset({ACKNOWLEDGED, WITHDRAWN}),
    ACKNOWLEDGED: frozenset({INVESTIGATING, WAITING, WITHDRAWN}),
    INVESTIGATING: frozenset({WAITING, PROPOSED, WITHDRAWN}),
    WAITING: frozenset({INVESTIGATING, WITHDRAWN}),
    PROPOSED: frozenset({INVESTIGATING, RESOLVED}),
    RESOLVED: frozenset({INVESTIGATING}),
    WITHDRAWN: frozenset({INVESTIGATING}),
}
"""State -> states that may follow. Pages, API, tasks and the customer's page all ask this table."""
OVER = frozenset({RESOLVED, WITHDRAWN})
_WORDS = {
    RAISED: "not acknowledged yet",
    ACKNOWLEDGED: "acknowledged",
    INVESTIGATING: "being investigated",
    WAITING: "waiting for the customer",
    PROPOSED: "waiting for a decision on what is proposed",
    RESOLVED: "resolved",
    WITHDRAWN: "withdrawn",
}
_MENDS = {
    RAISED: "Acknowledge it first.",
    ACKNOWLEDGED: "Begin to investigate first.",
    INVESTIGATING: "Propose a resolution first.",
    WAITING: "Go on with it first.",
    PROPOSED: "Decide on the proposal first.",
    RESOLVED: "Reopen it first.",
    WITHDRAWN: "Reopen it first.",
}

REOPEN_WITHIN = timedelta(days=30)
UNANSWERED = "We asked and had no answer in ten working days."
"""The recap of what was closed because the customer did not answer."""
WAIT_DAYS = 10
TOP = 4
MOST_FILES = 5


class NotAllowedNow(Refused):
    """The dispute is in a state that does not allow this step."""


@dataclass(frozen=True)
class Reason:
    """Why a customer disputes: the usual root cause, whose work it is, and whom they ask."""

    name: str
    cause: str
    role: str
    consults: str


# Who takes what nobody of the reason's own role can.
_OTHERS = ("specialist", "lead", "controller", "director")

REASONS: Mapping[str, Reason] = {
    "PRC": Reason("Price differs from contract", "contract-data", "specialist", "Sales"),
    "QTY": Reason("Quantity differs", "logistics", "specialist", "Logistics"),
    "QLT": Reason("Quality or service", "delivery", "collector", "Delivery"),
    "NDL": Reason("Not delivered", "logistics", "specialist", "Logistics"),
    "DUP": Reason("Billed twice", "billing", "specialist", "Billing"),
    "TAX": Reason("Wrong tax or exemption", "tax", "controller", "Tax"),
    "PON": Reason("Order number missing or wrong", "order-number", "specialist", "Billing"),
    "ADR": Reason("Wrong company or address", "master-data", "specialist", "Master data"),
    "TRM": Reason("Payment terms", "terms", "collector", "Sales"),
    "DSC": Reason("Discount missing", "discount", "specialist", "Sales"),
    "CLC": Reason("Calculation", "calculation", "specialist", "Billing"),
    "UAP": Reason("Payment not applied", "cash-application", "cash_applier", "Cash application"),
    "DOC": Reason("Document missing", "attachment", "specialist", "Billing"),
    "CAN": Reason("Service cancelled", "cancelled-service", "collector", "Account manager"),
    "FRD": Reason("Fraud", "fraud", "controller", "Legal adviser"),
    "OTH": Reason("Other", "other", "specialist", "Team lead"),
}


def roles_for(reason: str) -> list[str]:
    """Whose work a dispute for this reason is: the reason's own role first, then the others in order."""
    return list(dict.fromkeys((REASONS[reason].role, *_OTHERS)))


LEGAL_REASON = "FRD"

# How payers name a reason beside a deduction, in the languages they write; the first that fits counts.
_SAID: Sequence[tuple[str, str]] = (
    ("NDL", "not (?:delivered|received)|nicht (?:geliefert|erhalten)|non livr|no (?:entregad|recibid)"),
    ("DUP", "duplicate|twice|doppelt|doublon|duplicad"),
    ("PRC", "price|preis|prix|precio|prijs|prezzo"),
    ("QTY", "quantit|short(?:age| delivery)|menge|fehlt|missing goods|cantidad"),
    ("QLT", "quality|damage|defect|scratch|broken|qualit|beschädig|mangel|mängel|défaut|dañad"),
    ("DSC", "discount|rebate|bonus|rabatt|remise|descuento"),
    ("TAX", "vat|tax|mwst|ust|tva|iva|steuer"),
    ("CAN", "cancel|gekündigt|storniert|résili"),
    ("DOC", "delivery note|time ?sheet|proof|lieferschein|nachweis"),
)
_DEDUCTS = re.compile(r"\b(?:less|minus|deduct\w*|short|abz[uü]g\w*|abzgl|kürzung|gekürzt|moins|menos)\b")


def reason_said(text: str, *, is_reason: bool = False) -> str:
    """The reason a payer gives for a deduction; "" for none we know.

    The text of a transfer must speak of a deduction; with `is_reason` it stands where a reason belongs.
    """
    words = text.casefold()
    if not is_reason and not _DEDUCTS.search(words):
        return ""
    found = (code for code, said in _SAID if re.search(rf"\b(?:{said})", words))
    return next(found, "")


CAUSES: Mapping[str, str] = {
    "contract-data": "Contract data wrong",
    "logistics": "Quantity or delivery",
    "delivery": "Quality of the service",
    "billing": "Billing error",
    "tax": "Tax or exemption wrong",
    "order-number": "Order number missing or wrong",
    "master-data": "Company or address wrong",
    "terms": "Terms not as agreed",
    "discount": "Discount missing",
    "calculation": "Calculation",
    "cash-application": "Payment not applied",
    "attachment": "Attachment missing",
    "cancelled-service": "Cancelled service billed",
    "fraud": "Fraud",
    "customer": "On the customer's side",
    "other": "Something else",
}
"""Where it went wrong: the list that feedback and audits share, as `feedback.Cause` begins with it."""
BILLING_CAUSES = frozenset(CAUSES) - {"logistics", "delivery", "fraud", "customer", "other"}
"""Those that count into the billing error rate."""

CREDIT, REBILL, REJECT = "credit_note", "rebill", "reject"
GOODWILL, WRITE_OFF, GIVEN_UP = "goodwill", "write_off_small", "withdrawn"
PROPOSABLE = (CREDIT, REBILL, REJECT, GOODWILL, WRITE_OFF)
UPHELD = frozenset({CREDIT, REBILL})
"""Outcomes that say the customer was right. Goodwill is no billing error."""

# What an upheld cause teaches: the requirement it proposes for the customer's next invoices, by reason.
PREVENTS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "PON": ("po_required", {}),
    "DOC": ("attachment_required", {"kinds": ["delivery_note"]}),
    "ADR": ("cost_centre", {}),
    "CAN": ("contract_number", {}),
    "PRC": ("contract_number", {}),
}

# --------------------------------------------------------------------------------------------- clocks
ACKNOWLEDGE, ANSWER, RESOLVE = "acknowledge", "answer", "resolve"
STANDARD, LARGE, LEGAL = "standard", "large", "legal"
_RESOLVE_MINUTES = {STANDARD: 40 * 60, LARGE: 16 * 60, LEGAL: 80 * 60}


@dataclass(frozen=True)
class Limits:
    """Amounts in functional currency: above `large` the clock is short, from `legal` on a legal adviser is
    consulted before it is written off or goes to court; `goodwill` is the budget of a quarter, `small` the
    most that is written off as small. `disputes_short_payments`: a rest that a payer deducted for a reason we
    know is disputed without asking."""

    large: Decimal = Decimal(10_000)
    legal: Decimal = Decimal(25_000)
    goodwill: Decimal = Decimal(2_000)
    small: Decimal = Decimal(50)
    disputes_short_payments: bool = True


def track_of(reason: str, amount_functional: Decimal, limits: Limits) -> str:
    """Which clock a dispute runs on: fraud is a legal matter, large amounts are answered sooner."""
    if reason == LEGAL_REASON:
        return LEGAL
    return LARGE if amount_functional > limits.large else STANDARD


def clocks_of(track: str, *, is_reopened: bool = False) -> dict[str, int]:
    """The clocks of a dispute in business minutes. A reopened one was acknowledged before."""
    found = {} if is_reopened else {ACKNOWLEDGE: 4 * 60}
    return found | {ANSWER: 16 * 60, RESOLVE: _RESOLVE_MINUTES[track]}


def warn_after(minutes: int) -> int:
    """When the owner is warned: after 75 % of the time."""
    return minutes * 3 // 4


# --------------------------------------------------------------------------------------------- states
def check_next(state: str, wanted: str) -> None:
    """Refuse a step the table does not have."""
    if wanted not in NEXT[state]:
        raise NotAllowedNow(
            f"The dispute is {_WORDS[state]}; it cannot become {_WORDS[wanted]}.",
            field="state",
            rule="dispute_states_follow_in_order",
            mend=_MENDS[state],
        )


def may_reopen(*, closed_at: datetime | None, was_reopened: bool, now: datetime) -> bool:
    """Whether the customer may say "not solved": once, within 30 days of the answer."""
    return closed_at is not None and not was_reopened and now <= closed_at + REOPEN_WITHIN


# --------------------------------------------------------------------------------------------- levels
FROM_RAISED, FROM_BREACH = "raised", "breach"


@dataclass(frozen=True)
class Step:
    """One line of the escalation matrix: to which level, whose, so many business hours after what, for whom.

    Empty `reasons`, no `segment` and `at_least` 0 mean every dispute.
    """

    level: int
    role: str
    counted_from: str
    hours: int
    at_least: Decimal = Decimal(0)
    reasons: frozenset[str] = frozenset()
    segment: int | None = None
    entity: int | None = None


@dataclass(frozen=True)
class Standing:
    """What the matrix asks of a dispute. Amount in functional currency."""

    level: int
    amount: Decimal
    reason: str
    segment: int | None
    entity: int
    is_breached: bool


def steps_for(standing: Standing, steps: Iterable[Step]) -> list[Step]:
    """The steps still ahead of a dispute as it stands, in the order of the matrix."""
    return [step for step in steps if _fits(step, standing)]


def _fits(step: Step, standing: Standing) -> bool:
    return (
        step.level > standing.level
        and standing.amount >= step.at_least
        and (not step.reasons or standing.reason in step.reasons)
        and step.segment in (None, standing.segment)
        and step.entity in (None, standing.entity)
        and (step.counted_from == FROM_RAISED or standing.is_breached)
    )


def soonest(dated: Sequence[tuple[datetime, Step]]) -> tuple[datetime, Step] | None:
    """The step that comes first; of several at one moment the lowest level, so that none is jumped over."""
    return min(dated, key=lambda one: (one[0], one[1].level), default=None)


# -------------------------------------------------------------------------------------------- amounts
def gross_of(net: Decimal, rate: Decimal, currency: str) -> Decimal:
    """What a line costs with its tax, rounded once."""
    return net + round_money(Fraction(net) * Fraction(rate) / 100, currency)


def split_tax(gross: Decimal, rate: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    """(net, tax) in a gross amount at a rate in percent."""
    net = round_money(Fraction(gross) * 100 / (100 + Fraction(rate)), currency)
    return net, gross - net
