"""The clauses of a payment policy as data: what the engine executes, and the text of what it cannot.

JSON has the same names; amounts and percentages are decimal strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

# The clauses a complete policy has, in the order people read them.
TITLES: Mapping[str, str] = {
    "scope": "Scope and parties",
    "currency": "Currency",
    "due_date": "Due date and how it is computed",
    "methods": "Ways to pay and how bank details change",
    "early_discount": "Early payment discount",
    "late_interest": "Late interest and fixed sum",
    "part_payment": "Part payments and what they settle first",
    "overpayment": "Overpayments, credits and refunds",
    "disputes": "Disputes",
    "reminders": "Reminders and escalation",
    "suspension": "Suspension of service",
    "payment_plans": "Payment plans",
    "write_off": "Small differences and approval",
    "tax": "Tax and certificates",
    "delivery": "How invoices are delivered",
    "data_protection": "Data protection",
    "contacts": "Contacts",
    "law": "Governing law",
    "version": "Version, notice and changes",
}
METHODS = ("bank_transfer", "direct_debit", "card", "upi", "cheque", "cash")
ORDERS = ("remittance", "reference", "exact_amount", "oldest")
CHANNELS = ("email", "phone", "post", "task")
RECIPIENTS = ("billing", "second_contact", "executive", "collector", "team_lead", "controller")
TONES = range(1, 6)
STATUTORY = "statutory"
"""A step's fee is the fixed sum of the law."""


@dataclass(frozen=True)
class Regime:
    """A legal regime of late interest: least margin in points, how the rate moves, fixed sum, source."""

    least_margin: Decimal
    rate_mode: str
    fixed_sum: str
    source: str


REGIMES: Mapping[str, Regime] = {
    "EU": Regime(Decimal(8), "floating", "EU", "Directive 2011/7/EU"),
    "DE": Regime(Decimal(9), "floating", "EU", "§ 288 BGB"),
    "UK": Regime(Decimal(8), "fixed", "UK", "Late Payment of Commercial Debts (Interest) Act 1998"),
    "MSMED": Regime(Decimal(0), "monthly", "", "MSMED Act 2006 s. 15-16"),
    "contract": Regime(Decimal(0), "contract", "", "agreement"),
}


@dataclass(frozen=True)
class Part:
    """An instalment: percent of the total, and its own payment terms."""

    pct: Decimal
    terms: str


@dataclass(frozen=True)
class Offer:
    """An early payment discount: `pct` percent when paid within `days` of the invoice date."""

    pct: Decimal
    days: int


@dataclass(frozen=True)
class Interest:
    """Late interest: a key of REGIMES, `margin` in points above the reference rate (for "contract" the yearly
    rate itself), `fixed_sum` "", "EU" or "UK", days per year."""

    regime: str
    margin: Decimal
    fixed_sum: str = ""
    basis: int = 365


@dataclass(frozen=True)
class Step:
    """A reminder step: `day` from the due date (negative = before), `tone` 1 (courtesy) to 5 (final), and the
    situation a message template is chosen for. `fee` is charged when it was sent, in the policy's currency;
    `statutory`: the fixed sum of the law instead; `interest`: also late interest up to its day."""

    day: int
    tone: int
    channel: str
    situation: str
    recipients: tuple[str, ...] = ("billing",)
    fee: Decimal = Decimal(0)
    statutory: bool = False
    interest: bool = False

    @property
    def charges(self) -> bool:
        """Whether the customer pays for it."""
        return bool(self.fee or self.statutory or self.interest)


@dataclass(frozen=True)
class Tolerance:
    """Small differences: the smaller of `absolute` (policy's currency) and `pct` percent of what is open.

    None: that limit is not set; both None: no tolerance.
    """

    absolute: Decimal | None = None
    pct: Decimal | None = None
    absorb_over: bool = False


@dataclass(frozen=True)
class Clauses:
    """A payment policy. `approval` holds the amounts per kind of document that need nobody; `texts` the prose
    of clauses by their key in TITLES."""

    terms: str = "NET 30"
    instalments: tuple[Part, ...] = ()
    early_discount: Offer | None = None
    late_interest: Interest | None = None
    ladder: tuple[Step, ...] = ()
    allocation_order: tuple[str, ...] = ("remittance", "reference", "exact_amount", "oldest")
    tolerance: Tolerance = Tolerance()
    dispute_window_days: int = 15
    methods: tuple[str, ...] = ("bank_transfer",)
    approval: Mapping[str, Decimal] = field(default_factory=dict)
    notice_days: int = 30
    currency: str = "EUR"
    texts: Mapping[str, str] = field(default_factory=dict)


DEFAULT_LADDER = (
    Step(-5, 1, "email", "before_due"),
    Step(0, 1, "email", "due_today"),
    Step(3, 2, "email", "reminder"),
    Step(10, 3, "email", "firm_reminder", ("billing", "second_contact")),
    Step(20, 3, "task", "call", ("collector",)),
    Step(30, 4, "email", "formal_notice", ("billing", "second_contact", "executive")),
    Step(45, 5, "email", "final_demand", ("billing", "executive")),
    Step(60, 5, "task", "decide", ("controller",)),
)


def to_json(clauses: Clauses) -> dict[str, Any]:
    """The clauses as stored: only strings, numbers, lists and objects; `from_json` gives them back equal."""
    offer, interest = clauses.early_discount, clauses.late_interest
    return {
        "terms": clauses.terms,
        "instalments": [{"pct": str(part.pct), "terms": part.terms} for part in clauses.instalments],
        "early_discount": None if offer is None else {"pct": str(offer.pct), "days": offer.days},
        "late_interest": None
        if interest is None
        else {
            "regime": interest.regime,
            "margin": str(interest.margin),
            "fixed_sum": interest.fixed_sum,
            "basis": interest.basis,
        },
        "ladder": [
            {
                "day": step.day,
                "tone": step.tone,
                "channel": step.channel,
                "situation": step.situation,
                "recipients": list(step.recipients),
                "fee": STATUTORY if step.statutory else str(step.fee),
                # Only where it is charged: versions stored before it was known keep their hash.
                **({"interest": True} if step.interest else {}),
            }
            for step in clauses.ladder
        ],
        "allocation_order": list(clauses.allocation_order),
        "tolerance": {
            "absolute": _optional(clauses.tolerance.absolute),
            "pct": _optional(clauses.tolerance.pct),
            "absorb_over": clauses.tolerance.absorb_over,
        },
        "dispute_window_days": clauses.dispute_window_days,
        "methods": list(clauses.methods),
        "approval": {name: str(limit) for name, limit in sorted(clauses.approval.items())},
        "notice_days": clauses.notice_days,
        "currency": clauses.currency,
        "texts": {key: clauses.texts[key] for key in TITLES if clauses.texts.get(key)},
    }


def _optional(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
