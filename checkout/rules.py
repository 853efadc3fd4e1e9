"""What a gateway's words mean: amounts in minor units, signatures of its events, the order of states."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from core.errors import DomainError, Invalid
from core.money import exponent, plain

TOLERANCE = timedelta(minutes=5)
"""So far an event's time may lie from ours; an older one is somebody sending a caught one again."""

# How far a payment has come. A state is only ever followed by one of a higher rank; what is paid stays paid.
RANK = {"unknown": 0, "open": 1, "processing": 2, "failed": 3, "expired": 3, "paid": 4}
LIVE = ("unknown", "open", "processing")

# Where the API of Stripe does not go by ISO 4217: (digits it takes, what an amount must be a multiple of).
_STRIPE_DIGITS = {"ISK": 2, "UGX": 2, "MGA": 0}
_WHOLE = {"ISK", "UGX", "MGA"}
# It takes three digits of these and wants the last to be 0.
_TENS = {"BHD", "JOD", "KWD", "OMR", "TND"}


class BadSignature(DomainError):
    """The event was not signed by the gateway, not lately, or its bytes were changed on the way."""

    status = 400


def follows(state: str, now: str) -> bool:
    """Whether a payment in `state` can become `now`; the same or an earlier state changes nothing."""
    return RANK[now] > RANK[state]


def to_minor(amount: Decimal, currency: str) -> int:
    """The whole number the gateway is sent: 12.34 EUR is 1234, 500 JPY is 500, 1.230 KWD is 1230."""
    digits = _STRIPE_DIGITS.get(currency, exponent(currency))
    minor = amount.scaleb(digits)
    step = 100 if currency in _WHOLE and digits else 10 if currency in _TENS else 1
    if minor != minor.to_integral_value() or minor % step:
        raise Invalid(
            f"{plain(amount, currency)} {currency} cannot be charged exactly: cards know no such small part.",
            field="amount",
            rule="a_card_is_charged_exactly",
            mend="It is paid by bank transfer.",
        )
    return int(minor)


def from_minor(minor: int, currency: str) -> Decimal:
    """The amount a whole number of the gateway stands for, with the digits of the currency."""
    digits = _STRIPE_DIGITS.get(currency, exponent(currency))
    return Decimal(minor).scaleb(-digits).quantize(Decimal(1).scaleb(-exponent(currency)))


def signature(body: bytes, secret: str, at: int) -> str:
    """What the gateway puts beside an event sent at that second."""
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def check_signature(body: bytes, header: str, secrets: Sequence[str], *, now: datetime) -> None:
    """Refuse an event unless one of `secrets` signed exactly these bytes within the tolerance.

    Two secrets hold while one is exchanged for the other. Every pair is compared in constant time, and all of
    them, so that the time of the answer says nothing of which was nearly right.
    """
    parts = [part.strip().partition("=") for part in header.split(",")]
    given = [value for name, _, value in parts if name == "v1"]
    moments = [value for name, _, value in parts if name == "t"]
    at = int(moments[0]) if len(moments) == 1 and moments[0].isascii() and moments[0].isdigit() else None
    matches = False
    if at is not None:
        for secret in filter(None, secrets):
            expected = signature(body, secret, at).encode()
            for one in given:
                matches |= hmac.compare_digest(expected, one.encode())
    if at is None or not matches:
        raise BadSignature(
            "The event is not signed by the gateway.",
            rule="an_event_is_signed",
            mend="Send the bytes as they came, with the secret of this address.",
        )
    if abs(now.timestamp() - at) > TOLERANCE.total_seconds():
        raise BadSignature(
            "The event was signed too long ago, or in the future.",
            rule="an_event_is_fresh",
            mend="Send it again from the gateway; check the clock of this machine.",
        )
