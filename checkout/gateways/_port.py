"""The shapes of the port. A gateway acts at most once for each `handle`, however often it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from core.errors import Refused


class NoAnswer(Exception):
    """The gateway was asked and what it did is not known: it may have acted. Never taken as a no."""


class Declined(Refused):
    """The gateway said no; it did nothing."""


@dataclass(frozen=True)
class Order:
    """What the customer is asked to pay, and where the hosted page sends them afterwards."""

    handle: str
    amount: Decimal
    currency: str
    label: str
    email: str
    language: str
    back_to: str
    until: datetime


@dataclass(frozen=True)
class Page:
    """The hosted page of one order."""

    gateway_id: str
    url: str


@dataclass(frozen=True)
class Outcome:
    """What became of an order: a state of `checkout.rules.RANK`, and of a paid one what came of it."""

    state: str
    gateway_id: str = ""
    intent_id: str = ""
    amount: Decimal | None = None
    currency: str = ""
    paid_at: datetime | None = None
    fee: Decimal | None = None
    fee_currency: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Disputed:
    """What a cardholder's bank took back: `taken` is what is gone now, 0 before or once it is given back."""

    gateway_id: str
    intent_id: str
    amount: Decimal
    currency: str
    state: str
    reason: str
    taken: Decimal
    given_back: bool


@dataclass(frozen=True)
class Repaid:
    """What became of money we gave back: pending, done or failed."""

    gateway_id: str
    state: str
    reason: str = ""


@dataclass(frozen=True)
class Knock:
    """An event: it says that something happened to an object. What it is now, the gateway is asked."""

    event_id: str
    kind: str
    about: str
    made_at: datetime


class Gateway(Protocol):
    """One company's gateway. Every method may raise `NoAnswer`; those that act may raise `Declined`."""

    def open_page(self, order: Order) -> Page:
        """Make the hosted page of an order; the same handle again is the same page."""

    def outcome(self, gateway_id: str) -> Outcome:
        """What became of the order."""

    def close_page(self, gateway_id: str) -> Outcome:
        """Let nobody pay it any more, unless somebody has; what became of it."""

    def repay(self, handle: str, intent_id: str, amount: Decimal, currency: str) -> Repaid:
        """Give money back to the card it came from; the same handle again is the same repayment."""

    def repayment(self, gateway_id: str) -> Repaid:
        """What became of a repayment."""

    def dispute(self, gateway_id: str) -> Disputed:
        """How a dispute stands."""

    def read_event(self, body: bytes, signature: str, *, now: datetime) -> Knock:
        """The event these bytes are; `BadSignature` unless the gateway signed them lately."""
