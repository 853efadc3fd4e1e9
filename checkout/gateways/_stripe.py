"""Stripe: Checkout Sessions in payment mode, by the official library. Cards are typed on its page only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import stripe

from checkout.config import Config
from checkout.gateways._port import Declined, Disputed, Knock, NoAnswer, Order, Outcome, Page, Repaid
from checkout.rules import BadSignature, check_signature, from_minor, to_minor

Answer = TypeVar("Answer")
# The page speaks these; others get what their browser asks for.
_LOCALES = {"en": "en", "de": "de", "fr": "fr", "es": "es"}
_EXPAND = ["payment_intent.latest_charge.balance_transaction"]
_REFUND_STATES = {"succeeded": "done", "failed": "failed", "canceled": "failed"}
_NO_EVENT = "The event is not what an event looks like."


class _OnlyTo(requests.Session):
    """Speaks with one host: no proxy of the environment, no redirect, no other address."""

    def __init__(self, api: str) -> None:
        super().__init__()
        self.trust_env = False
        self._allowed = urlsplit(api)[:2]

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        if urlsplit(str(url))[:2] != self._allowed:
            raise requests.exceptions.InvalidURL("Only the gateway is asked.")
        return super().request(method, url, *args, **(options | {"allow_redirects": False}))


class StripeGateway:
    """The port over Stripe's API. A handle is the Idempotency-Key of the call that acts for it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._client = stripe.StripeClient(
            config.key,
            base_addresses={"api": config.api},
            # Repeating is ours: with the same key, by the janitor, until the answer is known.
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=config.timeout, session=_OnlyTo(config.api)),
        ).v1

    def open_page(self, order: Order) -> Page:
        amount = to_minor(order.amount, order.currency)
        params: dict[str, Any] = {
            "mode": "payment",
            "client_reference_id": order.handle,
            "success_url": order.back_to,
            "cancel_url": order.back_to,
            "expires_at": int(order.until.timestamp()),
            "locale": _LOCALES.get(order.language, "auto"),
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": order.currency.lower(),
                        "unit_amount": amount,
                        "product_data": {"name": order.label},
                    },
                }
            ],
            "payment_intent_data": {"description": order.label, "metadata": {"handle": order.handle}},
        }
        if order.email:
            params["customer_email"] = order.email
        made = self._ask(
            lambda: self._client.checkout.sessions.create(
                params,  # type: ignore[arg-type]  # the library's own dict type
                {"idempotency_key": f"page-{order.handle}"},
            )
        )
        return Page(made.id, str(made.url or ""))

    def outcome(self, gateway_id: str) -> Outcome:
        return _outcome(
            self._ask(lambda: self._client.checkout.sessions.retrieve(gateway_id, {"expand": _EXPAND}))
        )

    def close_page(self, gateway_id: str) -> Outcome:
        # A no means that it was paid or had ended; the outcome says which.
        with suppress(Declined):
            self._ask(lambda: self._client.checkout.sessions.expire(gateway_id))
        return self.outcome(gateway_id)

    def repay(self, handle: str, intent_id: str, amount: Decimal, currency: str) -> Repaid:
        minor = to_minor(amount, currency)
        made = self._ask(
            lambda: self._client.refunds.create(
                {"payment_intent": intent_id, "amount": minor, "metadata": {"handle": handle}},
                {"idempotency_key": f"repay-{handle}"},
            )
        )
        return _repaid(made)

    def repayment(self, gateway_id: str) -> Repaid:
        return _repaid(self._ask(lambda: self._client.refunds.retrieve(gateway_id)))

    def dispute(self, gateway_id: str) -> Disputed:
        found = self._ask(lambda: self._client.disputes.retrieve(gateway_id))
        currency = str(found.currency).upper()
        moves = [int(one.amount) for one in found.balance_transactions]
        return Disputed(
            gateway_id=found.id,
            intent_id=_id(found.payment_intent),
            amount=from_minor(int(found.amount), currency),
            currency=currency,
            state=str(found.status),
            reason=str(found.reason),
            taken=from_minor(int(found.amount), currency) if sum(moves) < 0 else Decimal(0),
            given_back=any(one < 0 for one in moves) and sum(moves) >= 0,
        )

    def read_event(self, body: bytes, signature: str, *, now: datetime) -> Knock:
        check_signature(body, signature, self._config.webhook_secrets, now=now)
        try:
            event = json.loads(body)
            about = event["data"]["object"]
            return Knock(
                event_id=str(event["id"])[:255],
                kind=str(event["type"])[:80],
                about=str(about["id"])[:255],
                made_at=datetime.fromtimestamp(int(event["created"]), UTC),
            )
        except (ValueError, KeyError, TypeError, OverflowError) as fault:
            raise BadSignature(_NO_EVENT, rule="an_event_is_readable", mend="Send an event.") from fault

    def _ask(self, call: Callable[[], Answer]) -> Answer:
        """Its answer; a no is `Declined`, and everything after which it may have acted is `NoAnswer`."""
        try:
            return call()
        except (stripe.InvalidRequestError, stripe.CardError, stripe.AuthenticationError) as no:
            if no.http_status == 409 or (no.http_status or 0) >= 500:
                raise NoAnswer(_told(no)) from no
            raise Declined(
                f"The gateway refused: {_told(no)}",
                rule="the_gateway_agrees",
                mend="Look at the gateway's dashboard, and at the keys of this company.",
            ) from no
        except stripe.PermissionError as no:
            raise Declined(f"The gateway refused: {_told(no)}", rule="the_gateway_agrees") from no
        except (stripe.StripeError, requests.RequestException) as fault:
            # Also a conflict of idempotency keys, a rate limit, a 5xx: the first call may still be at work.
            raise NoAnswer(_told(fault)) from fault


def _told(fault: Exception) -> str:
    """Why, fit for a page and a log: the library masks keys, the rest is cut."""
    code = getattr(fault, "code", None) or type(fault).__name__
    status = getattr(fault, "http_status", None)
    return f"{code} ({status})" if status else str(code)


def _outcome(session: Any) -> Outcome:
    intent = session.payment_intent
    intent_id, charge = _id(intent), getattr(intent, "latest_charge", None)
    currency = str(session.currency or "").upper()
    base: dict[str, Any] = {"gateway_id": session.id, "intent_id": intent_id, "currency": currency}
    if session.payment_status in ("paid", "no_payment_required"):
        return Outcome(
            "paid",
            **base,
            amount=from_minor(int(session.amount_total), currency),
            paid_at=_moment(charge),
            **_fee(charge),
        )
    if session.status == "complete":
        # A bank debit on its way; one that failed says so at its payment.
        failed = getattr(intent, "status", "") in ("requires_payment_method", "canceled")
        return Outcome("failed" if failed else "processing", **base, reason="The bank declined it.")
    return Outcome("expired" if session.status == "expired" else "open", **base)


def _fee(charge: Any) -> Mapping[str, Any]:
    """What the gateway keeps, once it says it; the charge of another currency is settled in ours."""
    moved = getattr(charge, "balance_transaction", None)
    if moved is None or isinstance(moved, str):
        return {}
    currency = str(moved.currency).upper()
    return {"fee": from_minor(int(moved.fee), currency), "fee_currency": currency}


def _moment(charge: Any) -> datetime | None:
    made = getattr(charge, "created", None)
    return datetime.fromtimestamp(int(made), UTC) if made else None


def _repaid(refund: Any) -> Repaid:
    reason = getattr(refund, "failure_reason", None) or ""
    return Repaid(refund.id, _REFUND_STATES.get(str(refund.status), "pending"), str(reason))


def _id(thing: Any) -> str:
    """An object or its id: the API answers with either."""
    return str(thing if isinstance(thing, str) else getattr(thing, "id", "") or "")
